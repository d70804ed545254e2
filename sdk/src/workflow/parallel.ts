/** `parallel`: tasks beside one another, their results in order. */
import { checkConcurrency } from "./checks.ts";
import { TasksFailed } from "./errors/tasks-failed.ts";
import { BLOCKED, type Course, DONE, type Frame, type Verdict } from "./part.ts";
import { openPool } from "./pool.ts";
import { endWith } from "./run.ts";
import type { Step } from "./step.ts";
import { checkCollect, checkTasks, type ResultOf, type Task, type Tasks, tasksFor } from "./tasks.ts";
import { type Results, type Running, TasksPart } from "./tasks-part.ts";
import { checkTimeout } from "./work.ts";

/** Options of `parallel`. */
export interface ParallelOptions {
  /** Shown. Default: `collectAs`. */
  name?: string | undefined;
  /** The key of the state that the results are put under, in the order of the tasks. Default: they are dropped. */
  collectAs?: string | undefined;
  /** How many at once. Default: all. */
  concurrency?: number | undefined;
  /** Milliseconds for all of them. Default: none. */
  timeout?: number | undefined;
  /**
   * `fail-fast`: the first failure aborts the others and fails the run; what had come is in the error and the state.
   * `collect`: all go on, and each result says how it ended, as `Promise.allSettled` does. Default `"fail-fast"`.
   */
  policy?: "fail-fast" | "collect" | undefined;
}

/** With what it began. */
interface ParallelRunning extends Running {
  readonly base: unknown;
}

class Parallel extends TasksPart<ParallelOptions> {
  readonly type = "parallel";
  override readonly detail: string | undefined;

  constructor(tasks: unknown, options: ParallelOptions) {
    super("parallel", tasks, options);
    const { concurrency, policy } = options;
    const most = concurrency === undefined ? undefined : `${concurrency} at once`;
    this.detail =
      [most, policy === "collect" ? "collects failures" : undefined].filter(Boolean).join(", ") || undefined;
  }

  protected goOn(run: Course, frame: Frame, { pool, results, late }: Running): Verdict {
    for (const { index, seen, came } of pool.take()) {
      results[index] = came;
      if (came.status === "fulfilled") seen.end();
      else endWith(seen, came.reason);
      if (came.status === "rejected" && this.#failsFast) return this.#fail(run, frame, came.reason);
    }
    if (late !== undefined) return this.#late(run, frame, late);
    pool.fill();
    if (pool.isEmpty) return this.#end(run, frame);
    return BLOCKED;
  }

  override save(_run: Course, frame: Frame): unknown {
    const running = frame.data as ParallelRunning | undefined;
    if (running === undefined) return undefined;
    const { base, firstUnit, attempt, results } = running;
    return { base, firstUnit, attempt, results };
  }

  get #failsFast(): boolean {
    return this.options.policy !== "collect";
  }

  protected begin(run: Course, frame: Frame): ParallelRunning {
    const before = frame.data as Omit<ParallelRunning, "pool"> | undefined;
    const base = before?.base ?? run.read(frame);
    const tasks = tasksFor(this.what, this.tasks, base);
    const results: Results = before?.results ?? Array.from(tasks, () => undefined);
    if (results.length !== tasks.length)
      throw new TypeError(
        `${this.what}: expected ${results.length} tasks, as when it was begun, got ${tasks.length} from the same state`,
      );
    const opened = openPool(run, frame, before, {
      total: tasks.length,
      concurrency: this.options.concurrency ?? Number.POSITIVE_INFINITY,
      name: this.name ?? "task",
      optional: !this.#failsFast,
      isDone: (index) => results[index] !== undefined,
      call: (index, work) => tasks[index]?.(work),
    });
    return { base, results, ...opened };
  }

  #late(run: Course, frame: Frame, error: DOMException): Verdict {
    const { results } = frame.data as Running;
    if (this.#failsFast) return this.#fail(run, frame, error);
    for (const [index, result] of results.entries())
      if (result === undefined) results[index] = { status: "rejected", reason: error };
    return this.#end(run, frame);
  }

  #end(run: Course, frame: Frame): Verdict {
    const { pool, results } = frame.data as Running;
    pool.work.end();
    const values = this.#failsFast ? results.map(valueIn) : results;
    this.collect(run, frame, values);
    return DONE;
  }

  /** @throws {TasksFailed} */
  #fail(run: Course, frame: Frame, cause: unknown): never {
    const { pool, results } = frame.data as Running;
    const error = new TasksFailed(this.what, results, cause);
    pool.work.abort(error);
    this.collect(run, frame, results.map(valueIn));
    throw error;
  }
}

function valueIn(result: PromiseSettledResult<unknown> | undefined): unknown {
  return result?.status === "fulfilled" ? result.value : undefined;
}

interface ParallelFn {
  <S, Ts extends readonly Task<unknown>[], const K extends string>(
    tasks: Tasks<S, Ts>,
    options: ParallelOptions & { collectAs: K; policy: "collect" },
  ): Step<S, S & Record<K, PromiseSettledResult<ResultOf<Ts>>[]>>;
  <S, Ts extends readonly Task<unknown>[], const K extends string>(
    tasks: Tasks<S, Ts>,
    options: ParallelOptions & { collectAs: K },
  ): Step<S, S & Record<K, ResultOf<Ts>[]>>;
  <S>(
    tasks: Tasks<S, readonly Task<unknown>[]>,
    options?: ParallelOptions & { collectAs?: undefined },
  ): Step<S>;
}

/**
 * Runs tasks beside one another, and goes on when all have ended. No task gives an empty list of results.
 *
 * @example
 * parallel((state) => state.urls.map((url) => ({ signal }) => fetchBook(url, signal)), { collectAs: "fetched", concurrency: 4 });
 */
export const parallel: ParallelFn = (tasks: unknown, options: ParallelOptions = {}): never => {
  checkTasks("parallel", tasks);
  checkCollect("parallel", options.collectAs);
  checkConcurrency("parallel", options.concurrency);
  checkTimeout("parallel", options.timeout);
  const { policy = "fail-fast" } = options;
  if (policy !== "fail-fast" && policy !== "collect")
    throw new TypeError(
      `parallel: expected policy to be "fail-fast" or "collect", got ${JSON.stringify(policy)}`,
    );
  return new Parallel(tasks, options) as never;
};
