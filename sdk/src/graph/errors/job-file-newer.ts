/** A newer version of this package wrote the job. */
export class JobFileNewer extends Error {
  override readonly name = "JobFileNewer";
  readonly version: number;
  readonly known: number;

  constructor(version: number, known: number) {
    super(
      `job state: expected version ${known} or older, got ${version}: a newer @weir/sdk wrote it. Use that version here too`,
    );
    this.version = version;
    this.known = known;
  }
}
