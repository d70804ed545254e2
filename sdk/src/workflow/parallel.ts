/** `parallel`: tasks beside one another, their results in order. */
import { checkConcurrency } from "./checks.ts";
import { TasksFailed } from "./errors/tasks-failed.ts";
import { BLOCKED, type Course, DONE, type Frame, Part, type Verdict } from "./part.ts";
import { Pool } from "./pool.ts";
import { endWith } from "./run.ts";
import type { Step } from "./step.ts";
import {
  checkCollect,
  checkTasks,
  collect,
  type ResultOf,
  type Task,
  type Tasks,
  tasksFor,
} from "./tasks.ts";
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

const UNDER_WAY = 1;

type Results = (PromiseSettledResult<unknown> | undefined)[];

interface UnderWay {
  readonly base: unknown;
  readonly firstUnit: number;
  readonly attempt: number;
  readonly results: Results;
  readonly pool?: Pool;
  late?: DOMException;
}

class Parallel extends Part {
  readonly type = "parallel";
  override readonly name: string | undefined;
  override readonly detail: string | undefined;
  readonly #tasks: unknown;
  readonly #options: ParallelOptions;
  readonly #what: string;

  constructor(tasks: unknown, options: ParallelOptions) {
    super();
    this.#tasks = tasks;
    this.#options = options;
    this.name = options.name ?? options.collectAs;
    this.#what = this.name === undefined ? "parallel" : `parallel ${this.name}`;
    const { concurrency, policy } = options;
    const most = concurrency === undefined ? undefined : `${concurrency} at once`;
    this.detail =
      [most, policy === "collect" ? "collects failures" : undefined].filter(Boolean).join(", ") || undefined;
  }

  override works({ data }: Frame): boolean {
    return (data as UnderWay | undefined)?.pool === undefined;
  }

  step(run: Course, frame: Frame): Verdict {
    const data =
      (frame.data as UnderWay | undefined)?.pool === undefined ? this.#begin(run, frame) : frame.data;
    const { pool, results, late } = data as Required<UnderWay>;
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
    const data = frame.data as UnderWay | undefined;
    if (data === undefined) return undefined;
    const { base, firstUnit, attempt, results } = data;
    return { base, firstUnit, attempt, results };
  }

  get #failsFast(): boolean {
    return this.#options.policy !== "collect";
  }

  #begin(run: Course, frame: Frame): UnderWay {
    const before = frame.data as UnderWay | undefined;
    const base = before?.base ?? run.read(frame);
    const tasks = tasksFor(this.#what, this.#tasks, base);
    const results: Results = before?.results ?? Array.from(tasks, () => undefined);
    if (results.length !== tasks.length)
      throw new TypeError(
        `${this.#what}: expected ${results.length} tasks, as when it was begun, got ${tasks.length} from the same state`,
      );
    const firstUnit = before?.firstUnit ?? run.nextUnit();
    if (before === undefined) for (let n = 1; n < tasks.length; n += 1) run.nextUnit();
    const attempt = (before?.attempt ?? 0) + 1;
    const work = run.work(frame, attempt);
    const pool = new Pool(run, frame, work, {
      total: tasks.length,
      concurrency: this.#options.concurrency ?? Number.POSITIVE_INFINITY,
      name: this.name ?? "task",
      optional: !this.#failsFast,
      firstUnit,
      attempt,
      isDone: (index) => results[index] !== undefined,
      call: (index) => tasks[index]?.(work),
    });
    const data: UnderWay = { base, firstUnit, attempt, results, pool };
    frame.data = data;
    frame.at = UNDER_WAY;
    const { timeout } = this.#options;
    if (timeout !== undefined)
      work.limit(run.clock, timeout, this.#what, (error) => {
        data.late = error;
        run.wake(frame);
      });
    return data;
  }

  #late(run: Course, frame: Frame, error: DOMException): Verdict {
    const { results } = frame.data as UnderWay;
    if (this.#failsFast) return this.#fail(run, frame, error);
    for (const [index, result] of results.entries())
      if (result === undefined) results[index] = { status: "rejected", reason: error };
    return this.#end(run, frame);
  }

  #end(run: Course, frame: Frame): Verdict {
    const { pool, results } = frame.data as Required<UnderWay>;
    pool.work.end();
    const values = this.#failsFast ? results.map(valueIn) : results;
    collect(run, frame, this.#options.collectAs, values, this.#what);
    return DONE;
  }

  /** @throws {TasksFailed} */
  #fail(run: Course, frame: Frame, cause: unknown): never {
    const { pool, results } = frame.data as Required<UnderWay>;
    const error = new TasksFailed(this.#what, results, cause);
    pool.work.abort(error);
    collect(run, frame, this.#options.collectAs, results.map(valueIn), this.#what);
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
