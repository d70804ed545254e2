/** Makes the values of one scope, each once, when what it needs is there; and runs their cleanups. */
import { AsyncLocalStorage } from "node:async_hooks";
import { Cell, type Cleanups, type Pending } from "./cell.ts";
import { inForm } from "./deps.ts";
import { ScopeDisposed } from "./errors/scope-disposed.ts";
import type { Preset } from "./executor.ts";
import { applyExtensions, type Extension } from "./extension.ts";
import type { InFlight } from "./in-flight.ts";
import { ANY_USE, madeFrom } from "./order.ts";
import { Task } from "./task.ts";
import {
  type Controller,
  type Executor,
  type ExecutorHandle,
  RECIPE,
  type Recipe,
  type ResourceFailure,
  type Resources,
} from "./types.ts";

export interface MakerOptions {
  readonly presets: readonly Preset[];
  readonly extensions: readonly Extension[];
  /** What factories and extensions get as their scope. */
  readonly scope: Resources;
  /** Told of what is being made, so that nothing is closed under it. */
  readonly inFlight: InFlight;
  /** @param owner who uses the handle */
  handle(cell: Cell, owner: Cell): ExecutorHandle<unknown>;
  /** @param told whether a promise tells it too */
  failed(failure: ResourceFailure, told: boolean): void;
}

export class Maker {
  readonly #options: MakerOptions;
  readonly #presets: ReadonlyMap<Executor<unknown>, Recipe<unknown>>;
  readonly #cells = new Map<Executor<unknown>, Cell>();
  /** Calls a function as if where the scope was made: what is shared must not carry the context of who asked first. */
  readonly #outside = AsyncLocalStorage.snapshot();
  #isShut = false;

  constructor(options: MakerOptions) {
    this.#options = options;
    this.#presets = new Map(options.presets.map(({ executor, recipe }) => [executor, recipe]));
  }

