/**
 * What travels with a job in its queue: the flow that it belongs to, as BullMQ's metadata.
 */
import type { Context } from "@opentelemetry/api";
import { BAGGAGE } from "../attributes.ts";
import { extract, inject } from "../propagation.ts";
import { scopeOf } from "../scope.ts";
import type { QueuedJob } from "./bullmq-job.ts";
import { inJobRun, JobRun, outside } from "./bullmq-run.ts";

/** The metadata for a job that is added in `ctx`; empty outside a flow, which BullMQ takes for none. */
export function metadataIn(ctx: Context): string {
  const carrier = inject({}, ctx);
  return carrier["baggage"] === undefined ? "" : JSON.stringify(carrier);
}

/** A context that continues the flow in a job's metadata, and no flow where that names none. */
export function contextFrom(metadata: string, ctx: Context): Context {
  const carrier = parse(metadata);
  const found = extract(headersIn(carrier), outside(ctx));
  const scope = scopeOf(found);
  return scope === undefined ? found : inJobRun(found, new JobRun(metadata, scope));
}

/** The metadata that came with a job into its processor. */
export function metadataOf({ opts }: QueuedJob): string | undefined {
  const metadata = opts?.telemetry?.metadata ?? opts?.tm;
  return typeof metadata === "string" && metadata.includes(BAGGAGE.flowId) ? metadata : undefined;
}

type Carrier = Record<string, unknown>;

function parse(metadata: string): Carrier {
  try {
    const value: unknown = JSON.parse(metadata);
    return typeof value === "object" && value !== null ? (value as Carrier) : {};
  } catch {
    // Someone else's form.
    return {};
  }
}

function headersIn(carrier: Carrier): Record<string, string | undefined> {
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  return { baggage: text(carrier["baggage"]), traceparent: text(carrier["traceparent"]) };
}
