/** Texts that are kept once and told by number: names, keys, services. */
import { BoundedMap } from "../../bounded-map.ts";
import type { Db } from "../file/open.ts";
import { KnownTexts, MOST_REMEMBERED } from "./known-texts.ts";
import type { NumberedTexts } from "./packer.ts";

/** A store in which this many texts repeat has names made of data; more of them are written out. */
const MOST_KEPT = 5_000_000;

/** To be asked for numbers within a transaction: a text that comes a second time is kept. */
export class StoredTexts extends KnownTexts implements NumberedTexts {
  readonly #texts = new BoundedMap<number, string>(MOST_REMEMBERED);
  readonly #selectText;
  readonly #insert;
  #kept: number;

  constructor(db: Db) {
    super(db, (text) => this.keepRepeated(text));
    this.#selectText = db.prepare<[number], string>("SELECT text FROM texts WHERE number = ?").pluck();
    this.#insert = db.prepare<[string]>("INSERT INTO texts (text) VALUES (?)");
    this.#kept = db.prepare<[], number>("SELECT coalesce(max(number), 0) FROM texts").pluck().get() ?? 0;
  }

  /** Keeps a text that came a second time, where there is room. To be called within a transaction. */
  keepRepeated(text: string): number | undefined {
    return this.#kept < MOST_KEPT ? this.keep(text) : this.find(text);
  }

  /** Keeps the text in any case. To be called within a transaction. */
  keep(text: string): number {
    const known = this.find(text);
    if (known !== undefined) return known;
    const number = Number(this.#insert.run(text).lastInsertRowid);
    this.#kept = number;
    this.numbers.set(text, number);
    return number;
  }

  textOf(number: number): string {
    let text = this.#texts.get(number);
    if (text === undefined) {
      text = this.#selectText.get(number) ?? "";
      this.#texts.set(number, text);
    }
    return text;
  }

  /** After a transaction that was rolled back: what is remembered may not be there. */
  forget(): void {
    this.numbers.clear();
    this.#texts.clear();
  }
}
