/** A value of the data context was read that nobody has set and that has no default. */
export class ValueMissing extends Error {
  override readonly name = "ValueMissing";
  readonly key: string | symbol;

  constructor(key: string | symbol) {
    super(
      `get of ${String(key)}: expected a value, got none: set it, pass it as initialContext, give the accessor a ` +
        `default, or use find`,
    );
    this.key = key;
  }
}
