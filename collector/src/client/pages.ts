/** A list that comes in pages, each of which is asked for when it is wanted. */
interface Page {
  nextCursor: string | null;
}

/** An answer in pages: loop over it for all items, or over `pages()` for each answer. */
export class Pages<Item, P extends Page> implements AsyncIterable<Item> {
  readonly #ask: (cursor: string | undefined) => Promise<P>;
  readonly #itemsIn: (page: P) => readonly Item[];

  constructor(ask: (cursor: string | undefined) => Promise<P>, itemsIn: (page: P) => readonly Item[]) {
    this.#ask = ask;
    this.#itemsIn = itemsIn;
  }

  /** The page that was asked for, alone. */
  page(): Promise<P> {
    return this.#ask(undefined);
  }

  /** That page, and those that follow. */
  async *pages(): AsyncGenerator<P, void, undefined> {
    let page = await this.#ask(undefined);
    yield page;
    while (page.nextCursor !== null) {
      page = await this.#ask(page.nextCursor);
      yield page;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* this.#itemsIn(page);
  }
}
