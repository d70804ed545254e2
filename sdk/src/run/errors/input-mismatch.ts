/** A run that has not ended was asked for again under its id, with another input. */
export class InputMismatch extends Error {
  override readonly name = "InputMismatch";
  readonly runId: string;

  constructor(runId: string) {
    super(
      `run ${runId}: expected the input that it was begun with, got another. An id names one piece of work: ` +
        "use a new id for a new input, or the same input to join the run",
    );
    this.runId = runId;
  }
}
