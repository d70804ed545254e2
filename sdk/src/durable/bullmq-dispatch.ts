/** BullMQ as the queue of enqueued runs: a job says which run is to be worked on, and its retries go on with that run. */
import { hash } from "node:crypto";
import type { JobsOptions } from "bullmq";
import type { AnyFlow } from "./flow.ts";
import { type Dispatch, FlowScope } from "./flow-scope.ts";
import type { Scope } from "./handle.ts";
import { checkNamed } from "./request.ts";

/** What is used of a BullMQ `Queue`. */
export interface DispatchQueue {
  add(name: string, data: DispatchedRun, options: JobsOptions): Promise<unknown>;
}

/** What a job in the queue says of its run; all else is in the journal. */
export interface DispatchedRun {
  readonly runId: string;
  readonly tenant: string;
}

/** What is used of a BullMQ `Job`. */
export interface DispatchedJob {
  readonly data: DispatchedRun;
  /** Before this one. */
  readonly attemptsMade: number;
  readonly opts: { attempts?: number | undefined };
}

/** Hands runs to workers over a BullMQ queue; made by `bullmqDispatch`. */
export interface BullmqDispatch extends Dispatch {
  /**
   * For a BullMQ `Worker`: claims the run of a job and goes on with it. While the job has attempts left, a failure fails
   * the attempt only, and the next goes on after the last step that succeeded; the last attempt ends the run, and undoes
   * it. A run that sleeps or waits for long lets the job succeed, and is woken by the scope.
   */
  processor(scope: Scope, options: { flows: readonly AnyFlow[] }): (job: DispatchedJob) => Promise<void>;
}

/**
 * Puts a job into the queue for each run that is enqueued, named like its flow.
 *
 * @param jobOptions of each job, such as `attempts` and `backoff`
 * @example
 * import { Queue, Worker } from "bullmq";
 * const dispatch = bullmqDispatch(new Queue("runs", { connection }), { attempts: 5, backoff: { type: "exponential", delay: 1000 } });
 * const scope = createScope({ journal: redisJournal({ connection }), dispatch });
 * await scope.enqueue(order, { id: "o-17" }, { id: "o-17", tenant: "acme-corp" });
 * new Worker("runs", dispatch.processor(scope, { flows: [order] }), { connection });
 */
export function bullmqDispatch(
  queue: DispatchQueue,
  jobOptions: Omit<JobsOptions, "jobId"> = {},
): BullmqDispatch {
  return {
    async dispatch({ id, flow, tenant }) {
      // The same run is the same job, and BullMQ takes not every text for an id.
      const jobId = hash("sha256", id).slice(0, 32);
      await queue.add(flow, { runId: id, tenant }, { ...jobOptions, jobId });
    },
    processor(scope, { flows }) {
      if (!(scope instanceof FlowScope))
        throw new TypeError("processor: expected a scope made by createScope of this package");
      for (const flow of flows) checkNamed("processor", flow);
      const runs = scope.journalRuns("processor");
      return async ({ data, attemptsMade, opts }) => {
        const holdFailed = attemptsMade + 1 < (opts.attempts ?? 1);
        await runs.finish(data.runId, flows, { holdFailed });
      };
    },
  };
}
