/** OTLP bodies as a service would send them: flows of one flow span and three steps, with labels. */
import { create, toBinary } from "@bufbuild/protobuf";
import { ExportTraceServiceRequestSchema } from "../collector/src/otlp/gen/otlp_pb.js";
import { ATTR, LABEL_PREFIX } from "../sdk/src/attributes.ts";

export type Encoding = "json" | "protobuf";

export const CONTENT_TYPE: Record<Encoding, string> = {
  json: "application/json",
  protobuf: "application/x-protobuf",
};

const SPANS_PER_FLOW = 4;
const STEPS = ["read", "validate", "process"];

interface Attribute {
  key: string;
  value: { stringValue: string };
}

/** Digits of a seed; the same for all, so that one can be written over another. */
export const SEED_DIGITS = 9;

/**
 * Bodies of so many spans each: whole flows, or a flow's own span alone.
 *
 * @param seed keeps the flows of one call apart from those of another.
 */
export function bodies(encoding: Encoding, count: number, seed: number, spansEach = 512): Buffer[] {
  return Array.from({ length: count }, (_, n) => {
    const flows = Math.ceil(spansEach / SPANS_PER_FLOW);
    const spans = Array.from({ length: flows }, (_, flow) => flowSpans(seed, n * 1000 + flow))
      .flat()
      .slice(-spansEach);
    const service = [text("service.name", "import-api"), text("service.instance.id", "import-api-1")];
    if (encoding === "json") {
      return Buffer.from(
        JSON.stringify({ resourceSpans: [{ resource: { attributes: service }, scopeSpans: [{ spans }] }] }),
      );
    }
    const request = create(ExportTraceServiceRequestSchema, {
      resourceSpans: [
        {
          resource: { attributes: service.map(toProto) },
          scopeSpans: [
            {
              spans: spans.map((span) => ({
                traceId: Buffer.from(span.traceId, "hex"),
                spanId: Buffer.from(span.spanId, "hex"),
                parentSpanId: Buffer.from(span.parentSpanId, "hex"),
                name: span.name,
                startTimeUnixNano: BigInt(span.startTimeUnixNano),
                endTimeUnixNano: BigInt(span.endTimeUnixNano),
                attributes: span.attributes.map(toProto),
              })),
            },
          ],
        },
      ],
    });
    return Buffer.from(toBinary(ExportTraceServiceRequestSchema, request));
  });
}

function flowSpans(seed: number, n: number) {
  const traceId = hex(seed, 8) + hex(n + 1, 24);
  const flowSpan = hex(seed, 4) + hex(n * SPANS_PER_FLOW + 1, 12);
  const start = 1_790_000_000_000 + n;
  const identity = [
    text(ATTR.flowId, `${seed}-${n}`),
    text(ATTR.flowName, "data_import"),
    text(ATTR.tenant, `tenant-${n % 100}`),
  ];
  const span = (
    spanId: string,
    parentSpanId: string,
    name: string,
    from: number,
    to: number,
    more: Attribute[],
  ) => ({
    traceId,
    spanId,
    parentSpanId,
    name,
    kind: 1,
    startTimeUnixNano: `${start + from}000000`,
    endTimeUnixNano: `${start + to}000000`,
    attributes: [...identity, ...more],
    status: {},
  });
  return [
    ...STEPS.map((name, at) => {
      const spanId = hex(seed, 4) + hex(n * SPANS_PER_FLOW + 2 + at, 12);
      return span(spanId, flowSpan, name, at * 10, at * 10 + 9, [
        text(ATTR.kind, "step"),
        text(ATTR.stepId, spanId),
        text("rows", `${n}`),
      ]);
    }),
    span(flowSpan, "", "data_import", 0, 40, [
      text(ATTR.kind, "flow"),
      text(`${LABEL_PREFIX}env`, "production"),
      text(`${LABEL_PREFIX}region`, n % 2 === 0 ? "eu" : "us"),
    ]),
  ];
}

function text(key: string, value: string): Attribute {
  return { key, value: { stringValue: value } };
}

function toProto({ key, value }: Attribute) {
  return { key, value: { value: { case: "stringValue" as const, value: value.stringValue } } };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0").slice(-digits);
}
