import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { NodeSDK } from "@opentelemetry/sdk-node";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";
import { afterEach, expect, test } from "vitest";
import { flow, step } from "../src/index.ts";
import { record } from "./recorder.ts";

const IMPORT = { name: "data_import", tenant: "acme-corp" };
let running: NodeSDK | undefined;

/** The user's own OpenTelemetry, as an application sets it up; gives what it has exported. */
function theirSdk(sampler: Sampler): () => Promise<ReadableSpan[]> {
  const exporter = new InMemorySpanExporter();
  const processor = new SimpleSpanProcessor({ exporter });
  running = new NodeSDK({ sampler, spanProcessors: [processor] });
  running.start();
  return async () => {
    await processor.forceFlush();
    return exporter.getFinishedSpans();
  };
}

afterEach(async () => {
  await running?.shutdown();
  trace.disable();
  context.disable();
});

test("beside a user's provider with a 1 % sampler no flow is lost, and the user's export is unchanged", async () => {
  const theirs = theirSdk(new TraceIdRatioBasedSampler(0.01));
  const recorder = record();
  const tracer = trace.getTracer("app");
  for (let i = 0; i < 2000; i++) {
    tracer.startActiveSpan("request", (span) => {
      flow.start(IMPORT, () =>
        step.start("validate", () => {
          tracer.startActiveSpan("query", (inner) => inner.end());
        }),
      );
      span.end();
    });
  }
  const ours = await recorder.finished();
  expect(ours.filter((span) => span.name === "data_import")).toHaveLength(2000);
  expect(ours.filter((span) => span.name === "validate")).toHaveLength(2000);
  const spans = await theirs();
  expect(spans.length).toBeGreaterThan(0);
  expect(spans.length).toBeLessThan(200);
  expect(new Set(spans.map((span) => span.name)).difference(new Set(["request", "query"])).size).toBe(0);
});

test("flows join the user's trace, and the user's spans keep their parents", async () => {
  const theirs = theirSdk(new AlwaysOnSampler());
  const recorder = record();
  const tracer = trace.getTracer("app");
  tracer.startActiveSpan("request", (request) => {
    flow.start(IMPORT, () =>
      step.start("validate", () => {
        expect(trace.getActiveSpan()).toBe(request);
        tracer.startActiveSpan("query", (query) => {
          query.setStatus({ code: SpanStatusCode.OK });
          query.end();
        });
      }),
    );
    request.end();
  });
  const spans = await theirs();
  expect(spans).toHaveLength(2);
  const request = spans.find((span) => span.name === "request");
  const query = spans.find((span) => span.name === "query");
  expect(query?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
  const flowSpan = await recorder.one("data_import");
  expect(flowSpan).toMatchObject({
    traceId: request?.spanContext().traceId,
    parentSpanId: request?.spanContext().spanId,
  });
  expect(await recorder.one("validate")).toMatchObject({
    traceId: flowSpan.traceId,
    parentSpanId: flowSpan.spanId,
  });
});

test("a user's SDK that starts after setup() works as it would alone", async () => {
  const recorder = record();
  const theirs = theirSdk(new AlwaysOnSampler());
  await trace.getTracer("app").startActiveSpan("request", async (request) => {
    await flow.start(IMPORT, async () => {
      await Promise.resolve();
      expect(trace.getActiveSpan()).toBe(request);
    });
    request.end();
  });
  const spans = await theirs();
  expect(spans.map((span) => span.name)).toEqual(["request"]);
  expect((await recorder.one("data_import")).traceId).toBe(spans[0]?.spanContext().traceId);
});

test("a user's sampler that takes nothing takes nothing from us", async () => {
  const theirs = theirSdk(new AlwaysOffSampler());
  const recorder = record();
  trace.getTracer("app").startActiveSpan("request", () => flow.start(IMPORT, () => {}));
  expect(await theirs()).toEqual([]);
  await recorder.one("data_import");
});
