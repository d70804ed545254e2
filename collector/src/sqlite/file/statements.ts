/** Prepared statements by their text: the combinations of filters that are in use are few. */
import type { Statement } from "better-sqlite3";
import type { Db } from "./open.ts";

const MOST_KEPT = 200;

export class Statements {
  readonly #db: Db;
  readonly #kept = new Map<string, Statement<unknown[]>>();

  constructor(db: Db) {
    this.#db = db;
  }

  of<Row>(sql: string): Statement<unknown[], Row> {
    let statement = this.#kept.get(sql);
    if (statement === undefined) {
      if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
      statement = this.#db.prepare(sql);
      this.#kept.set(sql, statement);
    }
    return statement as Statement<unknown[], Row>;
  }
}
