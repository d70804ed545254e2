/** A job of another graph, or of one that has changed so that the job can't go on in it. Nothing of it was begun. */
export class GraphMismatch extends Error {
  override readonly name = "GraphMismatch";
  readonly jobId: string;

  constructor(jobId: string, graph: string, problem: string) {
    super(
      `job ${jobId}: expected a job that graph ${graph} can go on with, ${problem}. ` +
        "Resume it in the graph that it was begun in, or give a changed graph a higher version",
    );
    this.jobId = jobId;
  }
}
