import { expect, test } from "vitest";
import type { Observation } from "../src/observation.ts";
import { decodeJson } from "../src/otlp/json.ts";
import { addObservations } from "../src/otlp/to-observations.ts";
import { describeOtlpDoor } from "./otlp.contract.ts";
import { JSON_TEXT } from "./otlp-encodings.ts";
import { describeOtlpHttp, httpDoor } from "./otlp-http.contract.ts";
import { aSpan, jsonBody, jsonSpan } from "./otlp-support.ts";

describeOtlpDoor(httpDoor(JSON_TEXT));
describeOtlpHttp(JSON_TEXT);

/** Observations of one span, with fields of its JSON changed. */
function observe(changed: Record<string, unknown>): Observation[] | string {
  const span = { ...jsonSpan(aSpan()), ...changed };
  const body = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }));
  const out: Observation[] = [];
  const outcome = addObservations(decodeJson(body)[0] as never, out);
  return typeof outcome === "string" ? out : outcome.reason;
}

test("ids in any case, times as text or number, enums as number or name, null as absent", () => {
  const plain = observe({});
  expect(observe({ traceId: "4BF92F3577B34DA6A3CE929D0E0E4736", spanId: "00F067AA0BA902B7" })).toEqual(plain);
  expect(observe({ startTimeUnixNano: 1_795_341_600_000_000_000 })).toEqual(plain);
  expect(observe({ events: null, status: null, links: null, parentSpanId: null })).toEqual(plain);
  const failed = observe({ status: { code: 2 } });
  expect(failed).not.toEqual(plain);
  expect(observe({ status: { code: "STATUS_CODE_ERROR" } })).toEqual(failed);
  expect(observe({ parentSpanId: "AAAAAAAAAAAAAAAA" })).toMatchObject([
    { parent: { spanId: "aaaaaaaaaaaaaaaa" } },
    {},
  ]);
});

test("64-bit values: exact where a number holds them, else as text", () => {
  const values = [
    [{ intValue: "9007199254740993" }, "9007199254740993"],
    [{ intValue: "-12" }, -12],
    [{ intValue: 12 }, 12],
    [{ doubleValue: "NaN" }, "NaN"],
    [{ doubleValue: "1.5" }, 1.5],
    [{ bytesValue: "AAE=" }, "AAE="],
    [{}, null],
    [null, null],
  ] as const;
  for (const [value, expected] of values) {
    const attributes = [...(jsonSpan(aSpan()).attributes as unknown[]), { key: "x", value }];
    expect(observe({ attributes })).toMatchObject([{ attributes: { x: expected } }, {}]);
  }
});

test.each([
  [{ attributes: 7 }, "malformed"],
  [{ attributes: [7] }, "malformed"],
  [{ attributes: [{ key: 7 }] }, "malformed"],
  [{ events: "x" }, "malformed"],
  [{ name: {} }, "malformed"],
  [{ traceId: "00000000000000000000000000000000" }, "bad-trace-id"],
  [{ traceId: "4bf9" }, "bad-trace-id"],
  [{ traceId: "4bf92f3577b34da6a3ce929d0e0e473g" }, "bad-trace-id"],
  [{ spanId: "0000000000000000" }, "bad-span-id"],
  [{ spanId: 7 }, "bad-span-id"],
  [{ startTimeUnixNano: "yesterday" }, "bad-time"],
  [{ startTimeUnixNano: "-5" }, "bad-time"],
  [{ startTimeUnixNano: "0" }, "bad-time"],
  [{ startTimeUnixNano: null }, "bad-time"],
  [{ startTimeUnixNano: "99999999999999999999" }, "bad-time"],
  [{ startTimeUnixNano: {} }, "bad-time"],
  [{ endTimeUnixNano: "x" }, "bad-time"],
])("a wrong shape within a span spoils that span: %j", (changed, reason) => {
  expect(observe(changed)).toBe(reason);
});

test("a span that is no object spoils only itself", () => {
  const body = { resourceSpans: [{ scopeSpans: [{ spans: [null, 7, [], jsonSpan(aSpan())] }] }] };
  const reasons = decodeJson(Buffer.from(JSON.stringify(body))).map(({ malformed }) => malformed);
  expect(reasons).toEqual([
    "expected an object, got null",
    "expected an object, got a number",
    "expected an object, got an array",
    null,
  ]);
});

test("lone surrogates become the replacement character", () => {
  const attributes = [
    ...(jsonSpan(aSpan()).attributes as unknown[]),
    { key: "k\ud800", value: { stringValue: "\udfff" } },
  ];
  expect(observe({ attributes, name: "n\ud800" })).toMatchObject([
    { name: "n\ufffd", attributes: { "k\ufffd": "\ufffd" } },
    {},
  ]);
});

test("values nested without end are cut, not followed", () => {
  let value = '{"stringValue":"x"}';
  for (let i = 0; i < 5_000; i++) value = `{"arrayValue":{"values":[${value}]}}`;
  const span = JSON.stringify(jsonSpan(aSpan())).replace(
    '"attributes":[',
    `"attributes":[{"key":"a","value":${value}},`,
  );
  const [raw] = decodeJson(Buffer.from(`{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`));
  expect(JSON.stringify(raw?.values[0])).toBe(`${"[".repeat(16)}"[too deep]"${"]".repeat(16)}`);
});

test("a byte order mark before the text is stepped over", () => {
  const body = jsonBody([aSpan()]);
  expect(decodeJson(Buffer.concat([Buffer.from("\ufeff"), body]))).toEqual(decodeJson(body));
});

test("more values than a request may have are refused before they are made", () => {
  const lists = (count: number) => Buffer.from(`{"unknown":[${"[],".repeat(count)}[]]}`);
  expect(() => decodeJson(lists(2_000_000))).toThrow("expected at most 4000000 values in a request");
  expect(decodeJson(lists(1_999_990))).toEqual([]);
});
