/** Stores that take long to write: `KEEP=/some/folder` keeps them there, and uses those that are there already. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { KEEP } = process.env;

/** Calls `use` with the folder for stores: one that stays, or one that goes afterwards. */
export async function inStoreFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = KEEP ?? mkdtempSync(join(tmpdir(), "weir-bench-"));
  mkdirSync(folder, { recursive: true });
  try {
    return await use(folder);
  } finally {
    if (KEEP === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns `path`, with a whole store there: `write` writes it where there is none. */
export async function written(path: string, write: (path: string) => Promise<void>): Promise<string> {
  if (existsSync(path)) return path;
  // Under another name until it is whole: one that was ended half way is not taken for it.
  const unfinished = `${path}.unfinished`;
  removeStore(unfinished);
  await write(unfinished);
  renameSync(unfinished, path);
  return path;
}

/** Calls `use` with a copy of a store, for what changes it. */
export async function onCopy<T>(path: string, use: (copy: string) => Promise<T>): Promise<T> {
  const copy = `${path}.copy`;
  try {
    copyFileSync(path, copy);
    return await use(copy);
  } finally {
    removeStore(copy);
  }
}

function removeStore(path: string): void {
  for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
}
