/**
 * The telemetry object that BullMQ asks at each of its operations. BullMQ expects spans; what we take from them is
 * what happened to which job: added, picked up, done, failed, waiting again. Everything else is ignored.
 */
import { type Context, createContextKey, ROOT_CONTEXT, SpanKind } from "@opentelemetry/api";
import type { Telemetry } from "bullmq";
import { diagnose, diagnoseInternal } from "../diagnostics.ts";
import { describeError, isAbort } from "../errors.ts";
import { runtime } from "../runtime.ts";
import { activeContext, inContext, scopeOf, withScope } from "../scope.ts";
import { isScheduledId, type QueuedJob } from "./bullmq-job.ts";
import { contextFrom, metadataIn } from "./bullmq-metadata.ts";
import { type JobRun, jobRun, outside } from "./bullmq-run.ts";
import { openWait } from "./bullmq-wait.ts";

type Span = ReturnType<Telemetry<Context>["tracer"]["startSpan"]>;
type Attributes = Parameters<Span["setAttributes"]>[0];

const ADD = createContextKey("weir.bullmq.add");

/** BullMQ's attribute keys. */
const QUEUE_NAME = "bullmq.queue.name";
const JOB_ID = "bullmq.job.id";
const JOB_NAME = "bullmq.job.name";
const ATTEMPTS_MADE = "bullmq.job.attempts.made";
const FAILED_REASON = "bullmq.job.failed.reason";

/** What is said of the worker that has it. */
interface WorkerKind {
  /** Flows end with its jobs, whatever its processor is. */
  endFlow: boolean;
  /** Its processor is a file that continues the flow by itself. */
  sandboxed: boolean;
}

export function telemetryOf(kind: WorkerKind): Telemetry<Context> {
  return {
    tracer: {
      startSpan(name, options, parent) {
        const operation = name.split(" ", 1)[0] ?? "";
        if (options?.kind === SpanKind.PRODUCER) return new AddSpan(operation);
        if (options?.kind === SpanKind.CONSUMER) return new PickUpSpan(parent !== undefined, kind);
        return isOutcome(operation) ? new OutcomeSpan(operation) : IGNORED;
      },
    },
    contextManager: CONTEXTS,
  };
}

const CONTEXTS: Telemetry<Context>["contextManager"] = {
  active: activeContext,
  root: () => withScope(ROOT_CONTEXT, undefined),
  with<F extends (...args: never[]) => unknown>(ctx: Context, fn: F): ReturnType<F> {
    const add = ctx.getValue(ADD) as AddSpan | undefined;
    if (add === undefined) return inContext(ctx, fn as () => ReturnType<F>);
    const result = inContext(ctx.deleteValue(ADD), fn as () => ReturnType<F>);
    add.returns(result);
    return result;
  },
  getMetadata(ctx: Context): string {
    return ctx.getValue(ADD) === undefined ? (jobRun(ctx)?.metadata ?? "") : metadataIn(ctx);
  },
  fromMetadata: (active: Context, metadata: string): Context => contextFrom(metadata, active),
};

class IgnoredSpan implements Span {
  setSpanOnContext(ctx: Context): Context {
    return ctx;
  }
  setAttribute(): void {}
  setAttributes(_attributes: Attributes): void {}
  addEvent(): void {}
  recordException(): void {}
  end(): void {}
}

const IGNORED = new IgnoredSpan();

/** Jobs are being added: one, many, or a tree of them. */
class AddSpan extends IgnoredSpan {
  readonly #operation: string;
  readonly #since = runtime()?.now();
  #inFlow = false;

  constructor(operation: string) {
    super();
    this.#operation = operation;
  }

  override setSpanOnContext(ctx: Context): Context {
    const run = jobRun(ctx);
    // A worker that has finished a job of ours adds the next one of a schedule, which belongs to someone else.
    const byWorker = run?.settled === true && scopeOf(ctx) === run.scope;
    this.#inFlow = !byWorker && scopeOf(ctx) !== undefined;
    return (byWorker ? outside(ctx) : ctx).setValue(ADD, this);
  }

