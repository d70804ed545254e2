/** Remembers rows for as long as nobody has written to the database, here or in another process. */
import type { Db } from "./file/open.ts";

const MOST_KEPT = 2_000;

/**
 * For rows that every request asks for. SQLite's `data_version` tells of the commits of other connections for a
 * fraction of what a look into a table costs; of one's own commits `forget` must be told.
 *
 * @example
 * const keys = new Fresh<KeyRecord>(db);
 * keys.get(id, () => select.get(id));
 */
export class Fresh<Row> {
  readonly #version: () => unknown;
  readonly #rows = new Map<string, Row>();
  #seen: unknown;

  constructor(db: Db) {
    const version = db.prepare("PRAGMA data_version").pluck();
    this.#version = () => version.get();
  }

  /** What is not there is not remembered: nobody fills the memory by asking for what he made up. */
  get(id: string, read: () => Row | undefined): Row | undefined {
    const version = this.#version();
    if (version !== this.#seen) {
      this.forget();
      this.#seen = version;
    }
    const known = this.#rows.get(id);
    if (known !== undefined) return known;
    const row = read();
    if (row === undefined) return undefined;
    if (this.#rows.size >= MOST_KEPT) this.#rows.clear();
    this.#rows.set(id, row);
    return row;
  }

  forget(): void {
    this.#rows.clear();
  }
}
