/** What routines remember: for themselves, or shared by all of a job. Never on the routine: jobs would see each other's. */
import { copyOf } from "./copy.ts";

/**
 * What a routine, or all of a job, remembers by key, within one job. What an attempt writes is seen by itself at once, and
 * by others when it has succeeded; of one that fails nothing stays.
 */
export interface Values {
  /** What was kept under the key; `undefined` where nothing was. */
  get<T>(key: string): T | undefined;
  /** @throws {NotCopyable} */
  set(key: string, value: unknown): void;
  /**
   * Sets it to what `fn` makes of it. Where another attempt has changed the value meanwhile, `fn` is called again, with that
   * one: nothing is lost between deliveries that run at the same time.
   *
   * @example
   * ctx.shared.update<number>("rows", (rows = 0) => rows + 1);
   */
  update<T>(key: string, fn: (before: T | undefined) => T): T;
  /** Forgets what was kept under the key. */
  delete(key: string): void;
}

/** What became of the keys that an attempt wrote: without a value it was deleted. */
export type Change = [key: string, value: unknown] | [key: string];

type Write = {
  readonly key: string;
  readonly base: unknown;
  readonly value: unknown;
  readonly again?: Update;
};
type Update = (before: unknown) => unknown;

const DELETED = Symbol("deleted");

/** What one attempt has written so far, over what the job has. */
export class Draft implements Values {
  readonly #kept: ReadonlyMap<string, unknown>;
  readonly #what: string;
  readonly #writes = new Map<string, Write[]>();

  /** @param what whose values they are, for messages: `state of reader` */
  constructor(kept: ReadonlyMap<string, unknown>, what: string) {
    this.#kept = kept;
    this.#what = what;
  }

  get<T>(key: string): T | undefined {
    const last = this.#writes.get(key)?.at(-1);
    const value = last === undefined ? this.#kept.get(key) : last.value;
    return (value === DELETED ? undefined : handedOut(value)) as T | undefined;
  }

  set(key: string, value: unknown): void {
    this.#add({ key, base: undefined, value: this.#copied(key, value) }, true);
  }

  update<T>(key: string, fn: (before: T | undefined) => T): T {
    const base = this.#kept.get(key);
    const value = fn(this.get<T>(key));
    this.#add({ key, base, value: this.#copied(key, value), again: fn as Update }, false);
    return value;
  }

  delete(key: string): void {
    this.#add({ key, base: undefined, value: DELETED }, true);
  }

  /** What it comes to, over what the job has now. */
  changes(): Change[] {
    return [...this.#writes].map(([key, writes]) => {
      const value = this.#settled(key, writes);
      return value === DELETED ? [key] : [key, value];
    });
  }

  #settled(key: string, writes: readonly Write[]): unknown {
    const now = this.#kept.get(key);
    const last = writes.at(-1) as Write;
    const [first] = writes;
    // Begun with `set` or `delete` it does not hang on what was there; else only where that has changed.
    if (first?.again === undefined || first.base === now) return last.value;
    return writes.reduce(
      (value: unknown, write) =>
        write.again === undefined ? write.value : this.#copied(key, write.again(handedOut(value))),
      now,
    );
  }

  #copied(key: string, value: unknown): unknown {
    return copyOf(value, `${this.#what}, ${JSON.stringify(key)}`).value;
  }

  #add(write: Write, anew: boolean): void {
    const before = this.#writes.get(write.key);
    if (before === undefined || anew) this.#writes.set(write.key, [write]);
    else before.push(write);
  }
}

/** What can't be frozen is copied, as whoever gets it might change it. */
function handedOut(value: unknown): unknown {
  return typeof value === "object" && value !== null ? copyOf(value, "value").value : value;
}

/** Makes the changes of an attempt those of the job. */
export function applyChanges(kept: Map<string, unknown>, changes: readonly Change[]): void {
  for (const change of changes) {
    if (change.length === 1) kept.delete(change[0]);
    else kept.set(change[0], change[1]);
  }
}
