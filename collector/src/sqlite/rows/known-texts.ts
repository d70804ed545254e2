/** Texts that are kept once and told by number, as seen by who only reads them. */
import { BoundedMap } from "../../bounded-map.ts";
import type { Db } from "../file/open.ts";
import type { TextNumbers } from "./packer.ts";

/** Of what is only remembered. */
export const MOST_REMEMBERED = 30_000;
/** Longer ones are written out: they hardly ever repeat. */
const LONGEST = 128;

export class KnownTexts implements TextNumbers {
  protected readonly numbers = new BoundedMap<string, number>(MOST_REMEMBERED);
  /** Met once: a text that comes a second time will come again. */
  readonly #metOnce = new BoundedMap<string, true>(MOST_REMEMBERED);
  readonly #again;
  readonly #selectNumber;

  /** @param again hears of a text that is not kept and comes a second time; may say by which number it is now. */
  constructor(db: Db, again: (text: string) => number | undefined) {
    this.#again = again;
    this.#selectNumber = db.prepare<[string], number>("SELECT number FROM texts WHERE text = ?").pluck();
  }

  numberOf(text: string): number | undefined {
    const known = this.numbers.get(text);
    if (known !== undefined || text.length > LONGEST) return known;
    const kept = this.find(text);
    if (kept !== undefined || this.#metOnce.has(text)) return kept ?? this.#again(text);
    this.#metOnce.set(text, true);
    return undefined;
  }

  /** The number of a text that is kept already. */
  find(text: string): number | undefined {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#selectNumber.get(text);
    if (number !== undefined) this.numbers.set(text, number);
    return number;
  }
}
