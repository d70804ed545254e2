/** What of a run is seen: its flow, and a step for each unit of work and each wait. */
import type { StepKind } from "../attributes.ts";
import type { StepHandle } from "../types.ts";

export interface Unit {
  /** Shown. */
  readonly name: string;
  /** Which one it is in its run: with the node it is its place. */
  readonly number: number;
  /** From 1. */
  readonly attempt: number;
  readonly kind?: StepKind | undefined;
  /** Its failure is not that of the run. */
  readonly optional?: boolean | undefined;
  /** A process before has said that it is open. */
  readonly isOpen?: boolean | undefined;
}

export type Opened = Pick<StepHandle, "run" | "end" | "fail" | "cancel">;
