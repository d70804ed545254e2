/**
 * A program without Weir's SDK that is a full citizen of Weir: plain OpenTelemetry spans with Weir's attributes.
 * What is done here in TypeScript can be done in any language that OpenTelemetry has.
 */
import { type Attributes, ROOT_CONTEXT, type Span, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { NodeSDK } from "@opentelemetry/sdk-node";

const sdk = new NodeSDK({
  serviceName: "billing",
  traceExporter: new OTLPTraceExporter({
    url: `${process.env["WEIR_ENDPOINT"] ?? "http://127.0.0.1:4318"}/v1/traces`,
  }),
});
sdk.start();

const tracer = trace.getTracer("plain-otel");

/** The identity of the flow: on each of its spans, so that one that arrives first, or alone, can be placed. */
const identity = {
  "weir.flow.id": `invoice-${Date.now()}`,
  "weir.flow.name": "send_invoices",
  "weir.tenant": "acme-corp",
};

async function inSpan<T>(name: string, attributes: Attributes, fn: (span: Span) => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, { attributes: { ...identity, ...attributes } }, async (span) => {
    try {
      return await fn(span);
    } catch (error) {
      span.recordException(error as Error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).message });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** `weir.kind: step` is all it takes: the span's name is the step's, and its parent is the nearest one above. */
function step<T>(name: string, attributes: Attributes, fn: () => Promise<T>): Promise<T> {
  return inSpan(name, { "weir.kind": "step", ...attributes }, fn);
}

/** A point in time: a span without length. */
function event(name: string, attributes: Attributes = {}): void {
  tracer.startSpan(name, { attributes: { ...identity, "weir.kind": "event", ...attributes } }).end();
}

/** A copy sent at the start shows the flow while it runs; without it, it appears when it ends. */
function announce(name: string, attributes: Attributes, parent: Span): void {
  const startTime = Date.now();
  const pending = { ...identity, ...attributes, "weir.pending": true };
  tracer
    .startSpan(name, { attributes: pending, startTime }, trace.setSpan(ROOT_CONTEXT, parent))
    .end(startTime);
}

const flow = { "weir.kind": "flow", "weir.label.env": "demo", "weir.label.language": "any" };

await inSpan("send_invoices", flow, async (span) => {
  announce("send_invoices", flow, span);
  await step("collect", { customers: 3 }, async () => {
    await step("read_usage", {}, pretend);
    await step("apply_prices", {}, pretend);
  });
  event("prices applied", { currency: "EUR" });

  // A failed attempt, made good by the next: same parent, same name.
  await step("charge", { "weir.step.attempt": 1 }, declined).catch(() => {});
  await step("charge", { "weir.step.attempt": 2 }, pretend);

  // Its failure does not fail the flow.
  await step("send_mail", { "weir.step.optional": true }, noMail).catch(() => {});
});

await sdk.shutdown();
console.log(`sent flow ${identity["weir.flow.id"]} of ${identity["weir.tenant"]}`);

async function pretend(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 80));
}

async function declined(): Promise<void> {
  await pretend();
  throw new Error("card declined: insufficient funds");
}

async function noMail(): Promise<void> {
  await pretend();
  throw new Error("connect ETIMEDOUT mail.acme-corp.example:25");
}
