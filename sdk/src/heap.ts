/**
 * A heap of things that have a time: the earliest is at hand, of several at one time the one that was added first.
 * Adding and removing take as many moves as the number of its levels.
 */

/** A thing in a heap. `index` and `order` are the heap's own. */
export interface HeapItem {
  at: number;
  index: number;
  order: number;
}

export class Heap<Item extends HeapItem> {
  readonly #items: Item[] = [];
  #added = 0;

  get size(): number {
    return this.#items.length;
  }

  first(): Item | undefined {
    return this.#items[0];
  }

  add(item: Item): void {
    item.order = ++this.#added;
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** Does nothing where it is not in here. */
  remove(item: Item): void {
    const { index } = item;
    if (this.#items[index] !== item) return;
    const last = this.#items.pop() as Item;
    item.index = -1;
    if (last === item) return;
    this.#rise(last, index);
    this.#sink(last, last.index);
  }

  #rise(item: Item, from: number): void {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const other = this.#items[above] as Item;
      if (!before(item, other)) break;
      this.#put(other, index);
      index = above;
    }
    this.#put(item, index);
  }

  #sink(item: Item, from: number): void {
    let index = from;
    for (;;) {
      let below = 2 * index + 1;
      let other = this.#items[below];
      if (other === undefined) break;
      const right = this.#items[below + 1];
      if (right !== undefined && before(right, other)) {
        other = right;
        below += 1;
      }
      if (!before(other, item)) break;
      this.#put(other, index);
      index = below;
    }
    this.#put(item, index);
  }

  #put(item: Item, index: number): void {
    this.#items[index] = item;
    item.index = index;
  }
}

function before(a: HeapItem, b: HeapItem): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
