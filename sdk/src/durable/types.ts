/**
 * The documented interface of resources: what is made once in a scope and shared by the flows that run in it.
 * executor.ts and scope.ts implement it.
 */

/** Tells what `provide` and `derive` made from any other object, also when two copies of this package are loaded. */
export const FORM: unique symbol = Symbol.for("weir.durable.form");
export const RECIPE: unique symbol = Symbol.for("weir.durable.recipe");

/**
 * How to make a value. Holds none itself: each scope makes its own.
 *
 * @example
 * const config = provide(() => ({ url: process.env.DATABASE_URL }), { name: "config" });
 * const database = derive(config, (cfg, ctl) => {
 *   const pool = connect(cfg.url);
 *   ctl.cleanup(() => pool.end());
 *   return pool;
 * });
 */
export interface Executor<T> {
  readonly [FORM]: "value";
  readonly [RECIPE]: Recipe<T>;
  /** Shown in errors. Given, or that of the factory function, or a number. */
  readonly name: string;
  /** As a dependency: a handle, and nothing is made until it is asked. It may close a circle. */
  readonly lazy: LazyExecutor<T>;
  /** As a dependency: the value, and the dependent is made anew whenever it changes. */
  readonly reactive: ReactiveExecutor<T>;
  /** As a dependency: a handle whose value is there already, and stays current without the dependent being made anew. */
  readonly static: StaticExecutor<T>;
}

/** A resource as a dependency that is made when it is first asked for: `executor.lazy`. */
export interface LazyExecutor<T> {
  readonly [FORM]: "lazy";
  readonly executor: Executor<T>;
}

/** A resource as a dependency whose change makes the dependent anew: `executor.reactive`. */
export interface ReactiveExecutor<T> {
  readonly [FORM]: "reactive";
  readonly executor: Executor<T>;
}

/** A resource as a dependency whose handle stays current while the dependent is kept: `executor.static`. */
export interface StaticExecutor<T> {
  readonly [FORM]: "static";
  readonly executor: Executor<T>;
}

export interface Recipe<T> {
  readonly deps: Deps | undefined;
  make(deps: unknown, controller: Controller): T | PromiseLike<T>;
}

/** What `derive` and `flow` may depend on: a resource, or one of the forms in which it is handed in. */
export type Dependency =
  | Executor<unknown>
  | LazyExecutor<unknown>
  | ReactiveExecutor<unknown>
  | StaticExecutor<unknown>;

/** One dependency, an array or a record of them. */
export type Deps = Dependency | readonly Dependency[] | { readonly [key: string]: Dependency };

/** What a factory or a handler gets for its dependencies, in the same form: a value, an array or a record. */
export type Resolved<D> = D extends {
  readonly [FORM]: "lazy" | "static";
  readonly executor: Executor<infer T>;
}
  ? ExecutorHandle<T>
  : D extends { readonly [FORM]: "reactive"; readonly executor: Executor<infer T> }
    ? T
    : D extends Executor<infer T>
      ? T
      : { -readonly [K in keyof D]: Resolved<D[K]> };

/** The new value, or a function of the current one. A value that is a function is given as `() => value`. */
export type Update<T> = T | ((current: T) => T | Promise<T>);

/** What a factory gets besides its dependencies: the life of the one value that it makes. */
export interface Controller {
  /**
   * Called once, when the value is released, replaced, or was not made after all because the factory failed.
   * Several run in reverse order. One that is registered after the value is gone runs at once.
   */
  cleanup(fn: () => unknown): void;
  /** Releases the value. From inside the factory, that would wait for itself: call it from what the factory set up. */
  release(): Promise<void>;
  /** Makes the value anew: the old cleanup first. Called like `release`. */
  reload(): Promise<void>;
  readonly scope: Resources;
}

/** One executor in one scope. */
export interface ExecutorHandle<T> {
  readonly executor: Executor<T>;
  /** The value; made if it isn't there. */
  resolve(): Promise<T>;
  /**
   * The value as it is now. While it is being replaced: the one before.
   *
   * @throws {NotResolved} where there is none
   */
  get(): T;
  /** As `scope.update`. */
  update(value: Update<T>): Promise<T>;
  /** Makes the value anew, and what depends on it reactively: cleanups first. */
  reload(): Promise<T>;
  /** As `scope.release`. */
  release(): Promise<void>;
  /** As `scope.onUpdate`. */
  onUpdate(listener: (value: T) => void): () => void;
}

/** What failed, when no caller was waiting or before the caller is told. */
export interface ResourceFailure {
  readonly error: unknown;
  /** The executor's name. */
  readonly name: string;
  readonly executor: Executor<unknown>;
  readonly during: "resolve" | "cleanup" | "listener";
}

/** Options of a scope's `dispose`. */
export interface DisposeOptions {
  /** Milliseconds for work in flight to end; then it is cancelled. Default: what `createScope` was given. */
  grace?: number | undefined;
}

/**
 * The resources of a scope.
 *
 * @example
 * await using scope = createScope();
 * const pool = await scope.resolve(database);
 */
export interface Resources extends AsyncDisposable {
  /**
   * The executor's value. Made at the first call, together with what it depends on; those who ask meanwhile share the
   * promise. Never throws at once; a failure is not kept, the next call tries again.
   *
   * A factory runs as if called where the scope was created, not where the value was first asked for: a pool that a
   * flow happens to open belongs to no flow.
   */
  resolve<T>(executor: Executor<T>): Promise<T>;
  /** A handle on the executor in this scope. Makes nothing. */
  accessor<T>(executor: Executor<T>): ExecutorHandle<T>;
  /**
   * Replaces the value: the cleanups of what depends on it reactively, then its own, then the new value, then the
   * dependents in order of dependency. Updates of one executor run one after the other, so none is lost. The promise
   * is of the new value, when all dependents have followed.
   *
   * A function may be called again when the value changed under it. A value that depends reactively on others keeps
   * what it was set to until one of them changes.
   *
   * @throws {AggregateError} when the value was set but a cleanup or a dependent failed
   * @example
   * await scope.update(counter, (n) => n + 1);
   */
  update<T>(executor: Executor<T>, value: NoInfer<Update<T>>): Promise<T>;
  /**
   * Runs the cleanups of the value and of everything made from it, dependents first. The next `resolve` makes it anew.
   *
   * @throws {AggregateError} of the cleanups that failed; all were run
   */
  release(executor: Executor<unknown>): Promise<void>;
  /**
   * Waits for work in flight, cancels what is left after the grace period, then releases everything, dependents
   * before what they depend on. A second call gives the first one's promise.
   *
   * @throws {AggregateError} of all that failed; everything was released all the same
   */
  dispose(options?: DisposeOptions): Promise<void>;
  /**
   * Calls `listener` with each new value, from an update, a reload or a change of what it depends on reactively.
   *
   * @returns a function that ends it
   */
  onUpdate<T>(executor: Executor<T>, listener: (value: T) => void): () => void;
  /**
   * Calls `listener` for each factory, cleanup or listener that fails. What no promise tells and no listener hears is
   * a diagnostic.
   *
   * @returns a function that ends it
   */
  onError(listener: (failure: ResourceFailure) => void): () => void;
}
