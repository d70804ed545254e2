/** What the interpreter asks of the run that it is part of, what it hands out at the end, and what it gives to be kept. */
import type { Random, RunClock } from "../run/index.ts";
import type { Place } from "./node.ts";
import type { Node } from "./part.ts";
import type { Opened, Unit } from "./seen.ts";
import type { State } from "./state.ts";

/** What the machine is part of. */
export interface Host {
  readonly id: string;
  readonly tenant: string;
  readonly clock: RunClock;
  readonly random: Random;
  /** Calls `fn` where the run was started: in its flow. */
  inside<T>(fn: () => T): T;
  open(node: Node, unit: Unit): Opened;
  /** @throws {TypeError} the tree has none of this id */
  nodeAt(id: string): Node;
  /** The state or what the run is doing is another one. */
  changed(): void;
  ended(ending: Ending): void;
  /** Where the run is kept; `undefined`: nowhere. */
  readonly keeper: Keeper | undefined;
}

/** Keeps a run where a crash does not reach it. */
export interface Keeper {
  /** How many moves of the machine are kept. */
  readonly kept: number;
  /** Keeps what the machine's `save` gives. Calls `then` when that is kept. */
  keep(then?: () => void): void;
}

export interface Ending {
  readonly status: "succeeded" | "failed" | "cancelled";
  /** Of what did not succeed and was not stopped. */
  readonly error?: unknown;
  /** Why it was cancelled or stopped. */
  readonly reason?: string | undefined;
  /** Ended on the owner's wish, as it is. */
  readonly stopped?: true;
  /** Where it stood. */
  readonly place?: Place | undefined;
}

/** What a journal keeps of a run. */
export interface Saved {
  readonly state: State;
  /** From the root down: node, `at`, what the part keeps. */
  readonly frames: readonly (readonly [node: string, at: number, data: unknown])[];
  readonly units: number;
  /** What is to be undone, the newest first. */
  readonly undo: readonly string[];
  /** It has failed and is being undone. */
  readonly ending: Ending | undefined;
  readonly paused: boolean;
  /** How long the timer had still to run. */
  readonly rest: number | undefined;
}
