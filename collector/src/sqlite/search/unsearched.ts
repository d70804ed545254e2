/** Which flows are in none of the tables that a search goes by, for they were stored before there were such. */
import type { Db } from "../file/open.ts";

export class Unsearched {
  readonly #select;
  readonly #update;
  /** It only ever falls: while it is 0 there is nothing to look up. */
  #upTo: number | undefined;

  constructor(db: Db) {
    this.#select = db.prepare<[], number>("SELECT up_to FROM unsearched").pluck();
    this.#update = db.prepare<[number]>("UPDATE unsearched SET up_to = ?");
  }

  /** Flows up to this number; 0 where there are none. As of this transaction. */
  upTo(): number {
    if (this.#upTo !== 0) this.#upTo = this.#select.get() ?? 0;
    return this.#upTo;
  }

  /** From this one on all are found. To be called within a transaction. */
  foundDownTo(pk: number): void {
    this.#update.run(Math.max(0, pk - 1));
    this.#upTo = undefined;
  }

  /** After a transaction that was rolled back. */
  forget(): void {
    this.#upTo = undefined;
  }
}
