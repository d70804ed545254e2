/** Extensions: code of the user's around what a scope does, such as logging, timing, caching or fault injection. */
import type { Executor, Resources } from "./types.ts";

/** A value is being made. One that is there already is not. */
export interface ResolveOperation {
  readonly executor: Executor<unknown>;
  readonly name: string;
  readonly scope: Resources;
}

/** A flow or a sub-flow runs. */
export interface FlowOperation {
  readonly name: string;
  readonly version: number;
  /** After validation. */
  readonly input: unknown;
  readonly runId: string;
  readonly tenant: string;
  /** From 1. */
  readonly attempt: number;
  /** The key of a sub-flow in its parent; `undefined` for a flow that was executed by the scope. */
  readonly key: string | undefined;
  /** Its result comes from the journal: the handler is not called. */
  readonly replay: boolean;
}

/** `ctx.run` with a key. */
export interface StepOperation {
  readonly key: string;
  /** The name of the flow that it is in. */
  readonly flow: string;
  readonly runId: string;
  /** From 1. */
  readonly attempt: number;
  /** Its result comes from the journal: the function is not called. */
  readonly replay: boolean;
}

/** `ctx.parallel` or `ctx.parallelSettled`. */
export interface ParallelOperation {
  readonly flow: string;
  readonly runId: string;
  /** How many pieces of work. */
  readonly total: number;
  readonly concurrency: number;
  readonly settled: boolean;
}

export interface Operations {
  resolve: ResolveOperation;
  flow: FlowOperation;
  step: StepOperation;
  parallel: ParallelOperation;
}

type Wrap<Operation> = <T>(next: () => Promise<T>, operation: Operation) => T | Promise<T>;

/**
 * Wraps what a scope does, each kind by a method of its name. A method calls `next()` for what it wraps (again for
 * another try) and returns its result or another of that type; what it throws takes the result's place.
 *
 * @example
 * const timed: Extension = {
 *   name: "timed",
 *   async flow(next, { name }) {
 *     const started = performance.now();
 *     try {
 *       return await next();
 *     } finally {
 *       durations.record(performance.now() - started, { name });
 *     }
 *   },
 * };
 */
export type Extension = { readonly name: string } & {
  readonly [K in keyof Operations]?: Wrap<Operations[K]>;
};

/**
 * Runs `work` inside every extension that wraps this kind; the first of the list is the outermost. Never throws at
 * once.
 */
export async function applyExtensions<K extends keyof Operations, T>(
  extensions: readonly Extension[],
  kind: K,
  operation: Operations[K],
  work: () => T | PromiseLike<T>,
): Promise<T> {
  let next = async (): Promise<T> => await work();
  for (const extension of extensions.toReversed()) {
    const inner = next;
    if (extension[kind] === undefined) continue;
    next = async () => await (extension[kind] as Wrap<Operations[K]>)(inner, operation);
  }
  return await next();
}
