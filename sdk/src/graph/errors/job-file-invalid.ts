/** Text that is no job, or a damaged one: nothing of it was used. */
export class JobFileInvalid extends Error {
  override readonly name = "JobFileInvalid";
  /** Where in the job: `.pending[3].slot`; empty where it is no job at all. */
  readonly at: string;

  constructor(at: string, problem: string, cause?: unknown) {
    super(
      `job state${at === "" ? "" : ` at ${at}`}: ${problem}. Use the whole text that serialize or save wrote`,
      cause === undefined ? undefined : { cause },
    );
    this.at = at;
  }
}
