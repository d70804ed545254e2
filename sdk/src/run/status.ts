/** Where a run stands, and where it may go from there. */
import { END_STATUSES, type EndStatus, type Status } from "../attributes.ts";
import { IllegalMove } from "./errors/illegal-move.ts";

/** The same words as those of flows: a run is one. */
export type RunStatus = Status;

const MOVES: Record<RunStatus, readonly RunStatus[]> = {
  running: ["paused", "succeeded", "failed", "cancelled"],
  // Cancelling undoes what was done, which is work: from a pause too it passes through `running` where there is any.
  paused: ["running", "cancelled"],
  succeeded: [],
  failed: [],
  cancelled: [],
};

export function hasEnded(status: RunStatus): status is EndStatus {
  return (END_STATUSES as readonly RunStatus[]).includes(status);
}

/**
 * @returns `to`
 * @throws {IllegalMove} such as that of a run that has ended
 * @example
 * this.#status = moved(this.id, this.#status, "paused");
 */
export function moved<To extends RunStatus>(runId: string, from: RunStatus, to: To): To {
  if (!MOVES[from].includes(to)) throw new IllegalMove(runId, from, to, MOVES[from]);
  return to;
}
