/** What belongs together did not come together: in its time, or before nothing more could come. */
export class JoinIncomplete extends Error {
  override readonly name = "JoinIncomplete";
  /** `aggregate.in` */
  readonly slot: string;
  /** The connections that had not delivered: `enrich.out`. */
  readonly missing: readonly string[];

  constructor(slot: string, missing: readonly string[], timeout: number | undefined) {
    const when = timeout === undefined ? "before nothing more could come" : `within ${timeout} ms`;
    super(
      `join of ${slot}: expected a delivery from each connection that it needs ${when}, got none from ${missing.join(", ")}. ` +
        'With incomplete: "deliver" the join goes on with what there is',
    );
    this.slot = slot;
    this.missing = missing;
  }
}
