/** The documented interface of workflows and their runs. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Status } from "../attributes.ts";
import type { Codec, Journal, Random, RunClock } from "../run/index.ts";
import type { LabelValue } from "../types.ts";
import type { TreeDefinition } from "./describe.ts";
import type { Place } from "./node.ts";
import type { APPLY } from "./on.ts";
import type { Step } from "./step.ts";

/** Declared signals: their payload's schema by their name. */
export type Signals = Record<string, StandardSchemaV1>;

export type NoSignals = Record<never, never>;

export type PayloadOf<Schema> = Schema extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<Schema>
  : never;

/** Options of `workflow`: the state that runs begin with, and the signals that change it. */
export interface WorkflowOptions {
  /** What a run begins with: an object. Write the wider type where a key will have other values, as in `dirty: false as boolean`. */
  initialState: object;
  /**
   * Signals by name, each with a schema that follows Standard Schema: of zod, valibot, arktype, or `custom<T>()`. A signal
   * puts its payload under its name, or does what `on(schema, apply)` says.
   */
  signals?: Signals | undefined;
  /** Raise it when the tree changes while runs of the old one are in a journal. Default 1. */
  version?: number | undefined;
}

/** The signals that were declared in these options. */
export type SignalsOf<O> = O extends { signals: infer Sigs extends Signals } ? Sigs : NoSignals;

/** Those whose payload is put into the state. */
type Put<Sigs> = keyof { [K in keyof Sigs as Sigs[K] extends { [APPLY]: unknown } ? never : K]: true };

/** The state that the steps see: what was given, and under the name of a signal its payload, once it came. */
export type StateOf<O extends WorkflowOptions> =
  Put<SignalsOf<O>> extends never
    ? O["initialState"]
    : O["initialState"] & {
        readonly [K in Put<SignalsOf<O>>]?: PayloadOf<SignalsOf<O>[K & keyof SignalsOf<O>]>;
      };

/** A tree of steps: a program that any number of runs go through. */
export interface Workflow<S extends object, Out = S, Sigs extends Signals = NoSignals> extends Step<S, Out> {
  readonly name: string;
  readonly version: number;
  /** Begins a run. It goes on by itself; the first step is taken when the caller has gone on. */
  start(options?: StartOptions<S>): WorkflowRun<S, Out, Sigs>;
  /** Goes on with the runs of this workflow that dead processes have left in a journal, and can be taken now. */
  recover(options: RecoverOptions): Promise<WorkflowRun<S, Out, Sigs>[]>;
  /** The tree as data; the ids of its steps stay the same as long as the tree does. */
  describe(): TreeDefinition;
  /** The same workflow as a step with a state of its own, which the outer state has under a key. */
  under<const K extends string>(key: K): Step<object & { readonly [P in K]?: S | undefined }>;
}

/** Options of a workflow's `start`. */
export interface StartOptions<S> extends Partial<RecoverOptions> {
  /** Your own; with a journal, a run that is there under this id goes on. Default: a UUIDv7. */
  id?: string | undefined;
  /** The customer. Default: that of the current flow, else `"default"`. */
  tenant?: string | undefined;
  /** In the place of the workflow's own. */
  initialState?: NoInfer<S> | undefined;
  /** Searchable. */
  labels?: Record<string, LabelValue> | undefined;
  /** Comes with each message, to tell runs apart. */
  tag?: unknown;
  /** Cancels the run. */
  signal?: AbortSignal | undefined;
}

/** Options of a workflow's `recover`. */
export interface RecoverOptions {
  /** Where runs are kept: `sqliteJournal(path)`, `redisJournal(options)`. Default: nowhere. */
  journal: Journal;
  /** From states to text and back. Default: `createCodec()`. */
  codec?: Codec | undefined;
  /** Milliseconds after which another process may take the runs of one that is silent. Default 15,000. */
  leaseMs?: number | undefined;
  /** For tests, such as a `TestClock`. Default: real time. */
  clock?: RunClock | undefined;
  /** For tests: the chance in delays, from 0 up to, not including, 1. */
  random?: Random | undefined;
}

