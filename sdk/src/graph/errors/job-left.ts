/** The graph was closed in this process, and the job is in its journal: it goes on elsewhere. */
export class JobLeft extends Error {
  override readonly name = "JobLeft";
  readonly jobId: string;

  constructor(jobId: string) {
    super(
      `job ${jobId}: expected it to end before its graph was closed here, got no end: it is in the journal as it was. ` +
        "A worker of another process goes on with it, or recover or resume of its graph",
    );
    this.jobId = jobId;
  }
}
