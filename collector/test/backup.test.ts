/** Backups and their way back: what was acknowledged before one began is in it, whatever goes on meanwhile. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { backUp } from "../src/sqlite/file/backup.ts";
import { restore } from "../src/sqlite/file/restore.ts";
import { openSqliteStore } from "../src/sqlite/index.ts";
import type { Store } from "../src/store.ts";
import { flowOf } from "./saying.ts";

const top = mkdtempSync(join(tmpdir(), "weir-backup-"));
afterAll(() => rmSync(top, { recursive: true, force: true }));

let folder: string;
let path: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(top, "test-"));
  path = join(folder, "weir.db");
  file = join(folder, "copy.db");
});

async function fill(store: Store, from: number, count: number): Promise<void> {
  for (let n = from; n < from + count; n += 100) {
    const flows = Array.from({ length: 100 }, (_, i) => flowOf({ tenant: "acme", id: `${n + i}` }));
    await store.append(
      flows.flatMap(({ opened, step, ended }, i) => [
        opened(1000 + n + i, { labels: { n: `${n + i}` } }),
        ...step("s", 1001 + n + i, 1002 + n + i),
        ended(1003 + n + i),
      ]),
    );
  }
}

async function filled(count = 300): Promise<void> {
  const store = openSqliteStore({ path });
  await fill(store, 0, count);
  await store.close();
}

async function total(at: string): Promise<number | undefined> {
  const store = openSqliteStore({ path: at });
  try {
    return (await store.stats({ groupBy: "name" })).groups[0]?.total;
  } finally {
    await store.close();
  }
}

/** Every row of every table. */
function rowsOf(at: string): Record<string, unknown[]> {
  const db = new Database(at, { readonly: true });
  const tables = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
  const rows = Object.fromEntries(
    tables
      .pluck()
      .all()
      .map((table) => [
        table,
        db
          .prepare(`SELECT * FROM ${table}`)
          .all()
          .map((row) => JSON.stringify(row))
          .sort(),
      ]),
  );
  db.close();
  return rows;
}

const isHeld = {
  code: "unavailable",
  message: expect.stringContaining("is in use: stop the server"),
};

describe("backup", () => {
  test("has every row of every table, and is as private as the store", async () => {
    await filled();
    chmodSync(path, 0o600);
    expect(await backUp({ from: path, to: file, force: false })).toBe(statSync(file).size);
    expect(rowsOf(file)).toEqual(rowsOf(path));
    expect(Object.keys(rowsOf(file))).toContain("flows");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("under ingest has all that was acknowledged before it began, and nothing by half", async () => {
    const store = openSqliteStore({ path });
    await fill(store, 0, 3000);
    let acknowledged = 3000;
    let going = true;
    const ingest = (async () => {
      for (; going; acknowledged += 100) await fill(store, acknowledged, 100);
    })();
    for (let round = 0; round < 3; round += 1) {
      const before = acknowledged;
      await backUp({ from: path, to: file, force: true });
      const to = join(folder, `restored-${round}.db`);
      await restore({ from: file, to, force: false });
      const restored = openSqliteStore({ path: to });
      const [stats] = (await restored.stats({ groupBy: "name" })).groups;
      expect(stats?.total).toBeGreaterThanOrEqual(before);
      expect(stats?.succeeded).toBe(stats?.total);
      expect((stats?.total ?? 0) % 100).toBe(0);
      await fill(restored, 1_000_000, 100);
      await restored.close();
    }
    going = false;
    await ingest;
    await store.close();
    expect(acknowledged).toBeGreaterThan(3000);
  });

  test("never overwrites unasked, nor the store itself, nor what is no file", async () => {
    await filled(100);
    writeFileSync(file, "mine");
    await expect(backUp({ from: path, to: file, force: false })).rejects.toMatchObject({
      message: expect.stringContaining("is there already: name another, or overwrite it with --force"),
    });
    expect(readFileSync(file, "utf8")).toBe("mine");
    const link = join(folder, "link.db");
    symlinkSync(path, link);
    for (const self of [path, link, `${path}-wal`, join(folder, ".", "weir.db")]) {
      await expect(backUp({ from: path, to: self, force: true })).rejects.toMatchObject({
        message: expect.stringContaining("is the store itself"),
      });
    }
    await expect(backUp({ from: path, to: folder, force: true })).rejects.toMatchObject({
      message: expect.stringContaining("name a file"),
    });
    await backUp({ from: path, to: file, force: true });
    expect(await total(file)).toBe(100);
  });

  test("that can't be made says why, and leaves nothing", async () => {
    await filled(100);
    const nowhere = join(folder, "nowhere", "copy.db");
    await expect(backUp({ from: path, to: nowhere, force: false })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/not copied: .*check that the folder is there/),
    });
    writeFileSync(join(folder, "text"), "no database at all, but long enough to be one".repeat(20));
    await expect(backUp({ from: join(folder, "text"), to: file, force: false })).rejects.toMatchObject({
      message: expect.stringContaining("not a SQLite database"),
    });
    expect(existsSync(file)).toBe(false);
  });

  test("that was killed leaves nothing for long", async () => {
    await filled(100);
    const dead = execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }).trim();
    writeFileSync(`${file}.partial-${dead}`, "half");
    writeFileSync(`${file}.partial-${process.ppid}`, "of one that runs");
    writeFileSync(`${file}.partial-notes`, "mine");
    await backUp({ from: path, to: file, force: false });
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([
      ...[`copy.db.partial-${process.ppid}`, "copy.db.partial-notes"].sort(),
    ]);
  });
});

