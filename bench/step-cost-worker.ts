// One measurement of step-cost.ts, in a process of its own: prints microseconds of CPU for one step.
// Arguments: weir | bare, short | long, the exporter's address.
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { AlwaysOnSampler, BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { ATTR } from "../sdk/src/attributes.ts";
import { flow, flush, health, setup, step } from "../sdk/src/index.ts";

const [subject, length, endpoint = ""] = process.argv.slice(2);
/** As many as make the code warm: what a service that runs for days pays, not one that has just begun. */
const AT_ONCE = length === "short" ? 500 : 2000;
const ROUNDS = length === "short" ? 200 : 12;
const WARM_UP = length === "short" ? 60 : 8;
/** Longer than the delay after which an open step is announced. */
const LONG_MS = 250;

const round = subject === "weir" ? weir() : bare();

for (let n = 0; n < WARM_UP; n += 1) await round();
const before = process.cpuUsage();
for (let n = 0; n < ROUNDS; n += 1) await round();
const { user, system } = process.cpuUsage(before);
process.stdout.write(String((user + system) / (ROUNDS * AT_ONCE)));
process.exit();

function weir(): () => Promise<void> {
  setup({ serviceName: "bench", endpoint });
  const attributes = { rows: 120 };
  const f = flow.open({ name: "data_import", tenant: "acme-corp" });
  return async () => {
    await f.run(async () => {
      if (length === "short")
        for (let n = 0; n < AT_ONCE; n += 1) step.start("validate", { attributes }, nothing);
      else
        await Promise.all(
          Array.from({ length: AT_ONCE }, () => step.start("validate", { attributes }, pause)),
        );
    });
    await flush();
    if (health().dropped > 0)
      throw new Error(`expected nothing to be dropped, got ${JSON.stringify(health())}`);
  };
}

function bare(): () => Promise<void> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const processor = new BatchSpanProcessor({
    exporter: new OTLPTraceExporter({ url: endpoint }),
    maxQueueSize: 20_000,
    scheduledDelayMillis: 100,
  });
  const provider = new TracerProvider({ sampler: new AlwaysOnSampler(), spanProcessors: [processor] });
  const tracer = provider.getTracer("bench");
  const attributes = {
    [ATTR.kind]: "step",
    [ATTR.flowId]: "0197c0de-0000-7000-8000-000000000000",
    [ATTR.flowName]: "data_import",
    [ATTR.tenant]: "acme-corp",
    [ATTR.stepId]: "0123456789abcdef",
    rows: 120,
  };
  const root = trace.setSpan(context.active(), tracer.startSpan("data_import"));
  return async () => {
    await context.with(root, async () => {
      if (length === "short") {
        for (let n = 0; n < AT_ONCE; n += 1) {
          tracer.startActiveSpan("validate", { attributes }, (span) => {
            nothing();
            span.end();
          });
        }
      } else {
        await Promise.all(
          Array.from({ length: AT_ONCE }, () =>
            tracer.startActiveSpan("validate", { attributes }, async (span) => {
              await pause();
              span.end();
            }),
          ),
        );
      }
    });
    await provider.forceFlush();
  };
}

function nothing(): void {}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LONG_MS));
}
