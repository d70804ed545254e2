/** Dependencies as a flat list, whatever form they were given in, and back. */
import { type Dependency, type Deps, type Executor, FORM } from "./types.ts";

/** How a dependency is wanted. */
export type Form = Dependency[typeof FORM];

export interface Need {
  readonly executor: Executor<unknown>;
  readonly form: Form;
}

export function isExecutor(value: unknown): value is Executor<unknown> {
  return formOf(value) === "value";
}

export function isDependency(value: unknown): value is Dependency {
  return formOf(value) !== undefined;
}

/** In the order in which `inForm` expects their values. */
export function needsOf(deps: Deps | undefined): Need[] {
  if (deps === undefined) return [];
  return listed(deps).map((dependency) => ({
    executor: dependency[FORM] === "value" ? dependency : dependency.executor,
    form: dependency[FORM],
  }));
}

/**
 * @example
 * inForm({ database, log }, [pool, logger]); // { database: pool, log: logger }
 */
export function inForm(deps: Deps | undefined, values: readonly unknown[]): unknown {
  if (deps === undefined) return undefined;
  if (isDependency(deps)) return values[0];
  if (Array.isArray(deps)) return [...values];
  return Object.fromEntries(Object.keys(deps).map((key, i) => [key, values[i]]));
}

/** For messages: what was got in place of a dependency. */
export function describeDependency(value: unknown): string {
  const form = formOf(value);
  if (form === "value") return `the executor "${(value as Executor<unknown>).name}"`;
  if (form !== undefined) {
    return `the .${form} form of "${(value as { executor: Executor<unknown> }).executor.name}"`;
  }
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : typeof value === "object" ? "an object" : typeof value;
}

function listed(deps: Deps): readonly Dependency[] {
  if (isDependency(deps)) return [deps];
  return Array.isArray(deps) ? deps : Object.values(deps);
}

function formOf(value: unknown): Form | undefined {
  return typeof value === "object" && value !== null ? (value as Partial<Dependency>)[FORM] : undefined;
}
