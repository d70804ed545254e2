/** Shares added and taken away, written down with the flows that they are of: in the same commit, a row for each. */
import type { Db } from "../file/open.ts";
import type { Want } from "./cell.ts";
import { type EachShare, readEntries } from "./log-entries.ts";
import { LogIndex, type LogRow } from "./log-index.ts";
import type { LogSum } from "./log-sums.ts";
import { ShareReader } from "./share.ts";
import { ByteReader, ByteWriter } from "./varints.ts";

/** Bytes that are added up at once, and so held in memory. */
const MOST_BYTES = 8 * 1024 * 1024;

export class StatsLog {
  readonly #to = new ByteWriter();
  readonly #insert;
  readonly #select;
  readonly #delete;
  readonly #mark;
  readonly #index: LogIndex;
  #written = 0;

  constructor(db: Db) {
    this.#insert = db.prepare<[Buffer]>("INSERT INTO stats_log (entries) VALUES (?)");
    this.#select = db.prepare<[], LogRow>("SELECT number, entries FROM stats_log ORDER BY number");
    this.#delete = db.prepare<[number]>("DELETE FROM stats_log WHERE number <= ?");
    // Of a table without rows SQLite would begin to count anew.
    this.#mark = db.prepare<[number]>("INSERT OR IGNORE INTO stats_log (number, entries) VALUES (?, x'')");
    this.#index = new LogIndex(db);
  }

  /** `null`: nothing was counted, or nothing is to be. */
  replace(before: Uint8Array | null, now: Uint8Array | null): void {
    if (before !== null && now !== null && Buffer.compare(before, now) === 0) return;
    if (before !== null) this.#entry(before, 0);
    if (now !== null) this.#entry(now, 1);
  }

  /** To be called within the transaction that wrote the flows. */
  save(): void {
    if (this.#to.length === 0) return;
    this.#written += this.#to.length;
    this.#insert.run(this.#to.take());
  }

  /** The transaction was rolled back. */
  forget(): void {
    this.#to.clear();
    this.#index.forget();
  }

  /** Bytes since they were last added up, here. */
  get written(): number {
    return this.#written;
  }

  /** Each share of these tenants that is not added up yet; `null`: of all. */
  read(tenants: Iterable<number> | null, each: EachShare): void {
    this.#index.read(tenants, each);
  }

  /** What those of all tenants come to; `null`: they are too many, but can be read. */
  sums(want: Want): Iterable<LogSum> | null {
    return this.#index.sums(want);
  }

  /**
   * Reads the first of them and deletes those. To be called within a transaction.
   *
   * @returns whether there are more.
   */
  take(each: EachShare): boolean {
    const share = new ShareReader();
    let bytes = 0;
    let last = 0;
    let more = false;
    for (const { number, entries } of this.#select.iterate()) {
      if (bytes >= MOST_BYTES) {
        more = true;
        break;
      }
      readEntries(new ByteReader(entries), share, each);
      bytes += entries.length;
      last = number;
    }
    if (bytes > 0) {
      this.#delete.run(last);
      this.#mark.run(last + 1);
    }
    this.#written = 0;
    return more;
  }

  #entry(share: Uint8Array, sign: 0 | 1): void {
    this.#to.uint(share.length * 2 + sign);
    this.#to.bytes(share);
  }
}
