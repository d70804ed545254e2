/** Whatever the body, the door answers 200, 400, 413 or 415: never a 5xx, and it goes on living. */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { createApp } from "../src/app.ts";
import { createLog } from "../src/log.ts";
import { createFakeStore } from "./fake-store.ts";
import { aSpan, jsonSpan, protobufBody } from "./otlp-support.ts";

const warnings: string[] = [];
const log = createLog("warn", false, { write: (line) => void warnings.push(line) });
const app = createApp({ store: createFakeStore(), log });
afterAll(() => app.close());

async function statusOf(payload: Buffer, headers: Record<string, string>): Promise<number> {
  const response = await app.inject({ method: "POST", url: "/v1/traces", payload, headers });
  return response.statusCode;
}

const json = { "content-type": "application/json" };
const protobuf = { "content-type": "application/x-protobuf" };
const answers = [200, 400, 413, 415];

/** Anything where a field of a span is expected. */
const anything = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(null, "", "0", "-1", 0, 1e308, [], {}, "99999999999999999999999", "\ud800"),
);
const value = fc.record(
  {
    stringValue: fc.oneof(fc.string({ unit: "binary" }), anything),
    boolValue: anything,
    intValue: anything,
    doubleValue: anything,
    bytesValue: anything,
    arrayValue: fc.oneof(fc.record({ values: anything }), anything),
    kvlistValue: fc.oneof(fc.record({ values: anything }), anything),
  },
  { requiredKeys: [] },
);
const key = fc.oneof(
  fc.constantFrom(
    "weir.kind",
    "weir.flow.id",
    "weir.flow.name",
    "weir.tenant",
    "weir.status",
    "weir.step.attempt",
    "weir.label.__proto__",
    "__proto__",
    "constructor",
  ),
  fc.string(),
);
const attributes = fc.array(fc.record({ key, value: fc.oneof(value, anything) }), { maxLength: 5 });
const changes = fc.record(
  {
    traceId: anything,
    spanId: anything,
    parentSpanId: anything,
    name: anything,
    startTimeUnixNano: anything,
    endTimeUnixNano: anything,
    attributes: fc.oneof(
      anything,
      attributes.map((list) => [...(jsonSpan(aSpan()).attributes as unknown[]), ...list]),
    ),
    events: anything,
    status: anything,
  },
  { requiredKeys: [] },
);

test("any JSON", async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (body) => {
      expect(answers).toContain(await statusOf(Buffer.from(JSON.stringify(body)), json));
    }),
    { numRuns: 200 },
  );
});

test("almost valid JSON: always 200, the bad span rejected by itself", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(changes, { maxLength: 3 }), async (list) => {
      const spans = list.map((changed) => ({ ...jsonSpan(aSpan()), ...changed }));
      const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
      expect(await statusOf(Buffer.from(body), json)).toBe(200);
    }),
    { numRuns: 500 },
  );
});

test("any bytes, in any encoding", async () => {
  const bytes = fc.uint8Array({ maxLength: 500 }).map((array) => Buffer.from(array));
  const encoding = fc.constantFrom("identity", "gzip", "deflate", "zstd", "br", "");
  await fc.assert(
    fc.asyncProperty(
      bytes,
      encoding,
      fc.constantFrom(json, protobuf),
      async (body, contentEncoding, type) => {
        const headers = { ...type, "content-encoding": contentEncoding };
        expect(answers).toContain(await statusOf(body, headers));
      },
    ),
    { numRuns: 500 },
  );
});

test("valid messages with bytes changed, plain and inside gzip", async () => {
  const whole = protobufBody([aSpan({ attributes: { rows: 120, list: ["a", { b: 1 }] } })]);
  const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.boolean(), async (list, gzip) => {
      const body = Buffer.from(whole);
      for (const [at, byte] of list) body[at] = byte;
      const status = gzip
        ? await statusOf(gzipSync(body), { ...protobuf, "content-encoding": "gzip" })
        : await statusOf(body, protobuf);
      expect(answers).toContain(status);
    }),
    { numRuns: 500 },
  );
});

test("nothing of it reached the log", () => {
  expect(warnings).toEqual([]);
});
