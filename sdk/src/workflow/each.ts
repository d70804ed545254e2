/** `each`: the items of a list in the state, one after the other or some at once. */
import { checkConcurrency, checkFunction, checkKey } from "./checks.ts";
import { asError } from "./errors/step-failed.ts";
import { type ConcurrentItemOutcome, type ItemOutcome, read } from "./outcome.ts";
import { AGAIN, BLOCKED, type Course, DONE, type Frame, Part, type Verdict } from "./part.ts";
import { type Begun, openPool, type Piece, type Pool } from "./pool.ts";
import { applyOk, endWith } from "./run.ts";
import type { Step } from "./step.ts";
import type { Work } from "./work.ts";

/** Options of `each`. */
export interface EachOptions {
  /** Shown. Default: the key. */
  name?: string | undefined;
  /** How many items at once. With more than one, `ok` takes a function: a whole state would undo what others did. Default 1. */
  concurrency?: number | undefined;
}

/** Its next step begins items. */
const BEGINS = 0;
const UNDER_WAY = 1;

type ItemFn = (item: unknown, state: unknown, work: Work) => unknown;

interface UnderWay extends Begun {
  /** As the list was when it began. */
  readonly items: readonly unknown[];
  readonly done: boolean[];
  readonly pool?: Pool;
}

class Each extends Part {
  readonly type = "each";
  override readonly name: string;
  override readonly detail: string | undefined;
  readonly #key: string;
  readonly #fn: ItemFn;
  readonly #concurrency: number;

  constructor(key: string, fn: ItemFn, { name = key, concurrency = 1 }: EachOptions) {
    super();
    this.name = name;
    this.#key = key;
    this.#fn = fn;
    this.#concurrency = concurrency;
    this.detail = concurrency === 1 ? undefined : `${concurrency} at once`;
  }

  /** With a journal what one item did is kept before the next begins. */
  override works({ at }: Frame): boolean {
    return at === BEGINS;
  }

  step(run: Course, frame: Frame): Verdict {
    const data =
      (frame.data as UnderWay | undefined)?.pool === undefined ? this.#begin(run, frame) : frame.data;
    const { pool } = data as Required<UnderWay>;
    if (frame.at === BEGINS) {
      frame.at = UNDER_WAY;
      if (this.#concurrency === 1) run.begin();
      pool.fill();
    } else {
      for (const piece of pool.take()) this.#ended(run, frame, piece);
      frame.at = BEGINS;
    }
    if (pool.isEmpty) return this.#end(run, pool);
    return frame.at === BEGINS && pool.hasRoom ? AGAIN : this.#wait(frame);
  }

  #wait(frame: Frame): Verdict {
    frame.at = UNDER_WAY;
    return BLOCKED;
  }

  override restore(_run: Course, frame: Frame): void {
    frame.at = BEGINS;
  }

  override save(_run: Course, frame: Frame): unknown {
    const data = frame.data as UnderWay | undefined;
    if (data === undefined) return undefined;
    const { items, done, firstUnit, attempt } = data;
    return { items, done, firstUnit, attempt };
  }

  get #what(): string {
    return `each ${this.name}`;
  }

  #begin(run: Course, frame: Frame): UnderWay {
    const before = frame.data as UnderWay | undefined;
    const items = before?.items ?? this.#items(run.read(frame));
    const done = before?.done ?? items.map(() => false);
    const opened = openPool(run, frame, before, {
      total: items.length,
      concurrency: this.#concurrency,
      name: this.name,
      optional: false,
      isDone: (index) => done[index] === true,
      call: (index, work) => this.#fn(items[index], run.read(frame), work),
    });
    const data: UnderWay = { items, done, ...opened };
    frame.data = data;
    return data;
  }

  #items(state: unknown): readonly unknown[] {
    const items = (state as Record<string, unknown>)[this.#key];
    if (!Array.isArray(items))
      throw new TypeError(
        `${this.#what}: expected the state to have a list as ${this.#key}, got ${typeof items}`,
      );
    return items.slice();
  }

  #ended(run: Course, frame: Frame, { index, seen, came }: Piece): void {
    try {
      if (came.status === "rejected") throw came.reason;
      const told = read(came.value, ["ok", "skip", "error"]);
      if (told.kind === "error") throw asError(told.reason);
      if (told.kind === "ok") {
        this.#checkOk(told.next);
        applyOk(run, frame, told, this.#what);
        seen.end();
      } else if (told.kind === "skip") {
        run.settle();
        seen.cancel(`skipped${told.reason === undefined ? "" : `: ${String(told.reason)}`}`);
      }
    } catch (error) {
      endWith(seen, error);
      throw error;
    }
    (frame.data as UnderWay).done[index] = true;
  }

  #checkOk(next: unknown): void {
    if (this.#concurrency === 1 || next === undefined || typeof next === "function") return;
    throw new TypeError(
      `${this.#what}: expected ok() to get a function, as several items are under way, got a state: ` +
        "write ok((state) => ({ ...state, … }))",
    );
  }

  #end(run: Course, pool: Pool): Verdict {
    run.settle();
    pool.work.end();
    return DONE;
  }
}

type ItemOf<S, K> = K extends keyof S ? (S[K] extends readonly (infer Item)[] ? Item : never) : never;

interface EachFn {
  <S, const K extends keyof S & string>(
    key: K,
    fn: (
      item: ItemOf<S, K>,
      state: S,
      work: Work,
    ) => ConcurrentItemOutcome<NoInfer<S>> | PromiseLike<ConcurrentItemOutcome<NoInfer<S>>>,
    options: EachOptions & { concurrency: number },
  ): Step<S>;
  <S, const K extends keyof S & string>(
    key: K,
    fn: (
      item: ItemOf<S, K>,
      state: S,
      work: Work,
    ) => ItemOutcome<NoInfer<S>> | PromiseLike<ItemOutcome<NoInfer<S>>>,
    options?: EachOptions & { concurrency?: undefined },
  ): Step<S>;
}

/**
 * Takes each item of a list in the state, as the list is when it begins. `ok` goes on with the next item, `skip` too, and
 * `error` or a throw fails the run.
 *
 * @example
 * each("fetched", async (book, state) => {
 *   if (await library.has(book.id)) return skip("it is there");
 *   return ok({ ...state, added: [...state.added, await library.add(book)] });
 * });
 */
export const each: EachFn = (key: unknown, fn: unknown, options: EachOptions = {}): never => {
  checkKey("each", key);
  checkFunction("each", fn);
  checkConcurrency("each", options.concurrency);
  return new Each(key as string, fn as ItemFn, options) as never;
};
