/**
 * The first wait of a job that was just added: whether there is one, and since when.
 */
import { activeContext, type Scope, scopeOf } from "../scope.ts";
import { openQueueStep } from "../step.ts";
import { sendStepEnd } from "../step-run.ts";
import { attributesOf, FIRST, isScheduled, mayBeThere, type QueuedJob, waitId } from "./bullmq-job.ts";
import { contextFrom, metadataOf } from "./bullmq-metadata.ts";
import { keptJob, storedJob } from "./bullmq-store.ts";
import { watch } from "./bullmq-watch.ts";

/**
 * Says that a job waits in its queue, in the flow that its metadata names. A job that another stands for, as the queue
 * had its id or its deduplication id already, does not wait, which a wait that is cancelled at once says.
 */
export async function openWait(job: QueuedJob, since: number | undefined): Promise<void> {
  const { id, queueName, opts } = job;
  const metadata = opts?.telemetry?.metadata;
  if (typeof metadata !== "string" || id === undefined || isScheduled(job)) return;
  const ctx = contextFrom(metadata, activeContext());
  const scope = scopeOf(ctx);
  if (scope === undefined) return;
  const keptId = await idIfKept(job);
  const fate = keptId === undefined && mayBeThere(job) ? await fateOf(job, scope) : "added";
  if (fate === "known") return;
  const jobId = keptId ?? id;
  const stepId = waitId(queueName, jobId, FIRST);
  openQueueStep({ name: queueName, stepId, openedAt: since, attributes: attributesOf(job.name, jobId) }, ctx);
  if (fate === "added") {
    watch({ stepId, scope, job, jobId });
    return;
  }
  // Where a worker was as quick as this, and has the job done and removed, it ended the wait before: that end counts.
  const reason = "the job was not added: the queue had one with its id or deduplication id";
  sendStepEnd(scope.flow, stepId, scope.parent(), { status: "cancelled", reason });
}

/** The id that the job will have, where it is kept until the active one of its deduplication id is done. */
async function idIfKept(job: QueuedJob): Promise<string | undefined> {
  const { id, keepLastIfActive } = job.opts?.deduplication ?? {};
  if (keepLastIfActive !== true || id === undefined) return undefined;
  const kept = await keptJob(job, id);
  return kept !== undefined && kept.metadata === job.opts?.telemetry?.metadata ? kept.id : undefined;
}

/** `known`: it is there, by an earlier call in the same flow, which has said so. */
type Fate = "added" | "known" | "not added";

/** What has become of a job that was added under an id which the queue may have had before. */
async function fateOf(job: QueuedJob, { flow }: Scope): Promise<Fate> {
  const stored = await storedJob(job);
  // What can't be read is taken for what it nearly always is.
  if (stored === undefined) return "added";
  const metadata = stored === null ? undefined : metadataOf(stored);
  if (metadata === undefined) return "not added";
  if (metadata === job.opts?.telemetry?.metadata) return "added";
  const other = scopeOf(contextFrom(metadata, activeContext()))?.flow;
  return other?.id === flow.id && other.tenant === flow.tenant ? "known" : "not added";
}
