/** Something was asked of a run that only one can do that has not ended. */
export class RunEnded extends Error {
  override readonly name = "RunEnded";
  readonly runId: string;

  constructor(runId: string, wanted: string) {
    super(
      `run ${runId}: expected a run that has not ended, got one that has: it takes no ${wanted} any more`,
    );
    this.runId = runId;
  }
}
