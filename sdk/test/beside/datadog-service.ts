// A service with the real dd-trace, in a process of its own. Argument: a DatadogPlan as JSON. Prints a DatadogOutcome.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import type { Tracer } from "dd-trace";

export interface DatadogPlan {
  /** As in service.ts. */
  weir: "absent" | "first" | "last" | "used-first";
  /** Whether Datadog's spans are made known to OpenTelemetry. */
  registers: boolean;
  /** Of Datadog's agent. */
  agent: string;
  endpoint: string;
  requests: number;
}

export interface DatadogOutcome {
  /** Sorted: of each outgoing request, whether Datadog's header was there, and whose members `baggage` had. */
  carried: string[];
  /** Of each piece of work inside: whether the active span was the one that Datadog made around it. */
  active: boolean[];
  /** By flow id: the trace and the span in which it was opened. */
  openedIn: Record<string, string>;
  dropped: number;
}

const plan = JSON.parse(process.argv[2] ?? "{}") as DatadogPlan;
const carried: string[] = [];
const active: boolean[] = [];
const openedIn: Record<string, string> = {};

let tracer: Tracer | undefined;
if (plan.weir === "last" || plan.weir === "absent") tracer = await startDatadog();
const weir = plan.weir === "absent" ? undefined : await import("../../src/index.ts");
weir?.setup({ serviceName: "beside", endpoint: plan.endpoint });
if (weir !== undefined) (await import("../../src/adapters/fetch.ts")).withFetch();
if (plan.weir === "used-first") weir?.flow.start({ name: "boot", tenant: "acme-corp" }, () => {});
tracer ??= await startDatadog();
const datadog = tracer;

const echo = createServer((request, response) => {
  const members = String(request.headers["baggage"] ?? "").split(",");
  const families = new Set(members.map((member) => member.split(".", 1)[0]));
  carried.push(`${typeof request.headers["x-datadog-trace-id"]} ${[...families].sort().join()}`);
  response.end("ok");
});
await new Promise<void>((done) => echo.listen(0, "127.0.0.1", done));
const url = `http://127.0.0.1:${(echo.address() as AddressInfo).port}/`;

await Promise.all(Array.from({ length: plan.requests }, (_, n) => request(n)));
await weir?.flush();
echo.close();
echo.closeAllConnections();
const outcome: DatadogOutcome = {
  carried: carried.sort(),
  active,
  openedIn,
  dropped: weir?.health().dropped ?? 0,
};
// It ends by itself: Datadog sends the rest before it does.
process.stdout.write(JSON.stringify(outcome));

async function startDatadog(): Promise<Tracer> {
  const { default: made } = await import("dd-trace");
  made.init({ url: plan.agent, flushInterval: 100, startupLogs: false, service: "beside" });
  if (plan.registers) new made.TracerProvider().register();
  return made;
}

/** Half of them begin with a turn, so that they come between one another. */
async function request(n: number): Promise<void> {
  await datadog.trace("request", { resource: `request ${n}` }, async (span) => {
    if (n % 2 === 0) await turn();
    const [, traceId, spanId] = span?.context().toTraceparent().split("-") ?? [];
    openedIn[`flow-${n}`] = `${traceId} ${spanId}`;
    await inFlow(n, async () => {
      active.push(datadog.scope().active() === span);
      await datadog.trace("query", { resource: `query ${n}` }, () => turn());
      await (await fetch(url)).text();
    });
  });
}

async function inFlow(n: number, work: () => Promise<void>): Promise<void> {
  if (weir === undefined) return work();
  await weir.flow.start({ name: "data_import", tenant: "acme-corp", id: `flow-${n}` }, async () => {
    await turn();
    await weir.step.start("validate", async () => {
      await turn();
      await work();
    });
  });
}
