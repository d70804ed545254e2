/**
 * One pick-up of a job by a worker, and the steps that say where the job waited before and waits after.
 *
 * A job waits before its first attempt, before each further one, and whenever it is put back. The first wait holds
 * all that happens to the job, so that attempts of one job never pass for those of another.
 */
import type { Context } from "@opentelemetry/api";
import { diagnoseInternal } from "../diagnostics.ts";
import { activeContext, type Scope, scopeKey, scopeOf, withScope } from "../scope.ts";
import { endStepById, openQueueStep } from "../step.ts";
import { StepRun } from "../step-run.ts";
import { attributesOf, FIRST, isReplaceable, type Progress, type QueuedJob, waitId } from "./bullmq-job.ts";
import { recentEvents } from "./bullmq-store.ts";
import { unwatch, watch } from "./bullmq-watch.ts";

const JOB = scopeKey("weir.bullmq.job");

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

/** The context `ctx`, in that pick-up. */
export function inJobRun(ctx: Context, run: JobRun): Context {
  return ctx.setValue(JOB, run);
}

/** A context outside any flow and job. */
export function outside(ctx: Context): Context {
  return scopeOf(ctx) === undefined && jobRun(ctx) === undefined
    ? ctx
    : withScope(ctx, undefined).deleteValue(JOB);
}

/** When the job stalled, where that was the last that became of it before it was picked up. */
async function stalledAt(job: QueuedJob): Promise<number | undefined> {
  const [, ...before] = (await recentEvents(job)).filter(
    ({ event, jobId }) => jobId === job.id && (event === "active" || event === "stalled"),
  );
  return before[0]?.event === "stalled" ? before[0].at : undefined;
}

function isSame(one: Progress, other: Progress): boolean {
  return one.attempt === other.attempt && one.putBacks === other.putBacks;
}

function contextOf(scope: Scope): Context {
  return withScope(activeContext(), scope);
}
