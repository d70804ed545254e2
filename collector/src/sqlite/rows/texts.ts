/** Texts that are kept once and told by number: names, keys, services. */
import { BoundedMap } from "../../bounded-map.ts";
import type { Db } from "../file/open.ts";
import type { Texts } from "./packer.ts";

const MOST_REMEMBERED = 30_000;
/** Longer ones are written out: they hardly ever repeat. */
const LONGEST = 128;
/** A store in which this many texts repeat has names made of data; more of them are written out. */
const MOST_KEPT = 5_000_000;

export class StoredTexts implements Texts {
  readonly #numbers = new BoundedMap<string, number>(MOST_REMEMBERED);
  readonly #texts = new BoundedMap<number, string>(MOST_REMEMBERED);
  /** Met once: a text that comes a second time will come again. */
  readonly #metOnce = new BoundedMap<string, true>(MOST_REMEMBERED);
  readonly #selectNumber;
  readonly #selectText;
  readonly #insert;
  #kept: number;

  constructor(db: Db) {
    this.#selectNumber = db.prepare<[string], number>("SELECT number FROM texts WHERE text = ?").pluck();
    this.#selectText = db.prepare<[number], string>("SELECT text FROM texts WHERE number = ?").pluck();
    this.#insert = db.prepare<[string]>("INSERT INTO texts (text) VALUES (?)");
    this.#kept = db.prepare<[], number>("SELECT coalesce(max(number), 0) FROM texts").pluck().get() ?? 0;
  }

  /** Keeps the text where it comes a second time. To be called within a transaction. */
  numberOf(text: string): number | undefined {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    if (text.length > LONGEST || this.#kept >= MOST_KEPT) return undefined;
    if (!this.#metOnce.has(text)) {
      this.#metOnce.set(text, true);
      return this.find(text);
    }
    return this.keep(text);
  }

  /** Keeps the text in any case. To be called within a transaction. */
  keep(text: string): number {
    const known = this.find(text);
    if (known !== undefined) return known;
    const number = Number(this.#insert.run(text).lastInsertRowid);
    this.#kept = number;
    this.#remember(text, number);
    return number;
  }

  /** The number of a text that is kept already. */
  find(text: string): number | undefined {
    const number = this.#numbers.get(text) ?? this.#selectNumber.get(text);
    if (number !== undefined) this.#remember(text, number);
    return number;
  }

  textOf(number: number): string {
    let text = this.#texts.get(number);
    if (text === undefined) {
      text = this.#selectText.get(number) ?? "";
      this.#remember(text, number);
    }
    return text;
  }

  /** After a transaction that was rolled back: what is remembered may not be there. */
  forget(): void {
    this.#numbers.clear();
    this.#texts.clear();
  }

  #remember(text: string, number: number): void {
    this.#numbers.set(text, number);
    this.#texts.set(number, text);
  }
}
