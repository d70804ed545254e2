import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { realClock } from "../../src/run/clock.ts";
import { JournalNewer } from "../../src/run/errors/journal-newer.ts";
import { JournalUnavailable } from "../../src/run/errors/journal-unavailable.ts";
import type { Lease } from "../../src/run/journal.ts";
import { openFile } from "../../src/run/sqlite/open.ts";
import { SqliteJournal, sqliteJournal } from "../../src/run/sqlite-journal.ts";
import { newEntry, newRun } from "./places.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-journal-"));
  path = join(folder, "journal.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const CLAIM = { owner: "one", leaseMs: 60_000 };

test("a full disk is an error that says so, loses nothing, and is got over", async () => {
  const db = openFile(path, "sqlite full");
  const journal = new SqliteJournal(db, "sqlite full", realClock);
  const leases: Lease[] = [];
  for (const id of ["a", "b"]) leases.push((await journal.open(newRun(id), CLAIM)).lease as Lease);
  const [a, b] = leases as [Lease, Lease];
  const pages = db.pragma("page_count", { simple: true }) as number;
  db.pragma(`max_page_count = ${pages + 8}`);
  const large = journal.write(a, newEntry("/large", { value: "x".repeat(1_000_000) }));
  const small = journal.write(b, newEntry("/small"));
  await expect(large).rejects.toThrow(JournalUnavailable);
  await expect(large).rejects.toThrow(/the disk is full; free some space, and the run goes on where it was/);
  await small;
  expect(await journal.entries("a")).toEqual([]);
  expect(await journal.entries("b")).toHaveLength(1);
  db.pragma("max_page_count = 1000000");
  await journal.write(a, newEntry("/large", { value: "x".repeat(1_000_000) }));
  expect(await journal.entries("a")).toHaveLength(1);
  await journal.close();
});

test("a journal of a newer version is left alone", async () => {
  await sqliteJournal(path).close();
  const db = new Database(path);
  db.exec("UPDATE weir_journal SET version = 7");
  db.close();
  expect(() => sqliteJournal(path)).toThrow(JournalNewer);
  expect(() => sqliteJournal(path)).toThrow(
    /expected version 1 or older, got 7: a newer @weir\/sdk wrote it/,
  );
});

test("a file that is no database, a folder, and a file in memory are refused with what to do", () => {
  writeFileSync(path, "no database, but longer than a header of one would be".repeat(10));
  expect(() => sqliteJournal(path)).toThrow(/not a SQLite database; name another/);
  mkdirSync(join(folder, "folder"));
  expect(() => sqliteJournal(join(folder, "folder"))).toThrow(JournalUnavailable);
  expect(() => sqliteJournal(":memory:")).toThrow(/use memoryJournal/);
  expect(() => sqliteJournal("")).toThrow(/expected the path of a file/);
});

test("a damaged file is an error that says so, in reading and in writing", async () => {
  const journal = sqliteJournal(path);
  const { lease } = await journal.open(newRun("a"), CLAIM);
  for (let n = 0; n < 200; n++)
    void journal.write(lease as Lease, newEntry(`/${n}`, { value: "x".repeat(2_000) }));
  await journal.close();
  const db = new Database(path);
  const pages = db.pragma("page_count", { simple: true }) as number;
  const pageSize = db.pragma("page_size", { simple: true }) as number;
  db.close();
  const { openSync, writeSync, closeSync } = await import("node:fs");
  const file = openSync(path, "r+");
  for (let page = 3; page < pages; page++)
    writeSync(file, Buffer.alloc(pageSize, 0xa5), 0, pageSize, page * pageSize);
  closeSync(file);
  const damaged = sqliteJournal(path);
  await expect(damaged.entries("a")).rejects.toThrow(/the file is damaged; restore a copy/);
  await expect(damaged.open(newRun("b"), CLAIM)).rejects.toThrow(JournalUnavailable);
  await damaged.close();
});

test("waits while another program writes, and the event loop goes on", async () => {
  const journal = sqliteJournal(path);
  const { lease } = await journal.open(newRun("a"), CLAIM);
  const other = new Database(path);
  other.exec("BEGIN IMMEDIATE");
  let written = false;
  const writing = journal.write(lease as Lease, newEntry("/a")).then(() => {
    written = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(written).toBe(false);
  other.exec("COMMIT");
  other.close();
  await writing;
  expect(await journal.entries("a")).toHaveLength(1);
  await journal.close();
});

test("lives beside the tables of someone else's database", async () => {
  const theirs = new Database(path);
  theirs.exec("CREATE TABLE orders (id TEXT); PRAGMA user_version = 42");
  const journal = sqliteJournal(path);
  await journal.open(newRun("a"));
  await journal.close();
  expect(theirs.pragma("user_version", { simple: true })).toBe(42);
  theirs.close();
});

test("100,000 sleeping runs wait in the file, and one question finds the next", async () => {
  const journal = sqliteJournal(path);
  const dueAt = Date.now() + 3_600_000;
  const ids = Array.from({ length: 100_000 }, (_, at) => `run-${at}`);
  await Promise.all(ids.map((id, at) => journal.open(newRun(id, { dueAt: dueAt + at }))));
  const flows = [newRun("").flow];
  expect(await journal.nextDue({ flows })).toBe(dueAt);
  expect(await journal.claimDue({ ...CLAIM, flows, limit: 10 })).toEqual([]);
  await journal.close();
});
