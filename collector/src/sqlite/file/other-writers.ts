/** Whether somebody else has written the file: `weir prune` and `weir import` do, beside a server that runs. */
import type { Db } from "./open.ts";

/**
 * @returns a function to be called within a transaction: whether another connection has committed since the last call,
 * so that what is remembered may be out of date.
 */
export function otherWriters(db: Db): () => boolean {
  const dataVersion = db.prepare("PRAGMA data_version").pluck();
  let known = dataVersion.get();
  return () => {
    const version = dataVersion.get();
    const wrote = version !== known;
    known = version;
    return wrote;
  };
}
