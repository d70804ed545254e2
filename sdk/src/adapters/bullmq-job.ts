/**
 * A job's place in its flow: what travels with it in the queue, and the step that says that it waits there.
 *
 * A job waits before its first attempt, before each further one, and whenever it is put back. The first wait holds
 * all that happens to the job, so that attempts of one job never pass for those of another.
 */
import type { Context } from "@opentelemetry/api";
import { BAGGAGE } from "../attributes.ts";
import { diagnoseInternal } from "../diagnostics.ts";
import { extract, inject } from "../propagation.ts";
import { activeContext, type Scope, scopeKey, scopeOf, withScope } from "../scope.ts";
import { endStepById, openQueueStep } from "../step.ts";
import { StepRun, sendStepEnd } from "../step-run.ts";
import { keptJob, recentEvents, storedJob } from "./bullmq-store.ts";
import { unwatch, watch } from "./bullmq-watch.ts";

const JOB = scopeKey("weir.bullmq.job");

/** What we need to know of a BullMQ job to open its wait. */
export interface QueuedJob {
  id?: string | undefined;
  name: string;
  queueName: string;
  /** When it was added, in milliseconds since the epoch. */
  timestamp?: number;
  /** The schedule that makes such jobs. */
  repeatJobKey?: string | undefined;
  opts?: JobOptions;
}

interface JobOptions {
  telemetry?: { metadata?: string; omitContext?: boolean };
  /** What BullMQ 5 calls the metadata in a sandbox. */
  tm?: string;
  jobId?: string | undefined;
  deduplication?: { id: string; replace?: boolean; keepLastIfActive?: boolean } | undefined;
  /** What BullMQ 5 also calls it. */
  debounce?: unknown;
}

/** How far a job has come: what its next stay in the queue is known by, at both ends of it. */
export interface Progress {
  /** The attempt that the job waits for, from 1. */
  attempt: number;
  /** How often its processor has put it back without failing. */
  putBacks: number;
  /** How often it has failed. */
  failures: number;
}

const FIRST: Progress = { attempt: 1, putBacks: 0, failures: 0 };

/** Why BullMQ fails a job that it had not the processor run: it stalled too often, or its child failed. */
const DEFERRED = /^(job (stalled|started) more than |child .* failed$)/;

const MAX_QUEUES = 1000;
/** By queue: whether jobs of our processor end their flows. */
const endings = new Map<string, boolean>();

/**
 * The processors of this process. A job that killed its last worker may be the first that the next one has, which
 * fails it before any processor could say that its flow ends with it: then what all of them say holds.
 */
const processors = { allEndFlow: false, some: false };

export function addProcessor(endFlow: boolean): void {
  processors.allEndFlow = endFlow && (processors.allEndFlow || !processors.some);
  processors.some = true;
}

/** One pick-up of a job that belongs to a flow: in the context of everything that the worker does with it. */
export class JobRun {
  /** Where the job was added: the flow, or a step of it. */
  readonly scope: Scope;
  /** What came with the job, and stays with it: a retry belongs where the first attempt did. */
  readonly metadata: string;
  queueName = "";
  jobId = "";
  jobName = "";
  /** The flow ends with this job. */
  endFlow = false;
  /** What the processor threw, as it was. */
  thrown: unknown;
  hasThrown = false;
  /** BullMQ has failed it for good, with no error of our processor. */
  givenUp = false;
  /** BullMQ has moved the job on: what its worker does now is no part of the flow any more. */
  settled = false;
  /** Its processor is a file, and runs elsewhere. */
  sandboxed = false;
  /** Known once our processor has it. */
  #progress: Progress | undefined;
  #job: QueuedJob | undefined;
  #retriedAt: number | undefined;

  constructor(metadata: string, scope: Scope) {
    this.metadata = metadata;
    this.scope = scope;
  }

  isOf(queueName: string, jobId: string, jobName: string): void {
    this.queueName = queueName;
    this.jobId = jobId;
    this.jobName = jobName;
  }

  /** Our processor has it: what its options say of the flow's end holds for the queue. */
  isProcessed(endFlow: boolean): void {
    this.endFlow ||= endFlow;
    if (endings.size >= MAX_QUEUES) endings.clear();
    endings.set(this.queueName, this.endFlow);
  }

  /** Whether the flow ends with this job, which BullMQ failed for that reason: perhaps without asking any processor. */
  endsFlow(reason: string): boolean {
    if (this.endFlow || this.#progress !== undefined || !DEFERRED.test(reason)) return this.endFlow;
    return endings.get(this.queueName) ?? processors.allEndFlow;
  }

  /** Under which all attempts of this job hang. */
  group(): Scope {
    return new StepRun(this.scope.flow, waitId(this.queueName, this.jobId, FIRST), "", {});
  }

  pickedUp(): void {
    this.#endWait(FIRST);
  }

  begins(progress: Progress, job: QueuedJob): void {
    this.#progress = progress;
    this.#job = job;
    const { attempt, putBacks, failures } = progress;
    if (attempt === 1 && putBacks === 0) {
      if (isReplaceable(job)) this.#openWait(FIRST, job.timestamp);
      return;
    }
    // Someone may have retried the job by hand, which nobody told us: then its wait has no other start than this.
    this.#openWait(progress, undefined);
    this.#endWait(progress);
    if (attempt > failures + 1) this.#addStall(progress, job);
    // What the main process of a sandbox has opened, which knows of no stalls and of nothing that was put back.
    const retry = { attempt: failures + 1, putBacks: 0, failures };
    if (!this.sandboxed || failures === 0 || isSame(retry, progress)) return;
    this.#openWait(retry, undefined);
    this.#endWait(retry);
  }

  /** Since when a job whose worker died has waited for this one: nobody knew but the queue. */
  #addStall(progress: Progress, job: QueuedJob): void {
    stalledAt(job).then(
      (since) => {
        if (since !== undefined) this.#openWait(progress, since);
      },
      (error: unknown) => diagnoseInternal("a stalled BullMQ job's wait", error),
    );
  }

