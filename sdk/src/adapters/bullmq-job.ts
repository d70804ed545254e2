/**
 * A job's place in its flow: what travels with it in the queue, and the step that says that it waits there.
 *
 * A job waits before its first attempt, before each further one, and whenever it is put back. The first wait holds
 * all that happens to the job, so that attempts of one job never pass for those of another.
 */
import { type Context, context, createContextKey } from "@opentelemetry/api";
import { extract, inject } from "../propagation.ts";
import { type Scope, scopeOf, withScope } from "../scope.ts";
import { endStepById, openQueueStep } from "../step.ts";
import { StepRun } from "../step-run.ts";

const JOB = createContextKey("weir.bullmq.job");

/** What we need to know of a BullMQ job to open its wait. */
export interface QueuedJob {
  id?: string | undefined;
  name: string;
  queueName: string;
  opts?: { telemetry?: { metadata?: string } };
}

/** How far a job has come: what its next stay in the queue is known by, at both ends of it. */
export interface Progress {
  /** The attempt that the job waits for, from 1. */
  attempt: number;
  /** How often its processor has put it back without failing. */
  putBacks: number;
}

const FIRST: Progress = { attempt: 1, putBacks: 0 };

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
  /** BullMQ has moved the job on: what its worker does now is no part of the flow any more. */
  settled = false;
  /** Known once our processor has it. */
  #progress: Progress | undefined;

  constructor(metadata: string, scope: Scope) {
    this.metadata = metadata;
    this.scope = scope;
  }

  /** Under which all attempts of this job hang. */
  group(): Scope {
    return new StepRun(this.scope.flow, waitId(this.queueName, this.jobId, FIRST), "", {});
  }

  pickedUp(): void {
    this.#endWait(FIRST);
  }

  begins(progress: Progress): void {
    this.#progress = progress;
    const { attempt, putBacks } = progress;
    if (attempt === 1 && putBacks === 0) return;
    // Someone may have retried the job by hand, which nobody told us: then its wait has no other start than this.
    this.#openWait(progress, undefined);
    this.#endWait(progress);
  }

  /** The attempt has failed, and there will be another. */
  willRetry(since: number): void {
    if (this.#progress === undefined) return;
    const { attempt, putBacks } = this.#progress;
    this.#openWait({ attempt: attempt + 1, putBacks }, since);
  }

  /** The attempt goes on later. */
  isPutBack(): void {
    if (this.#progress === undefined) return;
    const { attempt, putBacks } = this.#progress;
    this.#openWait({ attempt, putBacks: putBacks + 1 }, undefined);
  }

  #openWait(progress: Progress, openedAt: number | undefined): void {
    const { queueName: name, jobName, jobId } = this;
    const { attempt } = progress;
    const stepId = waitId(name, jobId, progress);
    openQueueStep(
      { name, stepId, attempt, openedAt, attributes: attributesOf(jobName, jobId) },
      contextOf(this.group()),
    );
  }

  #endWait(progress: Progress): void {
    endStepById(waitId(this.queueName, this.jobId, progress), {}, contextOf(this.scope));
  }
}

/** The pick-up that this code runs in; `undefined` where it belongs to no job, or to one without a flow. */
export function jobRun(ctx: Context = context.active()): JobRun | undefined {
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

/** Says that a job waits in its queue, in the flow that its metadata names. */
export function openWait(job: QueuedJob, since: number | undefined): void {
  const metadata = job.opts?.telemetry?.metadata;
  if (typeof metadata !== "string" || job.id === undefined) return;
  openQueueStep(
    {
      name: job.queueName,
      stepId: waitId(job.queueName, job.id, FIRST),
      openedAt: since,
      attributes: attributesOf(job.name, job.id),
    },
    contextFrom(metadata, context.active()),
  );
}

/** Steps of a job say which one it is. Its data and its result are the user's own, and stay where they are. */
export function attributesOf(jobName: string, jobId: string | undefined): Record<string, unknown> {
  return { "bullmq.job.name": jobName, "bullmq.job.id": jobId };
}

/** Worked out from the job, so that nothing more has to travel: BullMQ keeps no new metadata between attempts. */
function waitId(queueName: string, jobId: string, { attempt, putBacks }: Progress): string {
  return `queue:${queueName}:${jobId}:${attempt}.${putBacks}`;
}

function contextOf(scope: Scope): Context {
  return withScope(context.active(), scope);
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
