/** A journal was written by a newer version of Weir than this one. */
export class JournalNewer extends Error {
  override readonly name = "JournalNewer";
  readonly journal: string;
  readonly version: number;
  readonly known: number;

  constructor(journal: string, version: number, known: number) {
    super(
      `journal ${journal}: expected version ${known} or older, got ${version}: a newer @weir/sdk wrote it. ` +
        "Use that version here too, or another journal",
    );
    this.journal = journal;
    this.version = version;
    this.known = known;
  }
}
