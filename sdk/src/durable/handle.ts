/** The documented interface of executing flows in a scope. */
import type { Status } from "../attributes.ts";
import type { Journal } from "../run/index.ts";
import type { LabelValue } from "../types.ts";
import type { Accessor, InitialContext } from "./accessor.ts";
import type { AnyFlow, Flow } from "./flow.ts";
import type { Resources } from "./types.ts";

/** The input, left out where the flow takes none or may do without. */
export type InputArgs<Input, Rest extends readonly unknown[] = []> = undefined extends Input
  ? [input?: Input, ...rest: Rest]
  : [input: Input, ...rest: Rest];

/** How often something is tried, and how long it waits in between. */
export interface RetryOptions {
  /** How often it runs at most, the first time included. Default 1. */
  maxAttempts?: number | undefined;
  /** `fixed` delays stay, `linear` ones are 1, 2, 3 times the base, `exponential` ones 1, 2, 4 times. Default `"exponential"`. */
  backoff?: "fixed" | "linear" | "exponential" | undefined;
  /** Before the second attempt, in milliseconds. Default 100. */
  baseDelay?: number | undefined;
  /** No delay is longer, in milliseconds. Default 30,000. */
  maxDelay?: number | undefined;
  /** The part of a delay that is left to chance, from 0 to 1. Default 0. */
  jitter?: number | undefined;
  /** Whether this error may be tried again. Default: every error. An `AbortError` never is. */
  retryIf?: ((error: unknown, attempt: number) => boolean) | undefined;
}

/** Options of `scope.exec`. */
export interface ExecOptions<As extends readonly Accessor<unknown, unknown>[] = []> {
  /**
   * Your own, such as an order number: an idempotency key. The same id again joins the run that is under way, or
   * gives the result of the one that has ended. Default: a UUIDv7.
   */
  id?: string | undefined;
  /** The customer. Default: that of the current flow, else `"default"`. */
  tenant?: string | undefined;
  /** Of the flow; searchable. */
  labels?: Record<string, LabelValue> | undefined;
  /** What the flow finds in its data at the start: `[[requestId, "req-1"]]`. With a journal the keys are text. */
  initialContext?: InitialContext<As> | undefined;
  /**
   * Of the flow as a whole; steps that have succeeded are not run again. A `retryIf` holds in this process: another that
   * goes on with the run tries again after every error. Default: no retry.
   */
  retry?: RetryOptions | undefined;
  /** Milliseconds for the flow as a whole, from when it was asked for, retries included. Default: none. */
  timeout?: number | undefined;
  /** Cancels the run. */
  signal?: AbortSignal | undefined;
  /** Where this run is kept. Default: that of the scope. */
  journal?: Journal | undefined;
}

/** A run: a promise of its result, and what one can do with it meanwhile. */
export interface RunHandle<Output> extends Promise<Output> {
  readonly id: string;
  readonly status: Status;
  /** The same promise, for where the handle itself must not be awaited, as in what an `async` function returns. */
  readonly result: Promise<Output>;
  /** Asks it to stop: aborts `ctx.signal`, waits for its sub-flows, runs what was given to `onRollback`. Resolves when it has ended. */
  cancel(reason?: string): Promise<void>;
  /** Answers a `ctx.waitFor(name)` of this run, now or when it comes to it. */
  send(name: string, value?: unknown): Promise<void>;
  /** What has become of the run so far. */
  details(): Promise<RunDetails>;
}

/** How a run stands, as its journal has it. */
export interface RunDetails {
  readonly id: string;
  readonly flow: { readonly name: string; readonly version: number };
  readonly tenant: string;
  readonly status: Status;
  /** From 1. */
  readonly attempt: number;
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
  /** What it failed with; `undefined` while it runs or when it succeeded. */
  readonly error: unknown;
  /** In the order in which they began. */
  readonly steps: readonly StepDetails[];
}

/** A step of a run, as its journal has it. */
export interface StepDetails {
  /** The keys from the flow down to this step. */
  readonly path: readonly string[];
  readonly kind: "run" | "exec" | "sleep" | "wait" | "rollback";
  readonly status: Status;
  /** From 1. */
  readonly attempt: number;
  /** Its result came from the journal in this attempt of the flow. */
  readonly replayed: boolean;
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
}

/** Options of a scope's `worker`. */
export interface WorkerOptions {
  /** What it takes: runs of these names and versions. Each needs a name. */
  flows: readonly AnyFlow[];
  /** How many runs at once. Default 10. */
  concurrency?: number | undefined;
  /** Where the runs are. Default: the journal of the scope. */
  journal?: Journal | undefined;
}

/** Takes runs until it is stopped. */
export interface Worker extends AsyncDisposable {
  /** Takes no more, and resolves when those it has taken have ended or gone back. */
  stop(): Promise<void>;
}

/** Runs flows. */
export interface Execution {
  /**
   * Runs a flow: its input is validated, its dependencies are resolved. With a journal it goes on in another process
   * should this one die, by the name that the flow was given; one without a name goes on when it is executed again under
   * the same id.
   *
   * @throws (as a rejection) {InputMismatch | ProgramChanged | RunIdTaken} the id is that of another piece of work
   * @example
   * await scope.exec(fetchData, "/users/42", { id: "job-42", tenant: "acme-corp", retry: { maxAttempts: 3 } });
   */
  exec<Input, Output, const As extends readonly Accessor<unknown, unknown>[] = []>(
    flow: Flow<Input, Output>,
    ...args: InputArgs<Input, [options?: ExecOptions<As>]>
  ): RunHandle<Output>;
  /** Puts a run into the journal for any `worker` to take. Resolves with its id once it is kept. */
  enqueue<Input, const As extends readonly Accessor<unknown, unknown>[] = []>(
    flow: Flow<Input, unknown>,
    ...args: InputArgs<Input, [options?: Omit<ExecOptions<As>, "signal">]>
  ): Promise<string>;
  /**
   * Goes on with what processes that died have left of these flows. Those that sleep or are still leased are woken by this
   * scope when their time comes.
   *
   * @returns handles of what was there to be taken at once
   */
  recover(options: WorkerOptions): Promise<readonly RunHandle<unknown>[]>;
  /** Takes enqueued runs and those of processes that died, until it is stopped. */
  worker(options: WorkerOptions): Worker;
  /** Answers a `ctx.waitFor(name)` of a run in any process. */
  send(runId: string, name: string, value?: unknown): Promise<void>;
}

/** Resources, and the flows that run on them. */
export interface Scope extends Resources, Execution {}
