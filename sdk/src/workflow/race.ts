/** `race`: the first result of several tasks. */
import { TasksFailed } from "./errors/tasks-failed.ts";
import { BLOCKED, type Course, DONE, type Frame, type Verdict } from "./part.ts";
import { type Begun, openPool, type Pool } from "./pool.ts";
import { endWith } from "./run.ts";
import type { Opened } from "./seen.ts";
import type { Step } from "./step.ts";
import { checkCollect, checkTasks, type ResultOf, type Task, type Tasks, tasksFor } from "./tasks.ts";
import { type Running, TasksPart } from "./tasks-part.ts";
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

class Race extends TasksPart<RaceOptions> {
  readonly type = "race";

  constructor(tasks: unknown, options: RaceOptions) {
    super("race", tasks, options);
  }

  protected goOn(run: Course, frame: Frame, { pool, results, late }: Running): Verdict {
    for (const piece of pool.take()) {
      if (piece.came.status === "fulfilled") return this.#won(run, frame, pool, piece.seen, piece.came.value);
      results[piece.index] = piece.came;
      endWith(piece.seen, piece.came.reason);
    }
    if (late !== undefined) throw new TasksFailed(this.what, results, late);
    pool.fill();
    if (!pool.isEmpty) return BLOCKED;
    pool.work.end();
    throw new TasksFailed(this.what, results, reasonOf(results[0]));
  }

  /** A race that was cut short is run again: nobody has won it. */
  override save(_run: Course, frame: Frame): unknown {
    const data = frame.data as Running | undefined;
    return data && { firstUnit: data.firstUnit, attempt: data.attempt };
  }

  protected begin(run: Course, frame: Frame): Running {
    const tasks = tasksFor(this.what, this.tasks, run.read(frame));
    if (tasks.length === 0)
      throw new TypeError(`${this.what}: expected at least one task, got none: nobody can win`);
    const opened = openPool(run, frame, frame.data as Begun | undefined, {
      total: tasks.length,
      concurrency: Number.POSITIVE_INFINITY,
      name: this.name ?? "runner",
      optional: true,
      isDone: () => false,
      call: (index, work) => tasks[index]?.(work),
    });
    return { results: Array.from(tasks, () => undefined), ...opened };
  }

  #won(run: Course, frame: Frame, pool: Pool, seen: Opened, value: unknown): Verdict {
    seen.end();
    pool.work.abort(new DOMException(`${this.what}: another task was first`, "AbortError"));
    run.dropOpen("another task was first");
    this.collect(run, frame, value);
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
