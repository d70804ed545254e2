/** A value that can't be kept, such as a function or an object with a class of its own. */
export class NotEncodable extends Error {
  override readonly name = "NotEncodable";
  /** Which value it belongs to: `step "fetch"`. */
  readonly what: string;
  /** Where in it: `.user.connection`; empty for the value itself. */
  readonly at: string;

  constructor(what: string, at: string, reason: string, cause?: unknown) {
    super(
      `${what}: expected a value that can be kept, got one that can't${at === "" ? "" : ` at ${at}`}: ${reason}. ` +
        "Return plain data: objects, arrays, Date, Map, Set, BigInt, Error, typed arrays",
      cause === undefined ? undefined : { cause },
    );
    this.what = what;
    this.at = at;
  }
}
