import type { RunStatus } from "../status.ts";

/** A run was asked to go where it can't from where it stands. */
export class IllegalMove extends Error {
  override readonly name = "IllegalMove";
  readonly runId: string;
  readonly from: RunStatus;
  readonly to: RunStatus;

  constructor(runId: string, from: RunStatus, to: RunStatus, allowed: readonly RunStatus[]) {
    const others =
      allowed.length === 0 ? "it has ended; start a new run" : `it can be ${allowed.join(" or ")}`;
    super(`run ${runId}: expected a move that is open to a run that is ${from}, got ${to}: ${others}`);
    this.runId = runId;
    this.from = from;
    this.to = to;
  }
}
