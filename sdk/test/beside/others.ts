/** OpenTelemetry set-ups as applications have them, each with its export in memory. */
import {
  type Context,
  context,
  createContextKey,
  propagation,
  type Span,
  type SpanContext,
  type TextMapPropagator,
  type TextMapSetter,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { NodeSDK } from "@opentelemetry/sdk-node";
import * as v3 from "@opentelemetry/sdk-trace";
import * as older from "otel-api-1.9";
import * as v2 from "otel2-sdk-trace-base";
import { NodeTracerProvider } from "otel2-sdk-trace-node";

export type Other = "none" | "node-sdk" | "provider-2" | "provider-3" | "older-api" | "sentry-like";
export type Sampling = "all" | "ratio" | "parent-ratio" | "none";

/** What both majors say of a finished span. */
interface Finished {
  name: string;
  spanContext(): SpanContext;
  parentSpanContext?: SpanContext | undefined;
}

export interface Started {
  exported(): readonly Finished[];
  /** For `setup({ tracerProvider })`. */
  provider: TracerProvider;
}

/** Starts it, and registers what it registers. */
export function startOther(other: Other, sampling: Sampling): Started {
  if (other === "none") return { exported: () => [], provider: trace.getTracerProvider() };
  if (other === "node-sdk") return nodeSdk(sampling);
  if (other === "provider-3") return provider3(sampling);
  if (other === "older-api") return olderApi(sampling);
  return other === "provider-2" ? provider2(sampling) : sentryLike();
}

function nodeSdk(sampling: Sampling): Started {
  const exporter = new v3.InMemorySpanExporter();
  new NodeSDK({
    sampler: sampler(v3, sampling),
    idGenerator: seededIds(),
    spanProcessors: [new v3.SimpleSpanProcessor({ exporter })],
  }).start();
  return { exported: () => exporter.getFinishedSpans(), provider: trace.getTracerProvider() };
}

function provider3(sampling: Sampling): Started {
  const exporter = new v3.InMemorySpanExporter();
  const provider = new v3.TracerProvider({
    sampler: sampler(v3, sampling),
    idGenerator: seededIds(),
    spanProcessors: [new v3.SimpleSpanProcessor({ exporter })],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(everywhere());
  return { exported: () => exporter.getFinishedSpans(), provider };
}

function provider2(sampling: Sampling): Started {
  const exporter = new v2.InMemorySpanExporter();
  const provider = new NodeTracerProvider({
    sampler: sampler(v2, sampling),
    idGenerator: seededIds(),
    spanProcessors: [new v2.SimpleSpanProcessor(exporter)],
  });
  provider.register();
  return { exported: () => exporter.getFinishedSpans(), provider };
}

/** Registers with an older minor of the API, which takes nothing from the one that Weir has and gives it nothing. */
function olderApi(sampling: Sampling): Started {
  const exporter = new v2.InMemorySpanExporter();
  const provider = new v2.BasicTracerProvider({
    sampler: sampler(v2, sampling),
    idGenerator: seededIds(),
    spanProcessors: [new v2.SimpleSpanProcessor(exporter)],
  });
  older.trace.setGlobalTracerProvider(provider);
  older.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  older.propagation.setGlobalPropagator(everywhere());
  return { exported: () => exporter.getFinishedSpans(), provider };
}

/** An error tracker: everything of its own, and a sampler that keeps nothing. */
function sentryLike(): Started {
  const exporter = new v2.InMemorySpanExporter();
  const provider = new v2.BasicTracerProvider({
    sampler: new v2.AlwaysOffSampler(),
    idGenerator: seededIds(),
    spanProcessors: [new v2.SimpleSpanProcessor(exporter)],
  });
  trace.setGlobalTracerProvider(provider);
  propagation.setGlobalPropagator(everywhere());
  context.setGlobalContextManager(new IsolatingContextManager().enable());
  return { exported: () => exporter.getFinishedSpans(), provider };
}

type Samplers = Pick<
  typeof v3,
  "AlwaysOnSampler" | "AlwaysOffSampler" | "ParentBasedSampler" | "TraceIdRatioBasedSampler"
>;

function sampler<S extends Samplers | typeof v2>(from: S, sampling: Sampling): v3.Sampler & v2.Sampler {
  const ratio = new from.TraceIdRatioBasedSampler(0.01) as v3.Sampler & v2.Sampler;
  if (sampling === "ratio") return ratio;
  if (sampling === "parent-ratio")
    return new from.ParentBasedSampler({ root: ratio }) as v3.Sampler & v2.Sampler;
  return (sampling === "all" ? new from.AlwaysOnSampler() : new from.AlwaysOffSampler()) as v3.Sampler &
    v2.Sampler;
}

/** The same ids in each run, as long as nobody else draws from them. */
function seededIds(): { generateTraceId(): string; generateSpanId(): string } {
  let state = 42;
  function word(): string {
    // A step of mulberry32.
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0).toString(16).padStart(8, "0");
  }
  return {
    generateTraceId: () => word() + word() + word() + word(),
    generateSpanId: () => word() + word(),
  };
}

const ISOLATION = createContextKey("isolation");

/** What was noted by `noteInIsolation` where the code runs; each `context.with` has notes of its own. */
export function isolated(ctx: Context = context.active()): string[] | undefined {
  return ctx.getValue(ISOLATION) as string[] | undefined;
}

/** Forks what it knows of a request with each context, as Sentry's does. */
class IsolatingContextManager extends AsyncLocalStorageContextManager {
  override with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    ctx: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return super.with(ctx.setValue(ISOLATION, [...(isolated(ctx) ?? [])]), fn, thisArg, ...args);
  }
}

/** A propagator that tells every host all the baggage there is. */
function everywhere(): TextMapPropagator {
  return {
    inject(ctx: Context, carrier: unknown, setter: TextMapSetter) {
      const entries = propagation.getBaggage(ctx)?.getAllEntries() ?? [];
      const members = entries.map(([key, { value }]) => `${key}=${value}`);
      setter.set(carrier, "baggage", ["vendor-release=1", ...members].join(","));
      const span: Span | undefined = trace.getSpan(ctx);
      if (span !== undefined) {
        const { traceId, spanId, traceFlags } = span.spanContext();
        setter.set(carrier, "vendor-trace", `${traceId}-${spanId}-${traceFlags}`);
      }
    },
    extract: (ctx) => ctx,
    fields: () => ["baggage", "vendor-trace"],
  };
}
