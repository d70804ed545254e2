/** What one scope knows of one executor: its value, who made it, and who is making it. */
import { type Need, needsOf } from "./deps.ts";
import { NotResolved } from "./errors/not-resolved.ts";
import { Task } from "./task.ts";
import type { Executor, Recipe } from "./types.ts";

/**
 * How one value was made from another: `reactive` follows its changes, `value` does not, `asked` took it while it
 * was made or later, through a handle or the scope. Only `asked` outlives a release of what it used.
 */
export type Use = "asked" | "value" | "reactive";

const STRENGTH: Record<Use, number> = { asked: 0, value: 1, reactive: 2 };

/** A value that is being made. */
export interface Pending {
  readonly task: Task;
  readonly promise: Promise<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** The cleanups of one value. */
export interface Cleanups {
  readonly list: (() => unknown)[];
  /** They have been run, or are running. */
  over: boolean;
}

export class Cell {
  readonly executor: Executor<unknown>;
  readonly recipe: Recipe<unknown>;
  readonly needs: readonly Need[];
  /** Counts the values that it has had. */
  version = 0;
  pending: Pending | undefined;
  /** The release that is running its cleanups. */
  closing: { readonly task: Task; readonly promise: Promise<void> } | undefined;
  /** The newest update, reload or release; later ones wait for it. */
  lastChange: { readonly task: Task; readonly settled: Promise<void> } | undefined;
  cleanups: Cleanups | undefined;
  readonly uses = new Map<Cell, Use>();
  readonly usedBy = new Set<Cell>();
  #made: { readonly value: unknown; readonly promise: Promise<unknown> } | undefined;

  constructor(executor: Executor<unknown>, recipe: Recipe<unknown>) {
    this.executor = executor;
    this.recipe = recipe;
    this.needs = needsOf(recipe.deps);
  }

  get name(): string {
    return this.executor.name;
  }

  /** There is a value, and nobody is replacing it. */
  get isReady(): boolean {
    return this.#made !== undefined && this.pending === undefined;
  }

  get hasValue(): boolean {
    return this.#made !== undefined;
  }

  /** @throws {NotResolved} where there is none */
  get value(): unknown {
    if (this.#made === undefined) throw new NotResolved(this.name);
    return this.#made.value;
  }

  /** The value of a cell that is ready, as the promise that made it. */
  get promise(): Promise<unknown> | undefined {
    return this.isReady ? this.#made?.promise : undefined;
  }

  /** From now on all who ask wait for the new value. */
  begin(): Pending {
    const task = new Task(this.name, this);
    this.pending = { task, ...Promise.withResolvers<unknown>() };
    return this.pending;
  }

  publish(value: unknown, cleanups: Cleanups | undefined): void {
    const { pending } = this;
    if (pending === undefined) return;
    this.version++;
    this.cleanups = cleanups;
    this.#made = { value, promise: pending.promise };
    this.pending = undefined;
    pending.task.end();
    pending.resolve(value);
  }

  fail(error: unknown): void {
    const { pending } = this;
    this.forget();
    this.pending = undefined;
    pending?.task.end();
    pending?.reject(error);
  }

  /** There is no value any more. */
  forget(): void {
    this.#made = undefined;
  }

  /** Notes that this value was made with the help of `other`. */
  use(other: Cell, use: Use): void {
    const known = this.uses.get(other);
    if (known !== undefined && STRENGTH[known] >= STRENGTH[use]) return;
    this.uses.set(other, use);
    other.usedBy.add(this);
  }

  useNothing(): void {
    for (const other of this.uses.keys()) other.usedBy.delete(this);
    this.uses.clear();
  }
}
