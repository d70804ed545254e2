/** Text of the journal that its codec can't read: another codec or key wrote it, or it is damaged. */
export class NotDecodable extends Error {
  override readonly name = "NotDecodable";
  readonly what: string;

  constructor(what: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `${what}: expected text that the journal's codec wrote, got what it can't read (${reason}). ` +
        "Use the codec and the key that the run was begun with",
      { cause },
    );
    this.what = what;
  }
}
