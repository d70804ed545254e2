/** A scope: the values of executors, kept as long as it lives. What each call promises is written in types.ts. */
import { diagnose } from "../diagnostics.ts";
import { describeError } from "../errors.ts";
import type { Cell } from "./cell.ts";
import { Changes } from "./changes.ts";
import { describeDependency, isExecutor } from "./deps.ts";
import { ResourceCycle } from "./errors/resource-cycle.ts";
import { ScopeDisposed } from "./errors/scope-disposed.ts";
import type { Preset } from "./executor.ts";
import { CellHandle, type Parts } from "./executor-handle.ts";
import type { Extension } from "./extension.ts";
import { InFlight, type Sleeper } from "./in-flight.ts";
import { Maker } from "./maker.ts";
import { Task } from "./task.ts";
import type {
  DisposeOptions,
  Executor,
  ExecutorHandle,
  ResourceFailure,
  Resources,
  Update,
} from "./types.ts";

export interface ResourceOptions {
  /** Other ways to make values, mostly for tests. */
  presets?: readonly Preset[] | undefined;
  /** Wrapped around what the scope does; the first is the outermost. */
  extensions?: readonly Extension[] | undefined;
  /** Milliseconds that `dispose` gives work in flight. Default 10,000. */
  grace?: number | undefined;
  /** For tests, such as a `TestClock`. Default: real time. */
  clock?: Sleeper | undefined;
}

const DEFAULT_GRACE_MS = 10_000;

export class ResourceScope implements Resources {
  /** What `dispose` waits for: flows add themselves here. */
  readonly inFlight: InFlight;
  readonly #grace: number;
  readonly #parts: Parts;
  readonly #updateListeners = new Map<Cell, Set<(value: never) => void>>();
  readonly #errorListeners = new Set<(failure: ResourceFailure) => void>();
  #disposed: Promise<void> | undefined;

  constructor({ presets = [], extensions = [], grace = DEFAULT_GRACE_MS, clock }: ResourceOptions) {
    this.#grace = milliseconds("createScope: grace", grace);
    this.inFlight = new InFlight(clock);
    const maker = new Maker({
      presets,
      extensions,
      scope: this,
      inFlight: this.inFlight,
      handle: (cell, owner) => new CellHandle(this.#parts, cell, owner),
      failed: (failure, told) => this.#failed(failure, told),
    });
    this.#parts = {
      maker,
      changes: new Changes(maker, this.inFlight, (cell) => this.#updated(cell)),
      listen: (cell, listener) => this.#listen(cell, listener),
    };
  }

  resolve<T>(executor: Executor<T>): Promise<T> {
    try {
      return this.accessor(executor).resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  accessor<T>(executor: Executor<T>): ExecutorHandle<T> {
    if (!isExecutor(executor)) {
      throw new TypeError(
        `scope: expected an executor made by provide or derive, got ${describeDependency(executor)}`,
      );
    }
    return new CellHandle(this.#parts, this.#parts.maker.cell(executor));
  }

  async update<T>(executor: Executor<T>, value: NoInfer<Update<T>>): Promise<T> {
    return await this.accessor(executor).update(value);
  }

  async release(executor: Executor<unknown>): Promise<void> {
    await this.accessor(executor).release();
  }

  onUpdate<T>(executor: Executor<T>, listener: (value: T) => void): () => void {
    return this.accessor(executor).onUpdate(listener);
  }

  onError(listener: (failure: ResourceFailure) => void): () => void {
    return added(this.#errorListeners, listener);
  }

  async dispose({ grace = this.#grace }: DisposeOptions = {}): Promise<void> {
    milliseconds("dispose: grace", grace);
    const asker = Task.current();
    if (asker !== undefined) throw new ResourceCycle([asker.name, "dispose of the scope", asker.name]);
    this.#disposed ??= this.#dispose(grace);
    await this.#disposed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** Called once, first of all. */
  protected beforeDispose(): void {}

  /** Called once, when nothing is in flight any more and everything is released. */
  protected async afterDispose(): Promise<void> {}

  async #dispose(grace: number): Promise<void> {
    const { maker, changes } = this.#parts;
    const errors: unknown[] = [];
    this.beforeDispose();
    try {
      await this.inFlight.drain(grace, new ScopeDisposed("a run in flight"));
      maker.shut();
      // What began in the moment between.
      await this.inFlight.drain(grace, new ScopeDisposed("a run in flight"));
    } catch (error) {
      errors.push(error);
    }
    maker.shut();
    errors.push(...(await changes.close(maker.filled, new Task("dispose of the scope"))));
    try {
      await this.afterDispose();
    } catch (error) {
      errors.push(error);
    }
    if (errors.length === 0) return;
    const count = errors.length === 1 ? "one failure" : `${errors.length} failures`;
    throw new AggregateError(errors, `dispose: everything was released, with ${count} on the way`);
  }

  #listen(cell: Cell, listener: (value: never) => void): () => void {
    const listeners = this.#updateListeners.get(cell) ?? new Set();
    this.#updateListeners.set(cell, listeners);
    return added(listeners, listener);
  }

  #updated(cell: Cell): void {
    for (const listener of this.#updateListeners.get(cell) ?? []) {
      try {
        this.#parts.maker.outside(() => listener(cell.value as never));
      } catch (error) {
        this.#failed({ error, name: cell.name, executor: cell.executor, during: "listener" }, false);
      }
    }
  }

  #failed(failure: ResourceFailure, told: boolean): void {
    if (!told && this.#errorListeners.size === 0) this.#diagnose(failure);
    for (const listener of this.#errorListeners) {
      try {
        listener(failure);
      } catch (error) {
        this.#diagnose({ ...failure, error, during: "listener" });
      }
    }
  }

  #diagnose({ error, name, during }: ResourceFailure): void {
    const { type, message } = describeError(error);
    diagnose("resource-failed", `the ${during} of "${name}" failed: ${type}: ${message}`, name);
  }
}

/** Adds it once more where it is there already. @returns a function that takes this one out */
function added<T>(listeners: Set<(value: T) => void>, listener: (value: T) => void): () => void {
  const own = (value: T) => listener(value);
  listeners.add(own);
  return () => void listeners.delete(own);
}

function milliseconds(option: string, given: number): number {
  if (given >= 0) return given;
  throw new RangeError(`${option}: expected milliseconds from 0 up, got ${given}`);
}