/** How a run stands. */
export interface Snapshot<S> extends Place {
  readonly id: string;
  readonly workflow: string;
  readonly tenant: string;
  readonly status: Status;
  readonly state: S;
  readonly tag: unknown;
  /** Where it failed or was cancelled: why. */
  readonly error?: unknown;
  /** Why it was paused, cancelled or stopped. */
  readonly reason?: string | undefined;
}

/**
 * What a subscriber hears: how the run stands, and what made it so. `state`: the state or the status has changed, and the
 * first of all. `done`: it has ended, or was stopped. `error`: it has failed or was cancelled. The last two are the last.
 */
export interface Message<S> extends Snapshot<S> {
  readonly type: "state" | "done" | "error";
  /** So many `state` messages before this one were left out, as the subscriber was slow. */
  readonly skipped?: number | undefined;
}

/** Options of `messages()`. */
export interface MessagesOptions {
  /** How many wait for a slow subscriber; then the oldest `state` messages are left out. Default 256. */
  limit?: number | undefined;
}

/** Messages of one subscriber, from the call on. Leaving the loop ends it. */
export interface Messages<S> extends AsyncIterableIterator<Message<S>> {
  return(): Promise<IteratorReturnResult<undefined>>;
}

/** A run that takes part in a subscription or is shown to a page. */
export interface Watchable<S> {
  /** What happens from now on, to loop over. */
  messages(options?: MessagesOptions): Messages<S>;
}

type PayloadArgs<Schema> = Schema extends StandardSchemaV1
  ? undefined extends StandardSchemaV1.InferInput<Schema>
    ? [payload?: StandardSchemaV1.InferInput<Schema>]
    : [payload: StandardSchemaV1.InferInput<Schema>]
  : never;

/** One run of a workflow: its state, its end, and what one can do with it meanwhile. Disposing of it is `release`. */
export interface WorkflowRun<S, Out = S, Sigs extends Signals = NoSignals>
  extends Watchable<S>,
    AsyncDisposable {
  readonly id: string;
  readonly workflow: string;
  readonly tenant: string;
  readonly tag: unknown;
  /** As it is now. */
  readonly state: S;
  readonly status: Status;
  /**
   * The last state. Rejects with what the run failed with or why it was cancelled; a run that is stopped gives the state that
   * it was stopped with. One that nobody asks for harms nobody.
   */
  readonly done: Promise<Out>;
  /** How it stands now. */
  snapshot(): Snapshot<S>;
  /**
   * Changes the state, at once. The function is pure: where work is under way it is called again, on what that returns.
   * What it throws fails the run.
   *
   * @throws {RunEnded}
   */
  signal(fn: (state: S) => S): void;
  /**
   * A declared signal. What its schema refuses is thrown, and the run feels nothing of it.
   *
   * @throws {TypeError} no such signal is declared
   * @throws {ValueInvalid}
   * @throws {RunEnded}
   */
  send<const K extends keyof Sigs & string>(name: K, ...payload: PayloadArgs<Sigs[K]>): void;
  /** It takes no further step, and its waits stand still. Work that is under way goes on. */
  pause(reason?: string): void;
  /** Ends the pause: waits go on with the time that was left. */
  resume(): void;
  /** Ends it: work is told to stop, and what it did is undone (`compensate`). Resolves when it has ended. */
  cancel(reason?: string): Promise<void>;
  /** Ends it as it is: work is told to stop and not waited for, and nothing is undone. */
  stop(reason?: string): Promise<void>;
  /** Resolves when all that has happened so far is in the journal; at once without one. */
  saved(): Promise<void>;
  /** Gives a run that is in a journal back, for another process to go on with; without a journal it is stopped. */
  release(): Promise<void>;
}
