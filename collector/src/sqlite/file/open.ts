/** Opening the database file: pragmas, migrations, and one clear line where it can't be. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { WeirError } from "../../errors.ts";
import { migrate } from "./migrate.ts";
import { planOnce } from "./planned-once.ts";

export type Db = Database.Database;

/** `full`: a commit is on the disk when it returns, also after a loss of power; `normal`: after a kill. */
export type Durability = "full" | "normal";

export interface OpenOptions {
  /** How long to wait for another program that holds the file locked. */
  busyTimeoutMs: number;
  durability: Durability;
  /** Hears, in one line, what an operator should know. */
  warn?: ((line: string) => void) | undefined;
}

/**
 * @param path a file, made with its folders where it is not there yet.
 * @throws {WeirError} `unavailable`, with the reason and what to do.
 */
export function openDatabase(path: string, { busyTimeoutMs, durability, warn = () => {} }: OpenOptions): Db {
  let db: Db | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    db = new Database(path, { timeout: busyTimeoutMs });
    // So that what is deleted can be given back; says nothing to a file that is there already.
    db.pragma("auto_vacuum = INCREMENTAL");
    db.pragma("journal_mode = WAL");
    db.pragma(`synchronous = ${durability}`);
    db.pragma("foreign_keys = ON");
    // 4 MiB, for each connection: beyond that the system's own cache does as well.
    db.pragma("cache_size = -4096");
    db.pragma("temp_store = MEMORY");
    // 64 MiB: pages that many commits write go to the file once.
    db.pragma("wal_autocheckpoint = 16000");
    migrate(db, warn);
    planOnce(db);
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof WeirError) throw error;
    throw new WeirError("unavailable", `store ${path}: cannot be opened: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** @throws {SqliteError} where there is no such file, or it can't be read. */
export function openReadOnly(path: string, busyTimeoutMs: number): Db {
  return new Database(path, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
}

const HINTS: Record<string, string> = {
  SQLITE_CANTOPEN: "check that the folder is there and that this user may write in it",
  SQLITE_READONLY: "this user may not write the file or its folder",
  SQLITE_NOTADB: "the file is not a SQLite database; name another with --store",
  SQLITE_CORRUPT: "the file is damaged; restore a backup or name another with --store",
  SQLITE_BUSY: "another program holds it locked; stop that program or name another file with --store",
  SQLITE_FULL: "the disk is full; free some space",
  SQLITE_IOERR: "the disk did not do as told: is it full, gone or failing?",
  EACCES: "this user may not write there",
  ENOSPC: "the disk is full; free some space",
};

/** An error of SQLite itself, and not of our own. */
export function isFileError(error: unknown): boolean {
  return error instanceof Database.SqliteError;
}

/** What went wrong with the file, and what to do about it where that is known. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  const hint = HINTS[code] ?? HINTS[code.split("_").slice(0, 2).join("_")];
  return hint === undefined ? error.message : `${error.message} (${hint})`;
}
