import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { expect, test } from "vitest";
import { leanTracer } from "../src/lean-tracer.ts";

test("attributes given at the start and set later are exported", () => {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const tracer = provider.getTracer("t");
  const lean = leanTracer(tracer);
  expect(lean).not.toBe(tracer);
  const span = lean.startSpan("s", { attributes: { a: 1 }, startTime: 1e12 }, ROOT_CONTEXT);
  span.setAttribute("b", true).setAttribute("a", 2);
  span.end(1e12);
  const [sent] = exporter.getFinishedSpans();
  expect(sent?.attributes).toEqual({ a: 2, b: true });
  expect(sent?.startTime).toEqual([1e9, 0]);
});

test("a tracer whose spans are made otherwise is left alone", () => {
  const noop = trace.getTracer("none");
  expect(leanTracer(noop)).toBe(noop);
});
