/** The journal could not be reached or written. What was asked for may have been kept or not; asking again is safe. */
export class JournalUnavailable extends Error {
  override readonly name = "JournalUnavailable";
  readonly journal: string;

  /** @param reason with what to do about it, where that is known */
  constructor(journal: string, reason: string, cause?: unknown) {
    super(`journal ${journal}: ${reason}`, cause === undefined ? undefined : { cause });
    this.journal = journal;
  }
}
