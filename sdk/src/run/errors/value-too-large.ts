/** A value is larger, as text, than the codec takes. Keep it elsewhere and a reference here, or raise `maxBytes`. */
export class ValueTooLarge extends Error {
  override readonly name = "ValueTooLarge";
  /** Which value: `step "fetch"`. */
  readonly what: string;
  /** Of the encoded value. */
  readonly bytes: number;
  readonly maxBytes: number;

  constructor(what: string, bytes: number, maxBytes: number) {
    super(
      `${what}: expected a value of at most ${maxBytes} bytes when encoded, got ${bytes}. ` +
        "Keep large data elsewhere and return its address, or raise maxBytes of the codec",
    );
    this.what = what;
    this.bytes = bytes;
    this.maxBytes = maxBytes;
  }
}