  /** The attempt has failed, and there will be another. */
  willRetry(since: number): void {
    this.#retriedAt = since;
    if (this.#progress === undefined) return;
    const { attempt, putBacks, failures } = this.#progress;
    this.#waitsAgain({ attempt: attempt + 1, putBacks, failures: failures + 1 }, since);
  }

  /** How often it has failed is all that is known of a sandboxed job here, when BullMQ has moved it on. */
  hasFailed(failures: number): void {
    if (!this.sandboxed || this.#progress !== undefined || this.#retriedAt === undefined) return;
    this.#openWait({ attempt: failures + 1, putBacks: 0, failures }, this.#retriedAt);
  }

  /** The attempt goes on later. */
  isPutBack(): void {
    if (this.#progress === undefined) return;
    this.#waitsAgain({ ...this.#progress, putBacks: this.#progress.putBacks + 1 }, undefined);
  }

  #waitsAgain(progress: Progress, since: number | undefined): void {
    this.#openWait(progress, since);
    const { scope, jobId } = this;
    const stepId = waitId(this.queueName, jobId, progress);
    if (this.#job !== undefined && !this.sandboxed) watch({ stepId, scope, job: this.#job, jobId });
  }

  #openWait(progress: Progress, openedAt: number | undefined): void {
    const { queueName: name, jobName, jobId } = this;
    const { attempt } = progress;
    const stepId = waitId(name, jobId, progress);
    // The first one holds all the others.
    const scope = progress === FIRST ? this.scope : this.group();
    openQueueStep(
      { name, stepId, attempt, openedAt, attributes: attributesOf(jobName, jobId) },
      contextOf(scope),
    );
  }

  #endWait(progress: Progress): void {
    const stepId = waitId(this.queueName, this.jobId, progress);
    unwatch(stepId);
    endStepById(stepId, {}, contextOf(this.scope));
  }
}

/** The pick-up that this code runs in; `undefined` where it belongs to no job, or to one without a flow. */
export function jobRun(ctx: Context = activeContext()): JobRun | undefined {
  return ctx.getValue(JOB) as JobRun | undefined;
}

/** A context outside any flow and job. */
export function outside(ctx: Context): Context {
  return scopeOf(ctx) === undefined && jobRun(ctx) === undefined
    ? ctx
    : withScope(ctx, undefined).deleteValue(JOB);
}

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
  return scope === undefined ? found : found.setValue(JOB, new JobRun(metadata, scope));
}

/** The metadata that came with a job into its processor. */
export function metadataOf({ opts }: QueuedJob): string | undefined {
  const metadata = opts?.telemetry?.metadata ?? opts?.tm;
  return typeof metadata === "string" && metadata.includes(BAGGAGE.flowId) ? metadata : undefined;
}

/** What a schedule makes lives on when the flow in which the schedule was made is long over: it belongs to none. */
export function isScheduled(job: QueuedJob): boolean {
  return typeof job.repeatJobKey === "string";
}

/** The same, where nothing but the id is known. */
export function isScheduledId(jobId: string): boolean {
  return /^repeat:.*:\d+$/.test(jobId);
}

/** Whether a newer job may take its place, or it may come into the queue later: `add` tells neither. */
function isReplaceable({ opts }: QueuedJob): boolean {
  const { replace, keepLastIfActive } = opts?.deduplication ?? {};
  return replace === true || keepLastIfActive === true;
}

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

function mayBeThere({ opts = {} }: QueuedJob): boolean {
  return (opts.jobId ?? opts.deduplication ?? opts.debounce) !== undefined;
}

/** The id that the job will have, where it is kept until the active one of its deduplication id is done. */
async function idIfKept(job: QueuedJob): Promise<string | undefined> {
  const { id, keepLastIfActive } = job.opts?.deduplication ?? {};
  if (keepLastIfActive !== true || id === undefined) return undefined;
  const kept = await keptJob(job, id);
  return kept !== undefined && kept.metadata === job.opts?.telemetry?.metadata ? kept.id : undefined;
}

/** When the job stalled, where that was the last that became of it before it was picked up. */
async function stalledAt(job: QueuedJob): Promise<number | undefined> {
  const [, ...before] = (await recentEvents(job)).filter(
    ({ event, jobId }) => jobId === job.id && (event === "active" || event === "stalled"),
  );
  return before[0]?.event === "stalled" ? before[0].at : undefined;
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

/** Steps of a job say which one it is. Its data and its result are the user's own, and stay where they are. */
export function attributesOf(jobName: string, jobId: string | undefined): Record<string, unknown> {
  return { "bullmq.job.name": jobName, "bullmq.job.id": jobId };
}

/** Worked out from the job, so that nothing more has to travel: BullMQ keeps no new metadata between attempts. */
function waitId(queueName: string, jobId: string, { attempt, putBacks }: Progress): string {
  return `queue:${queueName}:${jobId}:${attempt}.${putBacks}`;
}

function isSame(one: Progress, other: Progress): boolean {
  return one.attempt === other.attempt && one.putBacks === other.putBacks;
}

function contextOf(scope: Scope): Context {
  return withScope(activeContext(), scope);
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
