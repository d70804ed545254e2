/** More signals than are remembered came while one piece of work was under way; this one was not applied. */
export class SignalsUnheard extends Error {
  override readonly name = "SignalsUnheard";
  readonly runId: string;

  constructor(runId: string, limit: number) {
    super(
      `run ${runId}: expected at most ${limit} signals while one piece of work is under way, got more. ` +
        "This one was not applied: send again when the work has ended, or give the work a timeout",
    );
    this.runId = runId;
  }
}
