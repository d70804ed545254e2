/** A journal has no run of this id. */
export class RunUnknown extends Error {
  override readonly name = "RunUnknown";
  readonly runId: string;

  constructor(runId: string, journal: string) {
    super(
      `run ${runId}: expected a run of this id in journal ${journal}, got none: it was never begun there, or was pruned`,
    );
    this.runId = runId;
  }
}
