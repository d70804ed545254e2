/** A list of the last things: when it is full, the oldest goes and is counted. */
export class Bounded<Item> {
  readonly #limit: number;
  readonly #items: Item[];
  /** Where the oldest is, once it is full. */
  #head = 0;
  #dropped: number;

  constructor(limit: number, items: readonly Item[] = [], dropped = 0) {
    this.#limit = limit;
    const over = Math.max(0, items.length - limit);
    this.#items = items.slice(over);
    this.#dropped = dropped + over;
  }

  get dropped(): number {
    return this.#dropped;
  }

  push(item: Item): void {
    if (this.#items.length < this.#limit) {
      this.#items.push(item);
      return;
    }
    this.#dropped += 1;
    if (this.#limit === 0) return;
    this.#items[this.#head] = item;
    this.#head = (this.#head + 1) % this.#limit;
  }

  /** Oldest first. */
  list(): Item[] {
    return [...this.#items.slice(this.#head), ...this.#items.slice(0, this.#head)];
  }
}
