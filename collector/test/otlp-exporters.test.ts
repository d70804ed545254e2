/** The official exporters deliver, with and without gzip, and find nothing to complain of. */
import { DiagLogLevel, diag, SpanStatusCode } from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterEach, expect, test } from "vitest";
import { createApp } from "../src/app.ts";
import { createFakeStore } from "./fake-store.ts";
import { IDENTITY } from "./otlp-support.ts";

afterEach(() => diag.disable());

test.each([
  ["JSON", JsonExporter, "none"],
  ["JSON, gzip", JsonExporter, "gzip"],
  ["protobuf", ProtobufExporter, "none"],
  ["protobuf, gzip", ProtobufExporter, "gzip"],
] as const)("%s", async (_name, Exporter, compression) => {
  const complaints: unknown[] = [];
  const complain = (...args: unknown[]) => void complaints.push(args);
  diag.setLogger(
    { error: complain, warn: complain, info: () => {}, debug: () => {}, verbose: () => {} },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const store = createFakeStore();
  const app = createApp({ store });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const exporter = new Exporter({ url: `${url}/v1/traces`, compression: compression as never });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "import-api", "service.instance.id": "instance-1" }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer("test");

  const span = tracer.startSpan("validate", { attributes: { "weir.kind": "step", ...IDENTITY, rows: 120 } });
  span.recordException(new RangeError("bad row 7"));
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
  tracer.startSpan("GET /users").end();
  await provider.shutdown();
  await app.close();

  expect(complaints).toEqual([]);
  expect(store.taken).toMatchObject([
    {
      kind: "step-opened",
      name: "validate",
      service: "import-api",
      instance: "instance-1",
      attributes: { rows: 120 },
    },
    { kind: "step-ended", status: "failed", error: { type: "RangeError", message: "bad row 7" } },
  ]);
  expect(Math.abs((store.taken[0]?.at ?? 0) / 1000 - Date.now())).toBeLessThan(60_000);
});
