/** Executors: how to make a value from nothing, from others, or instead of another. */
import { describeDependency, isDependency, isExecutor } from "./deps.ts";
import {
  type Controller,
  type Deps,
  type Executor,
  FORM,
  type LazyExecutor,
  RECIPE,
  type ReactiveExecutor,
  type Recipe,
  type Resolved,
  type StaticExecutor,
} from "./types.ts";

/** Options of `provide` and `derive`. */
export interface ExecutorOptions {
  /** Shown in errors. Default: the name of the factory function, else a number. */
  name?: string | undefined;
}

/**
 * A value that depends on nothing.
 *
 * @example
 * const config = provide(() => ({ multiplier: 3 }), { name: "config" });
 */
export function provide<T>(
  factory: (controller: Controller) => T | PromiseLike<T>,
  options: ExecutorOptions = {},
): Executor<T> {
  checkFactory("provide", factory);
  return executor({ deps: undefined, make: (_none, controller) => factory(controller) }, factory, options);
}

/**
 * A value made from others: one, an array or a record of them, each as it is or in its form `.lazy`, `.reactive` or
 * `.static`.
 *
 * @example
 * const total = derive([price.reactive, count.reactive], ([price, count]) => price * count);
 * const service = derive({ database, log: logger.static }, ({ database, log }) => new Service(database, log));
 */
export function derive<const D extends Deps, T>(
  deps: D,
  factory: (deps: Resolved<D>, controller: Controller) => T | PromiseLike<T>,
  options: ExecutorOptions = {},
): Executor<T> {
  checkDeps("derive", deps);
  checkFactory("derive", factory);
  return executor({ deps, make: factory as Recipe<T>["make"] }, factory, options);
}

/** Another way to make an executor's value, for the scopes that it is given to. */
export interface Preset {
  readonly executor: Executor<unknown>;
  readonly recipe: Recipe<unknown>;
}

/**
 * Puts a value in the place of the one that an executor would make, or another executor: `undefined` is a value too.
 * Of two for the same executor the later one counts.
 *
 * @example
 * createScope({ presets: [preset(config, { multiplier: 5 }), preset(database, fakeDatabase)] });
 */
export function preset<T>(executor: Executor<T>, value: NoInfer<T> | Executor<NoInfer<T>>): Preset {
  if (!isExecutor(executor)) {
    throw new TypeError(
      `preset: expected an executor made by provide or derive, got ${describeDependency(executor)}`,
    );
  }
  if (isDependency(value) && !isExecutor(value)) {
    throw new TypeError(
      `preset: expected a value or an executor in place of "${executor.name}", got ${describeDependency(value)}`,
    );
  }
  // Whoever stands in is followed when it changes, as if it were the executor itself.
  const recipe: Recipe<unknown> = isExecutor(value)
    ? { deps: value.reactive, make: (instead) => instead }
    : { deps: undefined, make: () => value };
  return { executor, recipe };
}

export function checkDeps(call: string, deps: unknown): asserts deps is Deps {
  if (isDependency(deps)) return;
  if (typeof deps === "object" && deps !== null) {
    const unfit = Object.entries(deps).find(([, value]) => !isDependency(value));
    if (unfit === undefined) return;
    throw new TypeError(
      `${call}: expected each dependency to be an executor, or its .lazy, .reactive or .static form, ` +
        `got ${describeDependency(unfit[1])} at ${JSON.stringify(unfit[0])}`,
    );
  }
  throw new TypeError(
    `${call}: expected an executor, or an array or a record of executors, got ${describeDependency(deps)}`,
  );
}

function checkFactory(call: string, factory: unknown): void {
  if (typeof factory === "function") return;
  throw new TypeError(`${call}: expected the factory to be a function, got ${describeDependency(factory)}`);
}

let unnamed = 0;

function executor<T>(recipe: Recipe<T>, factory: { name: string }, options: ExecutorOptions): Executor<T> {
  return new MadeExecutor(recipe, options.name || factory.name || `executor #${++unnamed}`);
}

class MadeExecutor<T> implements Executor<T> {
  readonly [FORM] = "value";
  readonly [RECIPE]: Recipe<T>;
  readonly name: string;
  readonly lazy: LazyExecutor<T> = { [FORM]: "lazy", executor: this };
  readonly reactive: ReactiveExecutor<T> = { [FORM]: "reactive", executor: this };
  readonly static: StaticExecutor<T> = { [FORM]: "static", executor: this };

  constructor(recipe: Recipe<T>, name: string) {
    this[RECIPE] = recipe;
    this.name = name;
  }
}
