/** The most recently used of many, in two generations: an old one that is asked for moves over, the rest goes. */
export class Recent<V> {
  readonly #room: number;
  readonly #weigh: (value: V) => number;
  #young = new Map<string, V>();
  #old = new Map<string, V>();
  #weight = 0;

  /** @param room the weight at which a generation is full. */
  constructor(room: number, weigh: (value: V) => number = () => 1) {
    this.#room = room;
    this.#weigh = weigh;
  }

  get(key: string): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: V): void {
    this.grow(this.#weigh(value));
    this.#young.set(key, value);
  }

  /** A value that is in it has become heavier. */
  grow(by: number): void {
    this.#weight += by;
    if (this.#weight <= this.#room) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#weight = by;
  }
}
