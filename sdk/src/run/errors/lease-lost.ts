/** A write came under a lease that is no longer good. Nothing was written; whoever has the run goes on with it. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
  readonly runId: string;
  readonly token: number;

  constructor(runId: string, token: number) {
    super(
      `run ${runId}: lease ${token} is no longer good: another process took the run over, or it has ended. ` +
        "Stop the work; where this happens often, the process stands still for longer than leaseMs: raise it",
    );
    this.runId = runId;
    this.token = token;
  }
}
