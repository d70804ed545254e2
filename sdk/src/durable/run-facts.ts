/** What is known of a run before it goes on here, what it finds around it, and what becomes of it here. */
import type { EndStatus } from "../attributes.ts";
import type { CheckedRetry, RunClock } from "../run/index.ts";
import type { LabelValue } from "../types.ts";
import type { DataContext } from "./data-context.ts";
import type { Extension } from "./extension.ts";
import type { AnyFlow } from "./flow.ts";
import type { Scope } from "./handle.ts";
import type { Deps } from "./types.ts";

export interface RunFacts {
  readonly id: string;
  readonly tenant: string;
  readonly flow: AnyFlow;
  readonly labels: Record<string, LabelValue> | undefined;
  readonly data: DataContext;
  readonly retry: CheckedRetry;
  /** When the time of the flow as a whole is over, in milliseconds since the epoch. */
  readonly deadline: number | undefined;
  /** From 1. */
  readonly attempt: number;
  readonly createdAt: number;
}

/** How it comes to be here again; `undefined` for a run that is begun. */
export interface Resumption {
  readonly takenOver: boolean;
  /** How many units of work are in the journal. */
  readonly journaled: number;
  readonly cancelReason: string | undefined;
  /** Nobody had it before: it was only enqueued. */
  readonly unbegun: boolean;
}

/** What runs find around them. */
export interface Surroundings {
  readonly scope: Scope;
  readonly extensions: readonly Extension[];
  readonly clock: RunClock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  resolve(deps: Deps | undefined): Promise<unknown>;
  /** Tells one input from another. */
  digest(input: unknown, what: string): string;
  /** To a run that is kept where this one is. */
  send(runId: string, name: string, value: unknown): Promise<void>;
  /** Milliseconds: a run that waits for longer is given back. `undefined`: it stays here. */
  readonly parkAfter: number | undefined;
  /** What failed for good is left to another attempt elsewhere: a queue's retry. */
  readonly holdFailed: boolean;
}

export type Outcome =
  | { readonly kind: "ended"; readonly status: EndStatus; readonly value: unknown }
  /** It goes on later or elsewhere. `dueAt`: not before, where that is known */
  | { readonly kind: "parked"; readonly dueAt: number | undefined }
  | { readonly kind: "lost" }
  | { readonly kind: "released" }
  /** It can't go on with this program, or failed while a queue keeps count of attempts; it is in the journal as it was. */
  | { readonly kind: "stuck"; readonly error: unknown };
