/** What the program does at a place is not what the journal has there: going on would mix two programs. */
export class ProgramChanged extends Error {
  override readonly name = "ProgramChanged";
  readonly runId: string;
  /** Of the entry; empty where the whole run is meant. */
  readonly path: string;
  readonly journaled: string;
  readonly found: string;

  /** @param journaled what the journal has, in words: `run "charge"` */
  constructor(runId: string, path: string, journaled: string, found: string) {
    const place = path === "" ? "" : ` at ${path}`;
    super(
      `run ${runId}: the program has changed${place}: expected ${journaled}, as it was journaled, got ${found}. ` +
        "Give the changed flow a higher version, and keep the old one until its runs have ended",
    );
    this.runId = runId;
    this.path = path;
    this.journaled = journaled;
    this.found = found;
  }
}
