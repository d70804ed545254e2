/** What the rows of the log come to for all customers together: added up as they are read, so that a question adds only what is new. */
import type { Tally } from "../../stores/tally.ts";
import { valueIn } from "../../value-in.ts";
import { Cell, type Want } from "./cell.ts";
import { readEntries } from "./log-entries.ts";
import { kindOfPart } from "./parts.ts";
import { ShareReader } from "./share.ts";
import type { ByteReader } from "./varints.ts";

/** Of flows of a name that began within an hour. Some counts may be less than none: what is added up elsewhere was taken away. */
export interface LogSum {
  hour: number;
  name: number;
  /** `null`: how the flows themselves stand. */
  part: number | null;
  tally: Tally;
}

export class LogSums {
  readonly #want: Want;
  readonly #share = new ShareReader();
  readonly #cells = new Map<number, Map<number, Cell>>();
  /** Rows that are added up. */
  #read = 0;

  constructor(want: Want) {
    this.#want = want;
  }

  /** @param rows all that are kept: those of the last time first. */
  readOn(rows: readonly ByteReader[]): void {
    for (; this.#read < rows.length; this.#read += 1) {
      const row = rows[this.#read] as ByteReader;
      readEntries(row.at(0), this.#share, (share, sign) => this.#add(share, sign));
    }
  }

  *[Symbol.iterator](): Generator<LogSum> {
    for (const [hour, names] of this.#cells) {
      for (const [name, cell] of names) {
        if (!cell.flows.isEmpty) yield { hour, name, part: null, tally: cell.flows };
        for (const [part, tally] of cell.parts) if (!tally.isEmpty) yield { hour, name, part, tally };
      }
    }
  }

  #add(share: ShareReader, sign: 1 | -1): void {
    const names = valueIn(this.#cells, share.hour, noCells);
    const cell = valueIn(names, share.name, newCell);
    if (this.#want === "flows") {
      cell.flows.add(share.outcome, sign);
      return;
    }
    share.parts((code, outcome, count) => {
      if (kindOfPart(code) === this.#want) cell.part(code).add(outcome, sign * count);
    });
  }
}

const noCells = () => new Map<number, Cell>();
const newCell = () => new Cell();
