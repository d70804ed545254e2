/** The documented interface of what a flow's handler gets besides its input. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Data } from "./data-context.ts";
import type { Flow } from "./flow.ts";
import type { InputArgs, RetryOptions, RunHandle, Scope } from "./handle.ts";

/** Options of `ctx.run`. */
export interface StepRunOptions {
  /** Of this step alone. Default: no retry. */
  retry?: RetryOptions | undefined;
  /** Milliseconds for one attempt; its signal is then aborted and it fails. Default: none. */
  timeout?: number | undefined;
  /** `true`: its failure does not fail the flow on the page. Whether it fails the run is for the handler: it throws all the same. */
  optional?: boolean | undefined;
}

/** What a step's function gets. */
export interface StepRun {
  /** Aborted when the step runs out of time or the flow is to stop. */
  readonly signal: AbortSignal;
  /** From 1. */
  readonly attempt: number;
}

/** Options of `ctx.waitFor`. */
export interface WaitOptions<Out> {
  /** Milliseconds; then it rejects. Default: none. */
  timeout?: number | undefined;
  /** Checks and transforms what was sent, or `custom<T>()` to say its type only. */
  schema?: StandardSchemaV1<unknown, Out> | undefined;
}

/** Options of `ctx.parallel` and `ctx.parallelSettled`. */
export interface ParallelOptions {
  /** How many at once. Default: all. Only functions wait for their turn; a promise is under way already. */
  concurrency?: number | undefined;
}

/** Work for `parallel`: a function that begins it, or a promise of work that has begun, such as a run. */
export type Work<T = unknown> = ((signal: AbortSignal) => T) | PromiseLike<T>;

/** What comes of a piece of work. */
export type WorkResult<W> = W extends (signal: AbortSignal) => infer T ? Awaited<T> : Awaited<W>;

/** How many pieces of work there were, and how they ended. */
export interface Counts {
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
}

/** What `ctx.parallel` gives. */
export interface ParallelResult<Works extends readonly Work[]> {
  /** In the order of the work, whatever the order of its ends. */
  readonly results: { -readonly [I in keyof Works]: WorkResult<Works[I]> };
  readonly counts: Counts;
}

/** What `ctx.parallelSettled` gives: an outcome for each piece of work, failed ones too. */
export interface ParallelSettledResult<Works extends readonly Work[]> {
  /** In the order of the work, whatever the order of its ends. */
  readonly results: { -readonly [I in keyof Works]: PromiseSettledResult<WorkResult<Works[I]>> };
  readonly counts: Counts;
}

/**
 * What a flow does goes through its context: then it is journaled, shown, and stopped when it should be.
 *
 * On a retry, and in another process, the handler runs again from the top. What has succeeded under the same key is
 * not run again: its result comes from the journal. So what a handler does between its steps must be the same each
 * time: take time, chance and the outer world in steps.
 *
 * A run that sleeps or waits for long is left where it is, as if its process had died: no `finally` of the handler runs.
 * What must be closed is opened in a step.
 */
export interface FlowContext extends Data {
  readonly runId: string;
  /** Which attempt of the flow this is, from 1. */
  readonly attempt: number;
  /** Aborted when the run is cancelled, has run out of time, or the flow around it is aborted. */
  readonly signal: AbortSignal;
  readonly scope: Scope;
  /**
   * Runs `fn` as a step, once: its result is journaled before it is returned. The same key again in this flow gives
   * the first result; two at once run it once.
   *
   * @example
   * const receipt = await ctx.run("charge", { timeout: 5000, retry: { maxAttempts: 3 } }, ({ signal }) =>
   *   payments.charge(order, { signal }),
   * );
   */
  run<T>(key: string, fn: (step: StepRun) => T): Promise<Awaited<T>>;
  run<T>(key: string, options: StepRunOptions, fn: (step: StepRun) => T): Promise<Awaited<T>>;
  /**
   * Runs another flow as a part of this one, with data of its own that reads through to this one's. The key tells two
   * executions of one flow apart; without one, their order does.
   *
   * @example
   * const rows = await ctx.exec(readRows, "a.csv");
   * const [a, b] = (await ctx.parallel([() => ctx.exec("a", readRows, "a.csv"), () => ctx.exec("b", readRows, "b.csv")])).results;
   */
  exec<Input, Output>(flow: Flow<Input, Output>, ...args: InputArgs<Input>): RunHandle<Output>;
  exec<Input, Output>(key: string, flow: Flow<Input, Output>, ...args: InputArgs<Input>): RunHandle<Output>;
  /**
   * Does all the work, in the order given as far as `concurrency` has room. The first failure aborts the signal of the
   * others, waits for them, and is thrown.
   */
  parallel<const Works extends readonly Work[]>(
    work: Works,
    options?: ParallelOptions,
  ): Promise<ParallelResult<Works>>;
  /** Does all the work, and tells of each how it ended. */
  parallelSettled<const Works extends readonly Work[]>(
    work: Works,
    options?: ParallelOptions,
  ): Promise<ParallelSettledResult<Works>>;
  /** Waits, also over a restart, which waits only for the rest. @param ms milliseconds */
  sleep(ms: number): Promise<void>;
  /**
   * Waits for a value that `handle.send(name, value)` or `scope.send(runId, name, value)` sends, from any process.
   *
   * @example
   * const { approved } = await ctx.waitFor("approval", { timeout: 86_400_000, schema: z.object({ approved: z.boolean() }) });
   */
  waitFor<Out = unknown>(name: string, options?: WaitOptions<Out>): Promise<Out>;
  /**
   * Registers what undoes the work so far. When the flow fails for good or is cancelled, all that was registered runs in
   * reverse order, each once, also when the process dies on the way. Those of sub-flows too, when the run as a whole fails;
   * not where the flow around them catches the failure and succeeds.
   * One that fails is said and not tried again.
   *
   * @example
   * await ctx.run("reserve", () => stock.reserve(order));
   * ctx.onRollback(() => stock.free(order));
   */
  onRollback(fn: (error: unknown) => unknown): void;
}
