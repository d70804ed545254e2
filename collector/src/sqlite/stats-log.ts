/** Shares added and taken away, written down with the flows that they are of: in the same commit, a row for each. */
import type { Db } from "./open.ts";
import { ByteReader, ByteWriter } from "./varints.ts";

/** Bytes that are added up at once, and so held in memory. */
const MOST_BYTES = 4 * 1024 * 1024;

interface LogRow {
  number: number;
  entries: Buffer;
}

export class StatsLog {
  readonly #to = new ByteWriter();
  readonly #insert;
  readonly #select;
  readonly #delete;
  /** Bytes written since somebody asked; for who decides when to add them up. */
  #written = 0;

  constructor(db: Db) {
    this.#insert = db.prepare<[Buffer]>("INSERT INTO stats_log (entries) VALUES (?)");
    this.#select = db.prepare<[], LogRow>("SELECT number, entries FROM stats_log ORDER BY number");
    this.#delete = db.prepare<[number]>("DELETE FROM stats_log WHERE number <= ?");
  }

  /** `null`: nothing was counted, or nothing is to be. */
  replace(before: Buffer | null, now: Buffer | null): void {
    if (before !== null && now !== null && before.equals(now)) return;
    if (before !== null) this.#entry(0, before);
    if (now !== null) this.#entry(1, now);
  }

  /** To be called within the transaction that wrote the flows. */
  save(): void {
    if (this.#to.length === 0) return;
    this.#written += this.#to.length;
    this.#insert.run(this.#to.take());
  }

  /** The transaction was rolled back. */
  forget(): void {
    this.#to.take();
  }

  get written(): number {
    return this.#written;
  }

  /** Each share that is not added up yet, with 1 or -1. */
  read(each: (share: Uint8Array, sign: 1 | -1) => void): void {
    for (const { entries } of this.#select.iterate()) readEntries(entries, each);
  }

  /**
   * Reads the first of them and deletes those. To be called within a transaction.
   *
   * @returns whether there are more.
   */
  take(each: (share: Uint8Array, sign: 1 | -1) => void): boolean {
    let bytes = 0;
    let last = 0;
    let more = false;
    for (const { number, entries } of this.#select.iterate()) {
      if (bytes >= MOST_BYTES) {
        more = true;
        break;
      }
      readEntries(entries, each);
      bytes += entries.length;
      last = number;
    }
    if (last > 0) this.#delete.run(last);
    this.#written = 0;
    return more;
  }

  #entry(sign: number, share: Buffer): void {
    this.#to.uint(sign);
    this.#to.bytes(share);
  }
}

function readEntries(entries: Buffer, each: (share: Uint8Array, sign: 1 | -1) => void): void {
  const from = new ByteReader(entries);
  while (!from.done) {
    const sign = from.uint() === 1 ? 1 : -1;
    each(from.bytes(), sign);
  }
}
