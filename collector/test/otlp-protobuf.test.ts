import { fromBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Attributes } from "../src/flow.ts";
import { decodeJson } from "../src/otlp/json.ts";
import { decodeProtobuf } from "../src/otlp/protobuf.ts";
import { MalformedError } from "../src/otlp/raw-span.ts";
import { describeOtlpDoor } from "./otlp.contract.ts";
import { PROTOBUF } from "./otlp-encodings.ts";
import { describeOtlpHttp, httpDoor } from "./otlp-http.contract.ts";
import {
  aSpan,
  ExportTraceServiceRequestSchema,
  jsonBody,
  protobufBody,
  type ShortSpan,
} from "./otlp-support.ts";

const whole = protobufBody([aSpan()]);

describeOtlpDoor(httpDoor(PROTOBUF));
describeOtlpHttp(PROTOBUF);

/** Fields that nobody reads, of every wire type, with a group around a group. */
const UNKNOWN = Buffer.from([
  0xf8, 0x07, 0x01, 0xf9, 0x07, 1, 2, 3, 4, 5, 6, 7, 8, 0xfa, 0x07, 0x02, 9, 9, 0xfd, 0x07, 1, 2, 3, 4, 0xfb,
  0x07, 0xfb, 0x07, 0xf8, 0x07, 0x01, 0xfc, 0x07, 0xfc, 0x07,
]);

test("unknown fields are stepped over", () => {
  expect(decodeProtobuf(Buffer.concat([UNKNOWN, whole, UNKNOWN]))).toEqual(decodeProtobuf(whole));
});

test("a resource that comes after its spans is theirs all the same", () => {
  const resourceSpans = (...fields: Buffer[]) => field(1, Buffer.concat(fields));
  const request = fromBinary(ExportTraceServiceRequestSchema, whole);
  expect(request.resourceSpans).toHaveLength(1);
  const inner = whole.subarray(whole.length - lengthOf(whole));
  const resourceLength = 2 + (inner[1] as number);
  const swapped = resourceSpans(inner.subarray(resourceLength), inner.subarray(0, resourceLength));
  expect(decodeProtobuf(swapped)).toEqual(decodeProtobuf(whole));
});

test("integers beyond what a number holds are text", () => {
  const intValue = (bytes: number[]) =>
    field(1, field(2, field(2, field(9, field(1, Buffer.from("n")), field(2, Buffer.from(bytes))))));
  const value = (bytes: number[]) => decodeProtobuf(intValue(bytes))[0]?.values[0];
  expect(value([0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])).toBe(-1);
  expect(value([0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])).toBe("9223372036854775807");
  expect(value([0x18, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01])).toBe(
    "-9223372036854775808",
  );
});

test("more values than a request may have are refused as they are read", () => {
  const attributes = (count: number) => field(1, field(2, field(2, Buffer.alloc(count * 2, "4a00", "hex"))));
  expect(() => decodeProtobuf(attributes(4_000_000))).toThrow("expected at most 4000000 values in a request");
  expect(decodeProtobuf(attributes(3_999_900))).toHaveLength(1);
});

function field(number: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const length: number[] = [];
  for (let rest = body.length; ; rest >>>= 7) {
    if (rest < 128) {
      length.push(rest);
      break;
    }
    length.push((rest & 127) | 128);
  }
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), body]);
}

/** Of the one field that the message is. */
function lengthOf(message: Buffer): number {
  return (message[1] as number) < 128 ? message.length - 2 : message.length - 3;
}

const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((array) => Buffer.from(array).toString("hex"));
const leaf = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
);
const attributes = fc.dictionary(
  fc.string({ unit: "grapheme" }),
  fc.oneof(leaf, fc.array(leaf), fc.dictionary(fc.string(), leaf)),
) as fc.Arbitrary<Attributes>;
const nanos = fc.bigInt({ min: 0n, max: 9_007_199_254_740_991_999n });
const span: fc.Arbitrary<ShortSpan> = fc.record({
  traceId: hex(16),
  spanId: hex(8),
  parentSpanId: fc.oneof(fc.constant(""), hex(8)),
  name: fc.string({ unit: "grapheme" }),
  start: nanos,
  end: nanos,
  attributes,
  events: fc.array(fc.record({ name: fc.constantFrom("exception", "other"), attributes })),
  status: fc.record({ code: fc.nat(2), message: fc.string() }),
});

test("the reader, the generated writer and JSON agree on any spans", () => {
  fc.assert(
    fc.property(fc.array(span), attributes, (spans, resource) => {
      expect(decodeProtobuf(protobufBody(spans, resource))).toEqual(decodeJson(jsonBody(spans, resource)));
    }),
    { numRuns: 200 },
  );
});

test("any bytes decode or are malformed: nothing else, and at once", () => {
  const mutated = fc
    .tuple(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length))
    .map(([at, byte, end]) => {
      const bytes = Buffer.from(whole);
      bytes[at] = byte;
      return bytes.subarray(0, end);
    });
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
    mutated,
  );
  fc.assert(
    fc.property(bytes, (body) => {
      try {
        decodeProtobuf(body);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }),
    { numRuns: 5_000 },
  );
});
