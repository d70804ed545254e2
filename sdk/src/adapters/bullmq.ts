/** Flows over BullMQ queues. */
import { context } from "@opentelemetry/api";
import type { Job, Processor, Telemetry } from "bullmq";
import { BAGGAGE } from "../attributes.ts";
import { diagnose } from "../diagnostics.ts";
import { runtimeFor } from "../runtime.ts";
import { withScope } from "../scope.ts";
import { step } from "../step.ts";
import { named } from "../wrapping.ts";
import { attributesOf, jobRun, type Progress } from "./bullmq-job.ts";
import { telemetry } from "./bullmq-telemetry.ts";

/** Options of `flowProcessor`. */
export interface FlowProcessorOptions {
  /**
   * `true`: the flow ends with this job, as succeeded when the job is completed, as failed when BullMQ gives up on
   * it: after the last attempt, or at once for an `UnrecoverableError`. Default `false`.
   */
  endFlow?: boolean | undefined;
}

/**
 * The `telemetry` of queues, flow producers and workers. A job that is added in a flow belongs to that flow: its
 * time in the queue is a step of kind `queue`, from the call of `add` until a worker has it, and again from each
 * failed attempt until the next. Jobs added outside a flow stay as they are. Of a job, Weir gets its name and id.
 *
 * @example
 * const queue = new Queue("imports", { connection, telemetry: bullmqTelemetry() });
 */
export function bullmqTelemetry(): Telemetry {
  return telemetry;
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
  options: FlowProcessorOptions = {},
): Processor<Data, Result, Name> {
  // BullMQ looks at a processor's length to see whether it takes a signal.
  return named(processor, async function processInFlow(this: unknown, job, ...rest): Promise<Result> {
    const run = jobRun();
    if (run === undefined) {
      if (isAddedInFlow(job) && runtimeFor("flowProcessor") !== undefined) diagnoseNoTelemetry(job.queueName);
      return processor.call(this, job, ...rest);
    }
    const progress = progressOf(job);
    run.endFlow = options.endFlow === true;
    run.begins(progress);
    const attributes = attributesOf(job.name, job.id);
    const attempt = context.with(withScope(context.active(), run.group()), () =>
      step.open(job.name, { attempt: progress.attempt, attributes }),
    );
    try {
      return await attempt.run(() => processor.call(this, job, ...rest));
    } catch (error) {
      run.thrown = error;
      const putBack = putBackBy(error);
      if (putBack !== undefined) {
        attempt.cancel(putBack);
        run.isPutBack();
      }
      throw error;
    } finally {
      attempt[Symbol.dispose]();
    }
  } satisfies Processor<Data, Result, Name>);
}

/**
 * Which attempt this is. BullMQ does not count one whose worker died, the job "stalled"; here it counts, so that what
 * died unfinished is not taken for what goes on.
 */
function progressOf({ attemptsMade, attemptsStarted, stalledCounter }: Job): Progress {
  const putBacks = attemptsStarted - 1 - attemptsMade - stalledCounter;
  return { attempt: attemptsMade + stalledCounter + 1, putBacks: Math.max(putBacks, 0) };
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

function isAddedInFlow({ opts }: Job): boolean {
  return typeof opts?.telemetry?.metadata === "string" && opts.telemetry.metadata.includes(BAGGAGE.flowId);
}

function diagnoseNoTelemetry(queueName: string): void {
  diagnose(
    "bullmq-telemetry",
    `flowProcessor: a job of queue ${queueName} belongs to a flow, but its Worker has no telemetry of Weir: ` +
      "expected new Worker(name, flowProcessor(…), { connection, telemetry: bullmqTelemetry() })",
    queueName,
  );
}
