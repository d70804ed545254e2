/** `race`: the first result of several tasks. */
import { TasksFailed } from "./errors/tasks-failed.ts";
import { BLOCKED, type Course, DONE, type Frame, Part, type Verdict } from "./part.ts";
import { type Piece, Pool } from "./pool.ts";
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

/** Options of `race`. */
export interface RaceOptions {
  /** Shown. Default: `collectAs`. */
  name?: string | undefined;
  /** The key of the state that the result is put under. Default: it is dropped. */
  collectAs?: string | undefined;
  /** Milliseconds until there must be a result. Default: none. */
  timeout?: number | undefined;
}

interface UnderWay {
  readonly firstUnit: number;
  readonly attempt: number;
  readonly pool?: Pool;
  readonly results: (PromiseSettledResult<unknown> | undefined)[];
  /** Steps that have not ended. */
  late?: DOMException;
}

class Race extends Part {
  readonly type = "race";
  override readonly name: string | undefined;
  readonly #tasks: unknown;
  readonly #options: RaceOptions;
  readonly #what: string;

  constructor(tasks: unknown, options: RaceOptions) {
    super();
    this.#tasks = tasks;
    this.#options = options;
    this.name = options.name ?? options.collectAs;
    this.#what = this.name === undefined ? "race" : `race ${this.name}`;
  }

  override works({ data }: Frame): boolean {
    return (data as UnderWay | undefined)?.pool === undefined;
  }

  step(run: Course, frame: Frame): Verdict {
    const data =
      (frame.data as UnderWay | undefined)?.pool === undefined ? this.#begin(run, frame) : frame.data;
    const { pool, results, late } = data as Required<UnderWay>;
    for (const piece of pool.take()) {
      if (piece.came.status === "fulfilled") return this.#won(run, frame, piece, piece.came.value);
      results[piece.index] = piece.came;
      endWith(piece.seen, piece.came.reason);
    }
    if (late !== undefined) throw new TasksFailed(this.#what, results, late);
    pool.fill();
    if (!pool.isEmpty) return BLOCKED;
    pool.work.end();
    throw new TasksFailed(this.#what, results, reasonOf(results[0]));
  }

  /** A race that was cut short is run again: nobody has won it. */
  override save(_run: Course, frame: Frame): unknown {
    const data = frame.data as UnderWay | undefined;
    return data && { firstUnit: data.firstUnit, attempt: data.attempt };
  }

  #begin(run: Course, frame: Frame): UnderWay {
    const before = frame.data as UnderWay | undefined;
    const tasks = tasksFor(this.#what, this.#tasks, run.read(frame));
    if (tasks.length === 0)
      throw new TypeError(`${this.#what}: expected at least one task, got none: nobody can win`);
    const firstUnit = before?.firstUnit ?? run.nextUnit();
    if (before === undefined) for (let n = 1; n < tasks.length; n += 1) run.nextUnit();
    const attempt = (before?.attempt ?? 0) + 1;
    const work = run.work(frame, attempt);
    const pool = new Pool(run, frame, work, {
      total: tasks.length,
      concurrency: Number.POSITIVE_INFINITY,
      name: this.name ?? "runner",
      optional: true,
      firstUnit,
      attempt,
      isDone: () => false,
      call: (index) => tasks[index]?.(work),
    });
    const data: UnderWay = { firstUnit, attempt, pool, results: Array.from(tasks, () => undefined) };
    frame.data = data;
    const { timeout } = this.#options;
    if (timeout !== undefined)
      work.limit(run.clock, timeout, this.#what, (error) => {
        data.late = error;
        run.wake(frame);
      });
    return data;
  }

  #won(run: Course, frame: Frame, { seen }: Piece, value: unknown): Verdict {
    seen.end();
    const { pool } = frame.data as Required<UnderWay>;
    pool.work.abort(new DOMException(`${this.#what}: another task was first`, "AbortError"));
    run.dropOpen("another task was first");
    collect(run, frame, this.#options.collectAs, value, this.#what);
    return DONE;
  }
}

function reasonOf(result: PromiseSettledResult<unknown> | undefined): unknown {
  return result?.status === "rejected" ? result.reason : undefined;
}

interface RaceFn {
  <S, Ts extends readonly Task<unknown>[], const K extends string>(
    tasks: Tasks<S, Ts>,
    options: RaceOptions & { collectAs: K },
  ): Step<S, S & Record<K, ResultOf<Ts>>>;
  <S>(tasks: Tasks<S, readonly Task<unknown>[]>, options?: RaceOptions & { collectAs?: undefined }): Step<S>;
}

/**
 * Runs tasks beside one another, and takes the first result; the others are aborted. A failure does not win: only where
 * all fail, the run fails.
 *
 * @example
 * race([({ signal }) => mirrorA.read(signal), ({ signal }) => mirrorB.read(signal)], { collectAs: "page", timeout: 2_000 });
 */
export const race: RaceFn = (tasks: unknown, options: RaceOptions = {}): never => {
  checkTasks("race", tasks);
  checkCollect("race", options.collectAs);
  checkTimeout("race", options.timeout);
  return new Race(tasks, options) as never;
};
