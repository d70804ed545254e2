/** The documented interface of what a slot's handler gets beside its payload. */
import type { Values } from "./values.ts";

/** What a handler gets beside its payload: the one attempt that it is. */
export interface DeliveryContext {
  /** Aborted when the job is cancelled or stops, when it is to pause at once, and when the slot's timeout is over. Pass it on. */
  readonly signal: AbortSignal;
  /** From 1. */
  readonly attempt: number;
  /** The number of the delivery in its job: the same in each attempt and each process. */
  readonly delivery: number;
  readonly job: { readonly id: string; readonly tenant: string };
  /** The id that this routine has in the graph. */
  readonly routine: string;
  readonly slot: string;
  /** Where it came from; `undefined` for what `execute` gave, and for what was joined or batched. */
  readonly source: { readonly routine: string; readonly event: string } | undefined;
  /** What this routine remembers in this job. */
  readonly state: Values;
  /** What all routines of this job share. */
  readonly shared: Values;
  /** What was given to the last `pause` of this job; `undefined` where there was none. */
  readonly checkpoint: unknown;
  /**
   * Asks the job to pause when this delivery and all that runs beside it have ended. `job.pause` would wait for the handler that
   * calls it.
   */
  readonly pause: (reason?: string, checkpoint?: unknown) => void;
}
