/** Requests for the doors' tests: spans in short form, written in either encoding by the generated code. */
import { create, toBinary } from "@bufbuild/protobuf";
import type { Attributes, AttributeValue } from "../src/flow.ts";
import {
  type AnyValue,
  AnyValueSchema,
  ExportTraceServiceRequestSchema,
  ExportTraceServiceResponseSchema,
  type KeyValue,
  KeyValueSchema,
  RpcStatusSchema,
  SpanSchema,
} from "../src/otlp/gen/otlp_pb.js";

export { ExportTraceServiceRequestSchema, ExportTraceServiceResponseSchema, RpcStatusSchema };

export interface ShortSpan {
  traceId?: string;
  spanId?: string;
  parentSpanId?: string;
  name?: string;
  /** Nanoseconds. */
  start?: bigint;
  end?: bigint;
  attributes?: Attributes;
  events?: { name: string; attributes?: Attributes }[];
  status?: { code: number; message?: string };
}

export const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN_ID = "00f067aa0ba902b7";
/** 2026-11-22T10:00:00.000Z and 4.210 s later, with digits that a double would lose. */
const START_NANOS = 1_795_341_600_000_000_789n;
const END_NANOS = 1_795_341_604_210_000_123n;

export const IDENTITY = {
  "weir.flow.id": "order-17",
  "weir.flow.name": "data_import",
  "weir.tenant": "acme-corp",
};

export function aSpan(changed: ShortSpan = {}): Required<Omit<ShortSpan, "parentSpanId">> & ShortSpan {
  return {
    traceId: TRACE_ID,
    spanId: SPAN_ID,
    name: "validate",
    start: START_NANOS,
    end: END_NANOS,
    events: [],
    status: { code: 0 },
    ...changed,
    attributes: { "weir.kind": "step", ...IDENTITY, ...changed.attributes },
  };
}

const RESOURCE: Attributes = { "service.name": "import-api", "service.instance.id": "instance-1" };

export function protobufBody(spans: ShortSpan[], resource: Attributes = RESOURCE): Buffer {
  const message = create(ExportTraceServiceRequestSchema, {
    resourceSpans: [
      { resource: { attributes: pairs(resource) }, scopeSpans: [{ spans: spans.map(protobufSpan) }] },
    ],
  });
  return Buffer.from(toBinary(ExportTraceServiceRequestSchema, message));
}

function protobufSpan(span: ShortSpan) {
  return create(SpanSchema, {
    traceId: Buffer.from(span.traceId ?? "", "hex"),
    spanId: Buffer.from(span.spanId ?? "", "hex"),
    parentSpanId: Buffer.from(span.parentSpanId ?? "", "hex"),
    name: span.name ?? "",
    startTimeUnixNano: span.start ?? 0n,
    endTimeUnixNano: span.end ?? 0n,
    attributes: pairs(span.attributes ?? {}),
    events: (span.events ?? []).map(({ name, attributes = {} }) => ({ name, attributes: pairs(attributes) })),
    ...(span.status && { status: { code: span.status.code, message: span.status.message ?? "" } }),
  });
}

function pairs(attributes: Attributes): KeyValue[] {
  return Object.entries(attributes).map(([key, value]) =>
    create(KeyValueSchema, { key, value: anyValue(value) }),
  );
}

function anyValue(value: AttributeValue): AnyValue {
  return create(AnyValueSchema, { value: protobufValue(value) });
}

function protobufValue(value: AttributeValue): AnyValue["value"] {
  if (value === null) return { case: undefined };
  if (typeof value === "string") return { case: "stringValue", value };
  if (typeof value === "boolean") return { case: "boolValue", value };
  if (Number.isSafeInteger(value)) return { case: "intValue", value: BigInt(value as number) };
  if (typeof value === "number") return { case: "doubleValue", value };
  if (Array.isArray(value)) {
    const values = value.map(anyValue);
    return { case: "arrayValue", value: { $typeName: `${PACKAGE}.ArrayValue`, values } };
  }
  return { case: "kvlistValue", value: { $typeName: `${PACKAGE}.KeyValueList`, values: pairs(value) } };
}

const PACKAGE = "opentelemetry.proto.collector.trace.v1";

export function jsonBody(spans: ShortSpan[], resource: Attributes = RESOURCE): Buffer {
  const request = {
    resourceSpans: [
      {
        resource: { attributes: jsonPairs(resource) },
        scopeSpans: [{ scope: {}, spans: spans.map(jsonSpan) }],
      },
    ],
  };
  return Buffer.from(JSON.stringify(request));
}

export function jsonSpan(span: ShortSpan): Record<string, unknown> {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? "",
    name: span.name,
    kind: 1,
    startTimeUnixNano: String(span.start ?? 0),
    endTimeUnixNano: String(span.end ?? 0),
    attributes: jsonPairs(span.attributes ?? {}),
    events: (span.events ?? []).map(({ name, attributes = {} }) => ({
      timeUnixNano: String(span.start ?? 0),
      name,
      attributes: jsonPairs(attributes),
    })),
    status: span.status ?? {},
  };
}

function jsonPairs(attributes: Attributes): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: jsonValue(value) }));
}

function jsonValue(value: AttributeValue): unknown {
  if (value === null) return {};
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (Number.isSafeInteger(value)) return { intValue: String(value) };
  if (typeof value === "number") return { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(jsonValue) } };
  return { kvlistValue: { values: jsonPairs(value) } };
}
