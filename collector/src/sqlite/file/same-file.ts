import { realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Whether `path` is the database file, or one that SQLite keeps beside it. Neither need be there yet. */
export function isSameFile(database: string, path: string): boolean {
  const [a, b] = [placeOf(database), placeOf(path)];
  if (["", "-wal", "-shm", "-journal"].some((end) => `${a}${end}` === b)) return true;
  const [one, other] = [database, path].map((each) => statSync(each, { throwIfNoEntry: false }));
  return one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev;
}

function placeOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return join(folderOf(path), basename(path));
  }
}

function folderOf(path: string): string {
  try {
    return realpathSync(dirname(path));
  } catch {
    return dirname(path);
  }
}
