/** This process does not have the run any more; it goes on elsewhere. */
export class RunLeft extends Error {
  override readonly name = "RunLeft";
  readonly runId: string;

  constructor(runId: string, reason: string) {
    super(`run ${runId} goes on elsewhere: ${reason}`);
    this.runId = runId;
  }
}
