// A service with an OpenTelemetry set-up of its own, in a process of its own, as the order in which things load is
// what counts. Argument: a Plan as JSON. Prints an Outcome as JSON.
import { subscribe } from "node:diagnostics_channel";
import { setImmediate as turn } from "node:timers/promises";
import type * as api from "@opentelemetry/api";
import type { Context, Span } from "@opentelemetry/api";
import { isolated, type Other, type Sampling, type Started, startOther } from "./others.ts";

export interface Plan {
  other: Other;
  sampling: Sampling;
  /**
   * `absent`: the SDK is not even loaded. `first`, `last`: which of the two is set up first. `used-first`: a flow has
   * run before the other starts. `given`: setup() is handed the other's provider.
   */
  weir: "absent" | "first" | "last" | "used-first" | "given";
  endpoint: string;
  flows: number;
}

export interface Outcome {
  /** `name trace span parent` of each span that the service's own exporter got, in order. */
  spans: string[];
  /** Headers that the service's own propagator wrote. */
  carriers: Record<string, string>[];
  /** What OpenTelemetry logged. */
  logged: string[];
  /** Times that something of the service was not as it left it. */
  surprises: string[];
  /** The spans in which flows were opened: by flow id, the trace and span, or nothing. */
  openedIn: Record<string, string>;
  dropped: number;
}

const plan = JSON.parse(process.argv[2] ?? "{}") as Plan;
const { context, DiagLogLevel, diag, isSpanContextValid, propagation, trace }: typeof api = await import(
  plan.other === "older-api" ? "otel-api-1.9" : "@opentelemetry/api"
);
const logged: string[] = [];
const carriers: Record<string, string>[] = [];
const surprises: string[] = [];
const openedIn: Record<string, string> = {};
let other: Started | undefined;

const log = (message: string): void => void logged.push(message.split("\n")[0] ?? "");
diag.setLogger(
  { error: log, warn: log, info() {}, debug() {}, verbose() {} },
  { logLevel: DiagLogLevel.WARN },
);
// The service's own instrumentation of outgoing requests; the queue's requests are none of its business.
subscribe("http.client.request.start", () => {
  trace.getTracer("http").startSpan("http.client", {}, context.active()).end();
});

if (plan.weir === "last" || plan.weir === "given" || plan.weir === "absent") start();
const weir = plan.weir === "absent" ? undefined : await import("../../src/index.ts");
weir?.setup({
  serviceName: "beside",
  endpoint: plan.endpoint,
  ...(plan.weir === "given" && { tracerProvider: other?.provider }),
  onDiagnostic: ({ code }) => surprises.push(`diagnostic: ${code}`),
});
if (plan.weir === "used-first") weir?.flow.start({ name: "boot", tenant: "acme-corp" }, () => {});
if (other === undefined) start();

const tracer = trace.getTracer("app");
// One after the other: so the order in which ids are drawn is the same in each run.
for (let n = 0; n < plan.flows; n += 1) {
  // Every other flow comes from where no span is active, such as a timer.
  if (n % 2 === 0) await request(n);
  else await inFlow(n, query);
}
await weir?.flush();

const outcome: Outcome = {
  spans: (other?.exported() ?? []).map((span) => {
    const { traceId, spanId } = span.spanContext();
    return `${span.name} ${traceId} ${spanId} ${span.parentSpanContext?.spanId ?? "-"}`;
  }),
  carriers,
  logged,
  surprises,
  openedIn,
  dropped: weir?.health().dropped ?? 0,
};
process.stdout.write(JSON.stringify(outcome), () => process.exit());

function start(): void {
  other = startOther(plan.other, plan.sampling);
}

async function request(n: number): Promise<void> {
  await inSpan("request", async (span) => {
    const before = trace.getActiveSpan();
    isolated()?.push(`request ${n}`);
    await context.with(withBaggage(context.active()), () =>
      inFlow(n, async () => {
        if (trace.getActiveSpan() !== before) surprises.push("another span is active inside a step");
        if (before !== undefined && propagation.getActiveBaggage()?.getAllEntries().length !== 1) {
          surprises.push("the baggage is not the service's own");
        }
        if (plan.other === "sentry-like" && isolated()?.join() !== `request ${n}`) {
          surprises.push(`the request's own notes are ${isolated()?.join() || "gone"}`);
        }
        await query();
      }),
    );
    if (trace.getActiveSpan() !== before) surprises.push("another span is active after a flow");
    span.end();
  });
}

async function query(): Promise<void> {
  await inSpan("query", async (span) => {
    await turn();
    const carrier = {};
    propagation.inject(context.active(), carrier);
    carriers.push(carrier);
    span.end();
  });
}

/** As `startActiveSpan`, for which a tracer asks its own copy of the API. */
async function inSpan(name: string, work: (span: Span) => Promise<void>): Promise<void> {
  const ctx = context.active();
  const span = tracer.startSpan(name, {}, ctx);
  await context.with(trace.setSpan(ctx, span), () => work(span));
}

async function inFlow(n: number, work: () => Promise<void>): Promise<void> {
  if (weir === undefined) return work();
  const id = `flow-${n}`;
  const active = trace.getActiveSpan()?.spanContext();
  const joins = active !== undefined && isSpanContextValid(active);
  openedIn[id] = joins ? `${active.traceId} ${active.spanId}` : "";
  await weir.flow.start({ name: "data_import", tenant: "acme-corp", id }, async () => {
    await turn();
    await weir.step.start("validate", async () => {
      await turn();
      await work();
    });
  });
}

function withBaggage(ctx: Context): Context {
  return propagation.setBaggage(ctx, propagation.createBaggage({ user: { value: "7" } }));
}
