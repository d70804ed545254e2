/** Pieces of work beside one another, so many at once, each seen as a step of its own. */
import { isThenable } from "./checks.ts";
import type { Course, Frame } from "./part.ts";
import type { Opened } from "./seen.ts";
import type { WorkContext } from "./work.ts";

export interface Piece {
  readonly index: number;
  readonly seen: Opened;
  readonly came: PromiseSettledResult<unknown>;
}

/** The units of work of a pool, which it has again after a crash. */
export interface Begun {
  /** The first; each piece has the next number. */
  readonly firstUnit: number;
  /** From 1; a piece that a crash cut short is made anew. */
  readonly attempt: number;
}

export interface PoolOptions {
  /** How many there are. */
  readonly total: number;
  readonly concurrency: number;
  /** Shown; the number of the piece is added. */
  readonly name: string;
  /** The failure of one is not that of the run. */
  readonly optional: boolean;
  /** Done before: not to be done again. */
  isDone(index: number): boolean;
  call(index: number, work: WorkContext): unknown;
}

/** @param before what a journal kept of it */
export function openPool(
  run: Course,
  frame: Frame,
  before: Begun | undefined,
  options: PoolOptions,
): Begun & { readonly pool: Pool } {
  const firstUnit = before?.firstUnit ?? run.nextUnit();
  if (before === undefined) for (let n = 1; n < options.total; n += 1) run.nextUnit();
  const attempt = (before?.attempt ?? 0) + 1;
  const pool = new Pool(run, frame, run.work(frame, attempt), firstUnit, options);
  return { firstUnit, attempt, pool };
}

export class Pool {
  readonly work: WorkContext;
  readonly #run: Course;
  readonly #frame: Frame;
  readonly #firstUnit: number;
  readonly #options: PoolOptions;
  #next = 0;
  #active = 0;
  #ended: Piece[] = [];

  constructor(run: Course, frame: Frame, work: WorkContext, firstUnit: number, options: PoolOptions) {
    this.#run = run;
    this.#frame = frame;
    this.work = work;
    this.#firstUnit = firstUnit;
    this.#options = options;
  }

  /** Nothing is under way, and nothing is left to begin. */
  get isEmpty(): boolean {
    return this.#active === 0 && this.#ended.length === 0 && this.#next >= this.#options.total;
  }

  /** Another one may be begun. What has ended holds its place until it was taken. */
  get hasRoom(): boolean {
    const { total, concurrency } = this.#options;
    return this.#active + this.#ended.length < concurrency && this.#next < total && !this.work.isOver;
  }

  /** Begins as many as may be under way. */
  fill(): void {
    const { isDone } = this.#options;
    while (this.hasRoom) {
      const index = this.#next;
      this.#next += 1;
      if (!isDone(index)) this.#begin(index);
    }
  }

  /** What has ended since it was last asked. */
  take(): Piece[] {
    const ended = this.#ended;
    this.#ended = [];
    for (const { seen } of ended) this.#run.close(seen);
    return ended;
  }

  #begin(index: number): void {
    const { name, optional, call } = this.#options;
    const seen = this.#run.openBeside(this.#frame, {
      name: `${name} ${index + 1}`,
      number: this.#firstUnit + index,
      attempt: this.work.attempt,
      optional,
    });
    this.#active += 1;
    const end = (came: PromiseSettledResult<unknown>) => {
      this.#active -= 1;
      this.#ended.push({ index, seen, came });
      this.#run.wake(this.#frame);
    };
    const rejected = (reason: unknown) => end({ status: "rejected", reason });
    try {
      const returned = seen.run(() => call(index, this.work));
      if (isThenable(returned)) returned.then((value) => end({ status: "fulfilled", value }), rejected);
      else end({ status: "fulfilled", value: returned });
    } catch (reason) {
      rejected(reason);
    }
  }
}
