/** The latest events, bounded in number and bytes, found by sequence number: what a reader missed while away. */
export interface Sized {
  bytes: Buffer;
}

export class Ring<T extends Sized> {
  readonly #maxCount: number;
  readonly #maxBytes: number;
  #items: T[] = [];
  /** Where in `#items` it begins; what is before has been dropped and waits to be cut off. */
  #head = 0;
  #bytes = 0;
  /** Sequence number of the last event, kept or not. */
  #last = 0;

  constructor(maxCount: number, maxBytes: number) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  get last(): number {
    return this.#last;
  }

  /** Takes the next sequence number; the oldest give way. */
  push(item: T): void {
    this.#last++;
    this.#items.push(item);
    this.#bytes += item.bytes.length;
    while (this.#count > this.#maxCount || this.#bytes > this.#maxBytes) this.#drop();
  }

  /** The events after `sequence`, or `undefined` where some of them are gone, or it is not from here. */
  after(sequence: number): T[] | undefined {
    const missed = this.#last - sequence;
    if (missed < 0 || missed > this.#count) return undefined;
    return this.#items.slice(this.#items.length - missed);
  }

  /** Forgets all; no sequence number given before is known afterwards. */
  clear(): void {
    this.#items = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#last++;
  }

  get #count(): number {
    return this.#items.length - this.#head;
  }

  #drop(): void {
    this.#bytes -= (this.#items[this.#head] as T).bytes.length;
    this.#head++;
    // Seldom, so that dropping costs little on average; soon enough that what is dropped does not add up.
    if (this.#head > 1024 || this.#head === this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }
}