  /** Only now the jobs have ids; and one that never came into the queue does not wait. */
  returns(added: unknown): void {
    // The nodes of a tree come into the queue together, when the call around them is done.
    if (this.#operation === "addNode") return;
    void Promise.resolve(added).then(
      (value) => {
        for (const job of jobsIn(value)) {
          if (this.#inFlow && job.opts?.telemetry === undefined) diagnoseNoMetadata(job.queueName);
          openWait(job, this.#since).catch((error: unknown) =>
            diagnoseInternal("a BullMQ job's wait", error),
          );
        }
      },
      () => {},
    );
  }
}

/** BullMQ gives a node of a tree the metadata only where that has options to put it in. */
function diagnoseNoMetadata(queueName: string): void {
  diagnose(
    "bullmq-no-metadata",
    `a job of queue ${queueName} was added in a flow and does not belong to it, as BullMQ kept no place for that: ` +
      "expected FlowProducer.add({ name, queueName, opts: {} }), with `opts` in every node",
    queueName,
  );
}

/** A worker has a job and begins with it. */
class PickUpSpan extends IgnoredSpan {
  readonly #hasMetadata: boolean;
  readonly #kind: WorkerKind;
  #queueName = "";
  #run: JobRun | undefined;
  #context: PickUpContext | undefined;

  constructor(hasMetadata: boolean, kind: WorkerKind) {
    super();
    this.#hasMetadata = hasMetadata;
    this.#kind = kind;
  }

  override setSpanOnContext(ctx: Context): Context {
    // The worker may have been made in a flow: its jobs are not part of that.
    if (!this.#hasMetadata) return outside(ctx);
    this.#run = jobRun(ctx);
    if (this.#run !== undefined) Object.assign(this.#run, this.#kind);
    this.#context = new PickUpContext(ctx);
    return this.#context;
  }

  override setAttributes(attributes: Attributes): void {
    this.#queueName = textOf(attributes[QUEUE_NAME]) ?? this.#queueName;
    const jobId = textOf(attributes[JOB_ID]);
    const run = this.#run;
    const failures = attributes[ATTEMPTS_MADE];
    if (run !== undefined && typeof failures === "number") run.hasFailed(failures);
    if (run === undefined || jobId === undefined || run.jobId !== "") return;
    if (isScheduledId(jobId)) {
      this.#run = undefined;
      this.#context?.leaveFlow();
      return;
    }
    run.isOf(this.#queueName, jobId, textOf(attributes[JOB_NAME]) ?? "");
    run.pickedUp();
  }

  /** BullMQ tells why it gave up only after it has; a processor's own error says more. */
  override addEvent(_name?: string, attributes?: Attributes): void {
    const run = this.#run;
    const reason = textOf(attributes?.[FAILED_REASON]);
    if (run !== undefined && reason !== undefined && run.givenUp && run.endsFlow(reason)) {
      run.scope.flow.fail(unrecoverable(reason));
    }
  }
}

/** A job is named only when its context is in use already; and then it may be one that belongs to no flow. */
class PickUpContext implements Context {
  #inner: Context;

  constructor(inner: Context) {
    this.#inner = inner;
  }

  leaveFlow(): void {
    this.#inner = outside(this.#inner);
  }

  getValue(key: symbol): unknown {
    return this.#inner.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return this.#inner.setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.#inner.deleteValue(key);
  }
}

const OUTCOMES = ["complete", "fail", "retry", "delay"] as const;
type Outcome = (typeof OUTCOMES)[number];

function isOutcome(operation: string): operation is Outcome {
  return (OUTCOMES as readonly string[]).includes(operation);
}

/** A worker moves a job on. What counts is BullMQ's own decision, not ours from the job's options. */
class OutcomeSpan extends IgnoredSpan {
  readonly #outcome: Outcome;
  readonly #since = runtime()?.now() ?? Date.now();
  #run: JobRun | undefined;
  #queueName: string | undefined;
  #jobId: string | undefined;
  #failed = false;

  constructor(outcome: Outcome) {
    super();
    this.#outcome = outcome;
  }

  override setSpanOnContext(ctx: Context): Context {
    this.#run = jobRun(ctx);
    return ctx;
  }

  override setAttributes(attributes: Attributes): void {
    this.#queueName = textOf(attributes[QUEUE_NAME]) ?? this.#queueName;
    this.#jobId = textOf(attributes[JOB_ID]) ?? this.#jobId;
  }

  override recordException(): void {
    this.#failed = true;
  }

  override end(): void {
    const run = this.#run;
    // A processor may move other jobs than its own.
    if (run === undefined || this.#jobId !== run.jobId || this.#queueName !== run.queueName) return;
    if (this.#failed) return;
    run.settled = true;
    if (this.#outcome === "retry" || this.#outcome === "delay") run.willRetry(this.#since);
    else if (this.#outcome === "complete") {
      if (run.endFlow) run.scope.flow.end();
    } else if (!run.hasThrown) run.givenUp = true;
    else if (run.endFlow) failFlow(run);
  }
}

function failFlow({ scope, thrown }: JobRun): void {
  if (isAbort(thrown)) scope.flow.cancel(describeError(thrown).message);
  else scope.flow.fail(thrown);
}

/** As BullMQ calls what it gives up by itself. */
function unrecoverable(reason: string): Error {
  const error = new Error(reason);
  error.name = "UnrecoverableError";
  // Ours would lead nowhere.
  error.stack = "";
  return error;
}

interface JobNode {
  job: QueuedJob;
  children?: JobNode[];
}

/** The jobs in what an adding call returned: a job, a list of them, or trees. */
function* jobsIn(added: unknown): Generator<QueuedJob> {
  if (Array.isArray(added)) for (const one of added) yield* jobsIn(one);
  else if (isRecord(added) && isRecord(added["job"])) {
    const { job, children = [] } = added as unknown as JobNode;
    yield job;
    yield* jobsIn(children);
  } else if (isRecord(added) && typeof added["queueName"] === "string") yield added as unknown as QueuedJob;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
