/**
 * Statements that are planned once. SQLite looks at the values that are bound to a statement, to guess how many rows they pick and
 * how many are wanted; so it plans many statements anew whenever others are bound (where a column is compared with a parameter and
 * the rows are put in order or in groups, and where a limit is one). That takes ten times as long as to find a row by an index. Here
 * indices are named, and no plan depends on values.
 */
import type { Db } from "./open.ts";

const PARAMETER = /\?|\$\w+/g;

/** All statements that are prepared from now on are planned once. */
export function planOnce(db: Db): void {
  const prepare = db.prepare.bind(db);
  db.prepare = ((sql: string) => prepare(withoutLook(sql))) as Db["prepare"];
}

/** A plus does nothing to a value; but the planner does not look behind it. */
function withoutLook(sql: string): string {
  return sql.replaceAll(PARAMETER, "+$&");
}
