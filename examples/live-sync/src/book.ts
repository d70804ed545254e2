/** What a book is to its sync, on both sides of the wire. */
export interface Book {
  readonly id: string;
  readonly title: string;
  /** `true`: typed, and not pushed. `"processing"`: being pushed. */
  readonly dirty: boolean | "processing";
}
