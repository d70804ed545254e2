import type { Status } from "../../attributes.ts";

/** A run was asked to go where it can't from where it stands. */
export class IllegalMove extends Error {
  override readonly name = "IllegalMove";
  readonly runId: string;
  readonly from: Status;
  readonly to: Status;

  constructor(runId: string, from: Status, to: Status, allowed: readonly Status[]) {
    const others =
      allowed.length === 0 ? "it has ended; start a new run" : `it can be ${allowed.join(" or ")}`;
    super(`run ${runId}: expected a move that is open to a run that is ${from}, got ${to}: ${others}`);
    this.runId = runId;
    this.from = from;
    this.to = to;
  }
}
