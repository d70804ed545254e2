/** The two encodings of OTLP, for the doors that speak them. */
import { fromBinary } from "@bufbuild/protobuf";
import { OTLPLogExporter as JsonLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPLogExporter as ProtobufLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter as JsonMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtobufMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter as JsonTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import type { Compression, Door } from "./otlp.contract.ts";
import type { Encoding } from "./otlp-http.contract.ts";
import {
  aSpan,
  ExportTraceServiceResponseSchema,
  jsonBody,
  protobufBody,
  RpcStatusSchema,
} from "./otlp-support.ts";

const whole = protobufBody([aSpan()]);

/** What is sent in protobuf, by HTTP or gRPC. */
export const PROTOBUF_MESSAGES: Pick<Door, "body" | "malformed" | "empty"> = {
  body: protobufBody,
  malformed: [
    // Cut off; a length beyond the end; field number 0; wire type 7; a number without end; a group without end.
    whole.subarray(0, -1),
    Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
    Buffer.from([0x00, 0x01]),
    Buffer.from([0x0f]),
    Buffer.alloc(16, 0xff),
    Buffer.from([0x0b, 0x0b, 0x0b]),
    Buffer.from("{}"),
  ],
  empty: [Buffer.alloc(0), protobufBody([]), Buffer.from([0x0a, 0x00])],
};

export const PROTOBUF: Encoding = {
  name: "protobuf",
  ...PROTOBUF_MESSAGES,
  contentType: "application/x-protobuf",
  readAnswer: (body) => {
    const { partialSuccess } = fromBinary(ExportTraceServiceResponseSchema, body);
    return {
      rejectedSpans: Number(partialSuccess?.rejectedSpans ?? 0),
      errorMessage: partialSuccess?.errorMessage ?? "",
    };
  },
  readError: (body) => fromBinary(RpcStatusSchema, body),
  exporters: (url, compression) => ({
    traces: new ProtobufTraceExporter(config(url, "traces", compression)),
    logs: new ProtobufLogExporter(config(url, "logs", compression)),
    metrics: new ProtobufMetricExporter(config(url, "metrics", compression)),
  }),
};

export const JSON_TEXT: Encoding = {
  name: "JSON",
  contentType: "application/json",
  body: jsonBody,
  readAnswer: (body) => {
    const { partialSuccess } = JSON.parse(body.toString());
    return {
      rejectedSpans: Number(partialSuccess.rejectedSpans ?? 0),
      errorMessage: partialSuccess.errorMessage ?? "",
    };
  },
  readError: (body) => JSON.parse(body.toString()),
  malformed: [
    "",
    "{",
    "[]",
    "null",
    "7",
    '"text"',
    '{"resourceSpans":7}',
    '{"resourceSpans":[null]}',
    '{"resourceSpans":[{"scopeSpans":"x"}]}',
    '{"resourceSpans":[{"scopeSpans":[{"spans":{}}]}]}',
    '{"resourceSpans":[{"resource":{"attributes":7},"scopeSpans":[]}]}',
  ].map((text) => Buffer.from(text)),
  empty: [
    "{}",
    '{"resourceSpans":null}',
    '{"resourceSpans":[]}',
    '{"resourceSpans":[{}]}',
    '{"resourceSpans":[{"resource":null,"scopeSpans":null}]}',
    '{"resourceSpans":[{"scopeSpans":[{"spans":null}]}],"unknown":{"field":[1]}}',
  ].map((text) => Buffer.from(text)),
  exporters: (url, compression) => ({
    traces: new JsonTraceExporter(config(url, "traces", compression)),
    logs: new JsonLogExporter(config(url, "logs", compression)),
    metrics: new JsonMetricExporter(config(url, "metrics", compression)),
  }),
};

function config(url: string, signal: string, compression: Compression) {
  return { url: `${url}/v1/${signal}`, compression: compression as never };
}
