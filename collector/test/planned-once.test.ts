/** What SQLite's planner gets to see of a statement. */
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { planOnce } from "../src/sqlite/file/planned-once.ts";

test("no parameter is in sight of the planner, so nothing is planned anew for its value; what is bound stays what it is", () => {
  const db = new Database(":memory:");
  db.exec("CREATE TABLE t (a INTEGER, b ANY) STRICT");
  planOnce(db);
  const insert = db.prepare("INSERT INTO t VALUES (?, ?)");
  expect(insert.source).toBe("INSERT INTO t VALUES (+?, +?)");
  const values = [1, "1", "+1", "text", null, Buffer.from([1, 2])];
  values.forEach((value, n) => {
    insert.run(n, value);
  });
  expect(db.prepare("SELECT b FROM t ORDER BY a").pluck().all()).toEqual(values);
  const some = db
    .prepare("SELECT a FROM t WHERE a >= $least AND a IN (?, ?, -?) ORDER BY a LIMIT $most")
    .pluck();
  expect(some.all({ least: 2, most: 1 }, 1, 3, -4)).toEqual([3]);
  expect(some.all({ least: 2, most: 5 }, 1, 3, -4)).toEqual([3, 4]);
  expect(db.prepare("SELECT a FROM t WHERE b = ?").pluck().all("1")).toEqual([1]);
  db.close();
});
