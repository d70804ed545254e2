/** A payload that can't cross from one routine to another, such as one with a function or a socket in it. */
export class NotCopyable extends Error {
  override readonly name = "NotCopyable";
  /** Whose value it is: `event "reader.output"`. */
  readonly what: string;
  /** Where in it: `.user.connection`; empty for the value itself. */
  readonly at: string;

  constructor(what: string, at: string, reason: string) {
    super(
      `${what}: expected a value that can be copied, got one that can't${at === "" ? "" : ` at ${at}`}: ${reason}. ` +
        "Send plain data: objects, arrays, Date, Map, Set, BigInt, Error, typed arrays",
    );
    this.what = what;
    this.at = at;
  }
}