describe("restore", () => {
  beforeEach(async () => {
    await filled(200);
    await backUp({ from: path, to: file, force: false });
  });

  test("brings back what was there, over what has changed, and nothing of that stays", async () => {
    const before = rowsOf(path);
    const store = openSqliteStore({ path });
    await store.prune({ endedBefore: 1_000_000, limit: 150 });
    await fill(store, 5000, 300);
    await store.close();
    await expect(restore({ from: file, to: path, force: false })).rejects.toMatchObject({
      message: expect.stringContaining(
        "is there already: name another with --store, or overwrite it with --force",
      ),
    });
    const heard: [number, number][] = [];
    await restore({ from: file, to: path, force: true, onProgress: (...bytes) => heard.push(bytes) });
    expect(heard).not.toEqual([]);
    for (const [done, all] of heard) expect(all - done).toBeGreaterThanOrEqual(0);
    expect(rowsOf(path)).toEqual(before);
    const again = openSqliteStore({ path });
    await fill(again, 9000, 100);
    expect((await again.stats({ groupBy: "name" })).groups[0]?.total).toBe(300);
    await again.close();
  });

  test("takes no store from under a server, and no log of the old one into the new", async () => {
    const store = openSqliteStore({ path });
    await fill(store, 5000, 100);
    await expect(restore({ from: file, to: path, force: true })).rejects.toMatchObject(isHeld);
    await fill(store, 6000, 100);
    expect((await store.stats({ groupBy: "name" })).groups[0]?.total).toBe(400);
    // As after a kill: the file and its log are left as they are.
    const killed = join(folder, "killed.db");
    copyFileSync(path, killed);
    copyFileSync(`${path}-wal`, `${killed}-wal`);
    await store.close();
    await restore({ from: file, to: killed, force: true });
    expect(await total(killed)).toBe(200);
  });

  test("looks at the backup first: damaged, newer, foreign, empty or missing ones are named, and the store stays", async () => {
    const bytes = readFileSync(file);
    const variant = (name: string, change: (db: Database.Database) => void) => {
      const at = join(folder, name);
      copyFileSync(file, at);
      const db = new Database(at);
      change(db);
      db.close();
      return at;
    };
    const damaged = join(folder, "damaged.db");
    const half = Buffer.from(bytes);
    half.fill(0xa5, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 9000);
    writeFileSync(damaged, half);
    const short = join(folder, "short.db");
    writeFileSync(short, bytes.subarray(0, bytes.length - 8192));
    const empty = join(folder, "empty.db");
    writeFileSync(empty, "");
    const cases: [string, RegExp][] = [
      [damaged, /is damaged|malformed/],
      [short, /is damaged|malformed/],
      [variant("newer.db", (db) => db.pragma("user_version = 99")), /is of version 99.*use a newer program/],
      [variant("other.db", (db) => db.pragma("application_id = 7")), /database of another program/],
      [empty, /is empty, and no store/],
      [join(folder, "nowhere.db"), /there is no such file/],
      [path, /is the store itself/],
    ];
    for (const [from, message] of cases) {
      await expect(restore({ from, to: path, force: true }), from).rejects.toMatchObject({
        message: expect.stringMatching(message),
      });
    }
    expect(await total(path)).toBe(200);
  });

  test("overwrites no database of another program, and nothing that can't be opened", async () => {
    const other = join(folder, "other.db");
    const db = new Database(other);
    db.exec("CREATE TABLE invoices (id INTEGER)");
    db.close();
    await expect(restore({ from: file, to: other, force: true })).rejects.toMatchObject({
      message: expect.stringContaining("database of another program"),
    });
    const text = join(folder, "text.db");
    writeFileSync(text, "no database at all, but long enough to be one".repeat(20));
    await expect(restore({ from: file, to: text, force: true })).rejects.toMatchObject({
      message: expect.stringContaining("move the file away first"),
    });
  });
});
