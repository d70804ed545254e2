/** What a file says of itself before anybody relies on it. */
import { existsSync } from "node:fs";
import { WeirError } from "../../errors.ts";
import { versionOf } from "./migrate.ts";
import { type Db, openReadOnly, reasonOf } from "./open.ts";

/**
 * @returns the size of what is in use of it, in bytes.
 * @throws {WeirError} `unavailable` where it is no store, or one of a newer version.
 */
export function readStoreFile(path: string, busyTimeoutMs: number): { bytes: number } {
  return withFile(path, busyTimeoutMs, (db) => {
    const number = (name: string) => db.pragma(name, { simple: true }) as number;
    return { bytes: (number("page_count") - number("freelist_count")) * number("page_size") };
  });
}

/** Reads all of it. @throws {WeirError} `unavailable` where anything in it is damaged, and as `readStoreFile`. */
export function checkStoreFile(path: string, busyTimeoutMs: number): void {
  withFile(path, busyTimeoutMs, (db) => {
    const found = db.pragma("integrity_check(1)", { simple: true });
    if (found !== "ok") throw new WeirError("unavailable", `${path}: is damaged: ${found}`);
  });
}

function withFile<T>(path: string, busyTimeoutMs: number, look: (db: Db) => T): T {
  if (!existsSync(path)) throw new WeirError("unavailable", `${path}: there is no such file`);
  let db: Db | undefined;
  try {
    db = openReadOnly(path, busyTimeoutMs);
    if (versionOf(db) === 0) throw new WeirError("unavailable", `${path}: is empty, and no store`);
    return look(db);
  } catch (cause) {
    if (cause instanceof WeirError) throw cause;
    throw new WeirError("unavailable", `${path}: can't be read: ${reasonOf(cause)}`, { cause });
  } finally {
    db?.close();
  }
}
