/** Opening the file: pragmas, tables, and one clear error where it can't be. */
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type Database from "better-sqlite3";
import { JournalNewer } from "../errors/journal-newer.ts";
import { JournalUnavailable } from "../errors/journal-unavailable.ts";
import { SCHEMA, VERSION } from "./schema.ts";

export type Db = Database.Database;

/** How long opening waits for another process that is just making the tables. */
const OPENING_MS = 10_000;
/** How long a commit waits for another process's. The thread stands still meanwhile; longer waits let it go on. */
const BUSY_MS = 50;

/**
 * @param path a file, made with its folders where it is not there yet
 * @throws {JournalUnavailable | JournalNewer}
 */
export function openFile(path: string, name: string): Db {
  const Sqlite = load(name);
  let db: Db | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    db = new Sqlite(path, { timeout: OPENING_MS });
    db.pragma("journal_mode = WAL");
    // FULL: a commit is on the disk when it returns, also after a loss of power.
    db.pragma("synchronous = FULL");
    db.pragma("foreign_keys = ON");
    makeTables(db, name);
    db.pragma(`busy_timeout = ${BUSY_MS}`);
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof JournalNewer) throw error;
    throw new JournalUnavailable(name, `it can't be opened: ${reasonOf(error)}`, error);
  }
}

/** Not imported above: who keeps journals elsewhere need not have it. */
function load(name: string): typeof Database {
  try {
    return createRequire(import.meta.url)("better-sqlite3") as typeof Database;
  } catch (error) {
    throw new JournalUnavailable(
      name,
      `expected the package better-sqlite3 beside @weir/sdk, it can't be loaded: npm install better-sqlite3`,
      error,
    );
  }
}

function makeTables(db: Db, name: string): void {
  const make = db.transaction(() => {
    const known = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'weir_journal'").get();
    if (known === undefined) db.exec(SCHEMA);
    const version = db.prepare("SELECT version FROM weir_journal").pluck().get() as number;
    if (version > VERSION) throw new JournalNewer(name, version, VERSION);
  });
  make.immediate();
}

const HINTS: Record<string, string> = {
  SQLITE_CANTOPEN: "check that the folder is there and that this user may write in it",
  SQLITE_READONLY: "this user may not write the file or its folder",
  SQLITE_NOTADB: "the file is not a SQLite database; name another",
  SQLITE_CORRUPT: "the file is damaged; restore a copy or name another",
  SQLITE_BUSY: "another program holds it locked; end that program, or its long transaction",
  SQLITE_FULL: "the disk is full; free some space, and the run goes on where it was",
  SQLITE_IOERR: "the disk does not work as it should",
  EACCES: "this user may not write there",
  ENOSPC: "the disk is full; free some space, and the run goes on where it was",
};

/** What went wrong with the file, and what to do about it where that is known. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = codeOf(error);
  const hint = HINTS[code] ?? HINTS[code.split("_").slice(0, 2).join("_")];
  return hint === undefined ? error.message : `${error.message} (${hint})`;
}

export function isBusy(error: unknown): boolean {
  return codeOf(error).startsWith("SQLITE_BUSY");
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
