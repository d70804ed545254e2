/** A backup becomes the store. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { WeirError } from "../../errors.ts";
import type { CopyOptions } from "./backup.ts";
import { versionOf } from "./migrate.ts";
import { type Db, openReadOnly, reasonOf } from "./open.ts";
import { isSameFile } from "./same-file.ts";
import { checkStoreFile } from "./store-file.ts";

const PAGES_AT_ONCE = 2_000;
const BUSY_TIMEOUT_MS = 1_000;

/**
 * Checks the backup, then writes it over the store in one transaction: who kills it in the middle finds the old store
 * when it is next opened.
 *
 * @throws {WeirError} `unavailable` where the backup is damaged, or somebody has the store open, or it is there and
 * `force` is not set.
 */
export async function restore({ from, to, force, onProgress }: CopyOptions): Promise<void> {
  if (isSameFile(to, from)) {
    throw new WeirError("invalid_argument", `restore ${from}: is the store itself: name a backup of it`);
  }
  checkStoreFile(from, BUSY_TIMEOUT_MS);
  if (existsSync(to)) {
    if (!force) {
      throw new WeirError(
        "unavailable",
        `store ${to}: is there already: name another with --store, or overwrite it with --force`,
      );
    }
    claim(to);
  }
  mkdirSync(dirname(to), { recursive: true });
  const backup = openReadOnly(from, BUSY_TIMEOUT_MS);
  const pageSize = backup.pragma("page_size", { simple: true }) as number;
  try {
    await backup.backup(to, {
      progress({ totalPages, remainingPages }) {
        onProgress?.((totalPages - remainingPages) * pageSize, totalPages * pageSize);
        return PAGES_AT_ONCE;
      },
    });
  } catch (cause) {
    throw new WeirError("unavailable", `store ${to}: not restored: ${reasonOf(cause)}`, { cause });
  } finally {
    backup.close();
  }
}

/**
 * Proves that nobody has the store open. In WAL mode everyone who does holds a shared lock for as long, so that leaving
 * that mode is refused. It also takes what was only in the log into the file, so that no log of the old store is left
 * to be read into the new one.
 */
function claim(path: string): void {
  let db: Db | undefined;
  try {
    db = new Database(path, { timeout: BUSY_TIMEOUT_MS });
    db.pragma("locking_mode = EXCLUSIVE");
    versionOf(db);
    db.pragma("journal_mode = DELETE");
  } catch (cause) {
    if (cause instanceof WeirError) throw cause;
    const { code = "" } = cause as { code?: string };
    const why = code.startsWith("SQLITE_BUSY")
      ? "is in use: stop the server, or whatever else has it open, first"
      : `can't be opened, so nobody can tell whether it is in use: ${reasonOf(cause)}: stop the server and move the file away first`;
    throw new WeirError("unavailable", `store ${path}: ${why}`, { cause });
  } finally {
    db?.close();
  }
}
