/**
 * The rows of the log as they were last read, by tenant: a question reads what was written since, and of that no more than is of
 * those that it asks for. Rows are only ever added behind the last; those that were added up go, the first ones first, and no
 * number comes twice.
 */
import { valueIn } from "../../value-in.ts";
import type { Db } from "../file/open.ts";
import type { Want } from "./cell.ts";
import { type EachShare, readEntries, readEntry } from "./log-entries.ts";
import { type LogSum, LogSums } from "./log-sums.ts";
import { ShareReader } from "./share.ts";
import { ByteReader } from "./varints.ts";

/** Where there is more, which is where adding up has fallen behind, nothing is kept. */
const MOST_KEPT = 8 * 1024 * 1024;
/** Where an entry is: its row, and how far into that. */
const ROW = 2 ** 32;

export interface LogRow {
  number: number;
  entries: Buffer;
}

export class LogIndex {
  readonly #ends;
  readonly #since;
  readonly #all;
  readonly #share = new ShareReader();
  #rows: ByteReader[] = [];
  #byTenant = new Map<number, number[]>();
  readonly #sums = new Map<Want, LogSums>();
  #bytes = 0;
  /** Numbers of the rows that are kept. */
  #first = 0;
  #last = 0;

  constructor(db: Db) {
    this.#ends = db.prepare<[], { first: number | null; last: number | null }>(
      "SELECT (SELECT min(number) FROM stats_log) AS first, (SELECT max(number) FROM stats_log) AS last",
    );
    this.#since = db.prepare<[number], LogRow>(
      "SELECT number, entries FROM stats_log WHERE number > ? ORDER BY number",
    );
    this.#all = db.prepare<[], LogRow>("SELECT number, entries FROM stats_log ORDER BY number");
  }

  /** Each share of these tenants; `null`: of all. */
  read(tenants: Iterable<number> | null, each: EachShare): void {
    if (!this.#readOn()) {
      const wanted = tenants === null ? null : new Set(tenants);
      for (const { entries } of this.#all.iterate()) {
        readEntries(new ByteReader(entries), this.#share, (share, sign) => {
          if (wanted === null || wanted.has(share.tenant)) each(share, sign);
        });
      }
    } else if (tenants === null) {
      for (const row of this.#rows) readEntries(row.at(0), this.#share, each);
    } else {
      for (const tenant of new Set(tenants)) {
        for (const place of this.#byTenant.get(tenant) ?? []) {
          const row = this.#rows[Math.floor(place / ROW)] as ByteReader;
          readEntry(row.at(place % ROW), this.#share, each);
        }
      }
    }
  }

  /** What all shares of all tenants come to; `null` where they are too many to be kept: then `read` tells each. */
  sums(want: Want): Iterable<LogSum> | null {
    if (!this.#readOn()) return null;
    const sums = valueIn(this.#sums, want, () => new LogSums(want));
    sums.readOn(this.#rows);
    return sums;
  }

  /** The transaction in which rows were read may have been rolled back. */
  forget(): void {
    this.#drop();
    this.#bytes = 0;
    this.#first = 0;
    this.#last = 0;
  }

  /** @returns whether all is kept. */
  #readOn(): boolean {
    const { first, last } = this.#ends.get() ?? { first: null, last: null };
    if (first !== this.#first) this.forget();
    if (first === null || last === null) return true;
    if (last === this.#last) return this.#bytes <= MOST_KEPT;
    this.#first = first;
    for (const { number, entries } of this.#since.iterate(this.#last)) {
      this.#last = number;
      this.#bytes += entries.length;
      if (this.#bytes <= MOST_KEPT) this.#keep(entries);
    }
    if (this.#bytes <= MOST_KEPT) return true;
    this.#drop();
    return false;
  }

  #drop(): void {
    this.#rows = [];
    this.#byTenant = new Map();
    this.#sums.clear();
  }

  #keep(entries: Buffer): void {
    const row = new ByteReader(entries);
    const place = ROW * (this.#rows.push(row) - 1);
    while (!row.done) {
      const at = row.position;
      readEntry(row, this.#share, ({ tenant }) => {
        valueIn(this.#byTenant, tenant, noPlaces).push(place + at);
      });
    }
  }
}

const noPlaces = (): number[] => [];
