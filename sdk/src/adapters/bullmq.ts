/** Flows over BullMQ queues. */
import type { Job, Processor, Telemetry } from "bullmq";
import { diagnose } from "../diagnostics.ts";
import { describeError } from "../errors.ts";
import { runtimeFor } from "../runtime.ts";
import { activeContext, inContext, withScope } from "../scope.ts";
import { step } from "../step.ts";
import type { UserAttributes } from "../types.ts";
import { named } from "../wrapping.ts";
import { attributesOf, isScheduled, type Progress } from "./bullmq-job.ts";
import { contextFrom, metadataOf } from "./bullmq-metadata.ts";
import { addProcessor, type JobRun, jobRun } from "./bullmq-run.ts";
import { telemetryOf } from "./bullmq-telemetry.ts";

/** Options of `flowProcessor`. */
export interface FlowProcessorOptions<Data = unknown> {
  /**
   * `true`: the flow ends with this job, as succeeded when the job is completed, as failed when BullMQ gives up on
   * it: after the last attempt, at once for an `UnrecoverableError`, or when it has stalled too often. Default `false`.
   */
  endFlow?: boolean | undefined;
  /** Shown with each attempt. Without it nothing of a job's data is. A result never is. */
  attributes?: ((job: Job<Data>) => UserAttributes) | undefined;
}

/** Options of `bullmqTelemetry`, for workers. */
export interface TelemetryOptions {
  /**
   * As of `flowProcessor`, for a Worker whose processor is a file, or has no `flowProcessor` around it. Also where jobs
   * may fail with no processor asked, as a child failed or the last worker died of them, and the workers of this process
   * differ in it. Default `false`.
   */
  endFlow?: boolean | undefined;
  /**
   * `true`: the Worker's processor is a file, which calls `continueFlow`. From a failed attempt until the next the job is
   * shown to wait, which that file alone would know only when it is over. Default `false`.
   */
  sandboxed?: boolean | undefined;
}

/**
 * The `telemetry` of queues, flow producers and workers. A job that is added in a flow belongs to that flow: its
 * time in the queue is a step of kind `queue`, from the call of `add` until a worker has it, and again from each
 * failed attempt until the next. Jobs added outside a flow stay as they are. Of a job, Weir gets its name and id.
 *
 * What a schedule makes (`upsertJobScheduler`, or `repeat` in BullMQ 5) belongs to no flow, though the schedule was
 * made in one: open a flow in the processor. A job that isn't added, as the queue had its id already, is shown as
 * cancelled. A node of a `FlowProducer` tree belongs to the flow where it has `opts`, be they empty.
 *
 * @example
 * const queue = new Queue("imports", { connection, telemetry: bullmqTelemetry() });
 */
export function bullmqTelemetry(options: TelemetryOptions = {}): Telemetry {
  return telemetryOf({ endFlow: options.endFlow === true, sandboxed: options.sandboxed === true });
}

/**
 * A worker's processor that continues the job's flow: each attempt is a step with the job's name, and steps opened
 * in the processor hang under it. Its Worker needs `telemetry: bullmqTelemetry()` too.
 *
 * @example
 * new Worker("imports", flowProcessor(async (job) => store(job.data), { endFlow: true }), {
 *   connection,
 *   telemetry: bullmqTelemetry(),
 * });
 */
export function flowProcessor<Data, Result, Name extends string>(
  processor: Processor<Data, Result, Name>,
  options: FlowProcessorOptions<Data> = {},
): Processor<Data, Result, Name> {
  const endFlow = options.endFlow === true;
  addProcessor(endFlow);
  // BullMQ looks at a processor's length to see whether it takes a signal.
  return named(processor, async function processInFlow(this: unknown, job, ...rest): Promise<Result> {
    const run = jobRun();
    if (run === undefined) {
      if (isMissed(job) && runtimeFor("flowProcessor") !== undefined) diagnoseNoTelemetry(job.queueName);
      return processor.call(this, job, ...rest);
    }
    run.isProcessed(endFlow);
    return attempt(run, job, attributesFrom(options, job), () => processor.call(this, job, ...rest));
  } satisfies Processor<Data, Result, Name>);
}

/** What `continueFlow` reads of a job. */
export type SandboxedJob = Pick<
  Job,
  "name" | "queueName" | "opts" | "attemptsMade" | "attemptsStarted" | "stalledCounter"
> & {
  id?: string | undefined;
  repeatJobKey?: string | undefined;
};

