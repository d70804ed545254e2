/** The id belongs to a run of another tenant or another flow. What those are is not said: they may be another customer's. */
export class RunIdTaken extends Error {
  override readonly name = "RunIdTaken";
  readonly runId: string;

  constructor(runId: string, what: "tenant" | "flow") {
    super(
      `run ${runId}: the id is in use by a run of another ${what}. Ids are unique in a journal: put the tenant or the ` +
        "flow's name into it",
    );
    this.runId = runId;
  }
}
