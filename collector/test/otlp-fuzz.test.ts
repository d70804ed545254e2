/** Whatever the body, the door answers 200, 400, 413 or 415: never a 5xx, and it goes on living. */
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { createGrpcDoor } from "../src/otlp/grpc.ts";
import { createApp } from "./created-app.ts";
import { createFakeStore } from "./fake-store.ts";
import { hostileJson, hostileProtobuf } from "./hostile.ts";
import { logTo } from "./log-to.ts";
import { aSpan, jsonSpan } from "./otlp-support.ts";
import { RawGrpc } from "./raw-grpc.ts";

const warnings: string[] = [];
const app = createApp({ store: createFakeStore(), log: logTo(warnings) });
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

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

test.each([
  ["JSON", json, hostileJson],
  ["protobuf", protobuf, hostileProtobuf],
] as const)("hostile messages over HTTP, %s", async (_name, type, hostile) => {
  await fc.assert(
    fc.asyncProperty(seeds, async (seed) => {
      const { body, encoding } = hostile(seed);
      const headers = { ...type, ...(encoding !== undefined && { "content-encoding": encoding }) };
      expect(answers).toContain(await statusOf(body, headers));
    }),
    { numRuns: 1_500 },
  );
});

/** OK, INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED; and INTERNAL where the library could not inflate. */
const grpcAnswers = [0, 3, 8, 12, 13];

test("hostile messages over gRPC", async () => {
  const door = createGrpcDoor(app.intake);
  const client = new RawGrpc(`http://127.0.0.1:${await door.listen("127.0.0.1:0")}`);
  await fc.assert(
    fc.asyncProperty(seeds, async (seed) => {
      const { body, encoding } = hostileProtobuf(seed);
      const { headers } = await client.call({ message: body, encoding });
      expect(grpcAnswers).toContain(Number(headers["grpc-status"]));
      if (headers["grpc-status"] === "13") {
        expect(headers["grpc-message"]).toBe("Failed%20to%20decompress%20message");
      }
    }),
    { numRuns: 1_500 },
  );
  client.close();
  await door.close();
});

test("nothing of it reached the log", () => {
  expect(warnings).toEqual([]);
});