/**
 * For a sandboxed processor, which BullMQ runs in a process or thread of its own: does there what `flowProcessor` does
 * elsewhere. The file calls `setup()` itself. The Worker, in the main process, has
 * `telemetry: bullmqTelemetry({ sandboxed: true })`, with `endFlow: true` where the flow ends with the job.
 *
 * @returns what `fn` returned
 * @example
 * // import-job.ts, for new Worker("imports", new URL("import-job.js", import.meta.url), { … })
 * import type { SandboxedJob } from "bullmq";
 * setup({ serviceName: "import-worker" });
 * export default (job: SandboxedJob) => continueFlow(job, () => step.start("store", () => store(job.data)));
 */
export async function continueFlow<Result>(
  job: SandboxedJob,
  fn: () => Result | Promise<Result>,
): Promise<Result> {
  const metadata = isScheduled(job) ? undefined : metadataOf(job);
  if (metadata === undefined) return fn();
  const ctx = contextFrom(metadata, activeContext());
  const run = jobRun(ctx);
  if (run === undefined) return fn();
  run.isOf(job.queueName, job.id ?? "", job.name);
  run.sandboxed = true;
  return inContext(ctx, () => {
    // The Worker has ended it already, unless that has no telemetry: the first end counts.
    run.pickedUp();
    return attempt(run, job, {}, fn);
  });
}

/** One attempt of a job, as a step. */
async function attempt<Result>(
  run: JobRun,
  job: SandboxedJob,
  own: UserAttributes,
  fn: () => Result | Promise<Result>,
): Promise<Result> {
  const progress = progressOf(job);
  run.begins(progress, job);
  const attributes = { ...own, ...attributesOf(job.name, job.id) };
  const handle = inContext(withScope(activeContext(), run.group()), () =>
    step.open(job.name, { attempt: progress.attempt, attributes }),
  );
  try {
    return await handle.run(fn);
  } catch (error) {
    run.thrown = error;
    run.hasThrown = true;
    const putBack = putBackBy(error);
    if (putBack !== undefined) {
      handle.cancel(putBack);
      run.isPutBack();
    }
    throw error;
  } finally {
    handle[Symbol.dispose]();
  }
}

function attributesFrom<Data>({ attributes }: FlowProcessorOptions<Data>, job: Job<Data>): UserAttributes {
  if (typeof attributes !== "function") return {};
  try {
    return attributes(job);
  } catch (error) {
    const { type, message } = describeError(error);
    diagnose(
      "flow-options",
      `flowProcessor: expected attributes(job) to return an object, it threw ${type}: ${message}`,
      "attributes",
    );
    return {};
  }
}

/**
 * Which attempt this is. BullMQ does not count one whose worker died, the job "stalled"; here it counts, so that what
 * died unfinished is not taken for what goes on.
 */
function progressOf({ attemptsMade, attemptsStarted, stalledCounter }: SandboxedJob): Progress {
  const putBacks = attemptsStarted - 1 - attemptsMade - stalledCounter;
  return {
    attempt: attemptsMade + stalledCounter + 1,
    putBacks: Math.max(putBacks, 0),
    failures: attemptsMade,
  };
}

/** How a processor says that its job is to go on later: BullMQ takes these for no failure. */
const PUT_BACK: Record<string, string> = {
  DelayedError: "the job was put off until later",
  WaitingError: "the job was put back into the queue",
  WaitingChildrenError: "the job waits for its children",
  RateLimitError: "the queue is at its rate limit",
};

/** By name, as BullMQ does: the classes may be another copy's. */
function putBackBy(error: unknown): string | undefined {
  const { name, message } = (error ?? {}) as { name?: unknown; message?: unknown };
  if (message === "bullmq:rateLimitExceeded") return PUT_BACK["RateLimitError"];
  return typeof name === "string" && Object.hasOwn(PUT_BACK, name) ? PUT_BACK[name] : undefined;
}

/** The job belongs to a flow, of which its worker knows nothing. */
function isMissed(job: Job): boolean {
  return !isScheduled(job) && metadataOf(job) !== undefined;
}

function diagnoseNoTelemetry(queueName: string): void {
  diagnose(
    "bullmq-telemetry",
    `flowProcessor: a job of queue ${queueName} belongs to a flow, but its Worker has no telemetry of Weir: ` +
      "expected new Worker(name, flowProcessor(…), { connection, telemetry: bullmqTelemetry() })",
    queueName,
  );
}