  cell(executor: Executor<unknown>): Cell {
    let cell = this.#cells.get(executor);
    if (cell === undefined) {
      cell = new Cell(executor, this.#presets.get(executor) ?? executor[RECIPE]);
      this.#cells.set(executor, cell);
    }
    return cell;
  }

  /** Those that have a value. */
  get filled(): Cell[] {
    return [...this.#cells.values()].filter((cell) => cell.hasValue);
  }

  get isShut(): boolean {
    return this.#isShut;
  }

  /** From now on nothing is made; what is being made is closed as soon as it is there. */
  shut(): void {
    this.#isShut = true;
  }

  /** @param owner whose handle asks; else the task that runs, if any */
  resolve(cell: Cell, owner?: Cell): Promise<unknown> {
    if (this.#isShut) return Promise.reject(new ScopeDisposed(`resolve of "${cell.name}"`));
    const asker = Task.current();
    const user = owner ?? asker?.cell;
    if (cell.promise !== undefined) {
      noteAsked(user, cell);
      return cell.promise;
    }
    const { task, promise } = this.#begun(cell);
    if (user === undefined && asker === undefined) return promise;
    return (asker?.waitFor(task, promise) ?? promise).then((value) => {
      noteAsked(user, cell);
      return value;
    });
  }

  /** Makes `task` wait until the cell has a value. */
  async wanted(cell: Cell, task: Task): Promise<void> {
    if (cell.isReady) return;
    if (this.#isShut) throw new ScopeDisposed(`resolve of "${cell.name}"`);
    const pending = this.#begun(cell);
    await task.waitFor(pending.task, pending.promise);
  }

  /** Makes the value anew once `ready` is fulfilled. All who ask from now on wait for it. */
  makeAfter(cell: Cell, ready: (pending: Pending) => Promise<void>): Pending {
    const pending = cell.begin();
    const done = this.#fill(cell, pending, ready);
    this.#options.inFlight.add({ name: `resolve of "${cell.name}"`, done, cancel() {} });
    return pending;
  }

  /** Runs the cleanups of the cell's value, each once. @returns what they threw */
  async cleanUp(cell: Cell, task: Task): Promise<unknown[]> {
    const { cleanups } = cell;
    cell.cleanups = undefined;
    return cleanups === undefined ? [] : await this.#runCleanups(cell, cleanups, task, true);
  }

  outside<T>(fn: () => T): T {
    return this.#outside(fn);
  }

  #begun(cell: Cell): Pending {
    // A turn later: so that whoever asked is known to wait, and a long chain does not nest calls.
    return cell.pending ?? this.makeAfter(cell, async () => await undefined);
  }

  async #fill(cell: Cell, pending: Pending, ready: (pending: Pending) => Promise<void>): Promise<void> {
    const { task } = pending;
    try {
      await ready(pending);
      while (cell.closing !== undefined) await task.waitFor(cell.closing.task, cell.closing.promise);
      cell.useNothing();
      await this.#build(cell, task, await this.#read(cell, task));
    } catch (error) {
      cell.useNothing();
      cell.fail(error);
    }
  }

  /** The values of what the cell needs, all of one moment. */
  async #read(cell: Cell, task: Task): Promise<unknown[]> {
    const needs = cell.needs.map(({ executor, form }) => ({ form, cell: this.cell(executor) }));
    const wanted = needs.filter(({ form }) => form !== "lazy").map((need) => need.cell);
    while (wanted.some((need) => !need.isReady)) {
      await Promise.all(wanted.map((need) => this.wanted(need, task)));
    }
    return needs.map((need) => {
      if (need.form !== "lazy") cell.use(need.cell, need.form === "reactive" ? "reactive" : "value");
      const asHandle = need.form === "lazy" || need.form === "static";
      return asHandle ? this.#options.handle(need.cell, cell) : need.cell.value;
    });
  }

  async #build(cell: Cell, task: Task, values: unknown[]): Promise<void> {
    const { executor, name, recipe } = cell;
    const { extensions, scope } = this.#options;
    const cleanups: Cleanups = { list: [], over: false };
    const controller = this.#controller(cell, cleanups);
    try {
      const value = await this.#run(task, () =>
        applyExtensions(extensions, "resolve", { executor, name, scope }, () =>
          recipe.make(inForm(recipe.deps, values), controller),
        ),
      );
      if (this.#isShut) throw new ScopeDisposed(`resolve of "${name}"`);
      cell.publish(value, cleanups);
    } catch (error) {
      await this.#runCleanups(cell, cleanups, task, false);
      this.#options.failed({ error, name, executor, during: "resolve" }, true);
      throw error;
    }
  }

  #controller(cell: Cell, cleanups: Cleanups): Controller {
    const own = this.#options.handle(cell, cell);
    return {
      cleanup: (fn) => {
        if (!cleanups.over) cleanups.list.push(fn);
        else void this.#runCleanup(cell, fn, new Task(`cleanup of "${cell.name}"`), false);
      },
      release: () => own.release(),
      reload: async () => void (await own.reload()),
      scope: this.#options.scope,
    };
  }

  /** @param told whether a promise tells what they threw */
  async #runCleanups(cell: Cell, cleanups: Cleanups, task: Task, told: boolean): Promise<unknown[]> {
    cleanups.over = true;
    const errors: unknown[] = [];
    for (const fn of cleanups.list.toReversed())
      errors.push(...(await this.#runCleanup(cell, fn, task, told)));
    return errors;
  }

  /** @returns what it threw, or nothing */
  async #runCleanup(cell: Cell, fn: () => unknown, task: Task, told: boolean): Promise<unknown[]> {
    try {
      await this.#run(task, fn);
      return [];
    } catch (error) {
      this.#options.failed({ error, name: cell.name, executor: cell.executor, during: "cleanup" }, told);
      return [error];
    }
  }

  #run<T>(task: Task, fn: () => T): T {
    return this.#outside(() => task.run(fn));
  }
}

/** Notes that `user` took the value by itself, so that it is closed before it; a circle has no such order. */
function noteAsked(user: Cell | undefined, cell: Cell): void {
  if (user === undefined || user === cell || user.uses.has(cell)) return;
  if (!user.hasValue && user.pending === undefined) return;
  if (!madeFrom(user, ANY_USE).has(cell)) user.use(cell, "asked");
}
