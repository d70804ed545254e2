/** A job of this id is under way: here, or in another process that shares the journal. */
export class JobTaken extends Error {
  override readonly name = "JobTaken";
  readonly jobId: string;

  constructor(jobId: string, status: string) {
    super(
      `job ${jobId}: expected an id that no job has which is under way, got one that is ${status}. ` +
        "Use the handle that it was begun with, or another id for another job",
    );
    this.jobId = jobId;
  }
}
