// A service with the real @sentry/node, of either major, in a process of its own. Argument: a SentryPlan as JSON. Prints a SentryOutcome.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import type * as Sentry11 from "@sentry/node";

export interface SentryPlan {
  major: 10 | 11;
  /** Who sets OpenTelemetry up: Sentry, the service by a NodeSDK of its own, or nobody. */
  otel: "sentry" | "own" | "none";
  sampleRate: number;
  /** As in service.ts. */
  weir: "absent" | "first" | "last" | "used-first";
  endpoint: string;
  requests: number;
}

export interface SentryOutcome {
  /** Each span that Sentry's transport was given: `parent > name`, sorted. */
  spans: string[];
  /** Each error: its message, tags and breadcrumbs, and whether it is in the trace of its request; sorted. */
  errors: string[];
  /** Items that the transport was given, by kind. */
  sent: Record<string, number>;
  /** Sorted: of each outgoing request, whether Sentry's header was there, and whose members `baggage` had. */
  carried: string[];
  /** By flow id: the trace and the span in which it was opened. */
  openedIn: Record<string, string>;
  dropped: number;
}

interface SentrySpan {
  /** Of the tenth the one, of the eleventh the other. */
  description?: string;
  name?: string;
  span_id: string;
  parent_span_id?: string;
}

/** What the tenth makes of a span without a parent, with those below it. */
interface Transaction {
  transaction: string;
  contexts: { trace: SentrySpan };
  spans: SentrySpan[];
}

const plan = JSON.parse(process.argv[2] ?? "{}") as SentryPlan;
// What is used of it here is the same in both.
const Sentry = (await (plan.major === 10
  ? import("@sentry/node-10")
  : import("@sentry/node"))) as unknown as typeof Sentry11;
const errors: string[] = [];
const spans: SentrySpan[] = [];
const sent: Record<string, number> = {};
const openedIn: Record<string, string> = {};
const carried: string[] = [];
const traces = new Map<unknown, string>();

if (plan.weir === "last" || plan.weir === "absent") await startSentry();
const weir = plan.weir === "absent" ? undefined : await import("../../src/index.ts");
weir?.setup({ serviceName: "beside", endpoint: plan.endpoint });
if (weir !== undefined) {
  const [{ withFetch }, { withHttp }] = await Promise.all([
    import("../../src/adapters/fetch.ts"),
    import("../../src/adapters/http.ts"),
  ]);
  withFetch();
  withHttp();
}
if (plan.weir === "used-first") weir?.flow.start({ name: "boot", tenant: "acme-corp" }, () => {});
if (plan.weir === "first" || plan.weir === "used-first") await startSentry();

const echo = createServer((request, response) => {
  const members = String(request.headers["baggage"] ?? "").split(",");
  const families = new Set(members.map((member) => member.split(/[.-]/, 1)[0]));
  carried.push(`${typeof request.headers["sentry-trace"]} ${[...families].sort().join()}`);
  response.end("ok");
});
await new Promise<void>((done) => echo.listen(0, "127.0.0.1", done));
const url = `http://127.0.0.1:${(echo.address() as AddressInfo).port}/`;

await Promise.all(Array.from({ length: plan.requests }, (_, n) => request(n)));
await weir?.flush();
Sentry.captureMessage("outside");
await Sentry.flush();

const names = new Map(spans.map((span) => [span.span_id, nameOf(span)]));
const outcome: SentryOutcome = {
  spans: spans.map((span) => `${names.get(span.parent_span_id ?? "") ?? "-"} > ${nameOf(span)}`).sort(),
  errors: errors.sort(),
  sent,
  carried: carried.sort(),
  openedIn,
  dropped: weir?.health().dropped ?? 0,
};
process.stdout.write(JSON.stringify(outcome), () => process.exit());

async function startSentry(): Promise<void> {
  Sentry.init({
    dsn: "http://key@127.0.0.1:9/1",
    enableOpenTelemetrySetup: plan.otel === "sentry",
    // The tenth's word for it.
    ...{ skipOpenTelemetrySetup: plan.otel !== "sentry" },
    tracesSampleRate: plan.sampleRate,
    // All requests end together, and what is more than it has room for is dropped.
    transportOptions: { bufferSize: 10 * plan.requests },
    transport: (options) => Sentry.createTransport(options, async () => ({ statusCode: 200 })),
  });
  Sentry.getClient()?.on("beforeEnvelope", (envelope) => {
    for (const [{ type }, payload] of envelope[1]) {
      sent[String(type)] = (sent[String(type)] ?? 0) + 1;
      if (type === "event") errors.push(described(payload as Sentry11.Event));
      if (type === "span") spans.push(...(payload as unknown as { items: SentrySpan[] }).items);
      if (type === "transaction") spans.push(...spansOf(payload as unknown as Transaction));
    }
  });
  if (plan.otel === "own") await startOpenTelemetry();
}

/** As Sentry's guide to a set-up of one's own says. */
async function startOpenTelemetry(): Promise<void> {
  const [
    { NodeSDK },
    { SentryPropagator, SentrySampler, SentrySpanProcessor },
    { SentryContextManager, getClient },
  ] = await Promise.all([
    import("@opentelemetry/sdk-node"),
    import("@sentry/opentelemetry-10"),
    import("@sentry/node-10"),
  ]);
  const client = getClient();
  if (client === undefined) throw new Error("expected Sentry to be set up first");
  new NodeSDK({
    sampler: new SentrySampler(client),
    spanProcessors: [new SentrySpanProcessor()],
    textMapPropagator: new SentryPropagator(),
    contextManager: new SentryContextManager(),
  }).start();
}

function spansOf({ transaction, contexts, spans: below }: Transaction): SentrySpan[] {
  return [{ ...contexts.trace, name: transaction }, ...below];
}

/** Without the port, which is another in each run. */
function nameOf({ name, description }: SentrySpan): string {
  return (name ?? description ?? "").replace(url, "/");
}

/** Half of them begin with a turn, so that they come between one another. */
async function request(n: number): Promise<void> {
  await Sentry.withIsolationScope(() =>
    Sentry.startSpan({ name: `request ${n}`, op: "task", forceTransaction: true }, async (span) => {
      traces.set(n, span.spanContext().traceId);
      Sentry.setTag("request", n);
      if (n % 2 === 0) await turn();
      await inFlow(n, span, async () => {
        Sentry.setTag("inside", n);
        Sentry.addBreadcrumb({ message: `crumb ${n}` });
        await Sentry.startSpan({ name: "query" }, () => turn());
        await (await fetch(url)).text();
        Sentry.captureException(new Error(`bad row of request ${n}`));
      });
    }),
  );
}

async function inFlow(n: number, span: Sentry11.Span, work: () => Promise<void>): Promise<void> {
  if (weir === undefined) return work();
  const { traceId, spanId } = span.spanContext();
  openedIn[`flow-${n}`] = `${traceId} ${spanId}`;
  await weir.flow.start({ name: "data_import", tenant: "acme-corp", id: `flow-${n}` }, async () => {
    await turn();
    await weir.step.start("validate", async () => {
      await turn();
      await work();
    });
  });
}

function described(event: Sentry11.Event): string {
  const message = event.exception?.values?.[0]?.value ?? event.message;
  const crumbs = event.breadcrumbs?.map(({ message: text, category }) => text ?? category);
  const inTrace = traces.get(event.tags?.["request"]) === event.contexts?.trace?.trace_id;
  return `${message} ${JSON.stringify(event.tags)} ${crumbs} ${inTrace}`;
}
