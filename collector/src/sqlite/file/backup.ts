/** A consistent copy of a store's file, taken while others read and write it. */
import { once } from "node:events";
import { chmod, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import { WeirError } from "../../errors.ts";
import { threadFile } from "../../thread-file.ts";
import { isSameFile } from "./same-file.ts";
import { readStoreFile } from "./store-file.ts";
import type { VacuumTask } from "./vacuum-thread.ts";

export interface CopyOptions {
  from: string;
  to: string;
  /** Overwrite what is there. */
  force: boolean;
  /** Hears how many bytes are copied, and of how many. */
  onProgress?: (done: number, total: number) => void;
}

const LOOK_EVERY_MS = 100;
const BUSY_TIMEOUT_MS = 10_000;

/**
 * Copies what is committed at this moment, to a file that is either whole or not there. Ingest goes on; what it writes
 * meanwhile stays in the write-ahead log until the copy is done.
 *
 * @returns the size of the copy, in bytes.
 * @throws {WeirError} `unavailable`, with the reason and what to do.
 */
export async function backUp({ from, to, force, onProgress }: CopyOptions): Promise<number> {
  if (isSameFile(from, to)) {
    throw new WeirError("invalid_argument", `backup ${to}: is the store itself: name another file`);
  }
  const existing = await stat(to).catch(() => undefined);
  if (existing !== undefined && !(force && existing.isFile())) {
    const mend = existing.isFile() ? "name another, or overwrite it with --force" : "name a file";
    throw new WeirError("unavailable", `backup ${to}: is there already: ${mend}`);
  }
  const { bytes: total } = readStoreFile(from, BUSY_TIMEOUT_MS);
  await removeLeftovers(to);
  const partial = `${to}.partial-${process.pid}`;
  try {
    await vacuumInto({ from, to: partial, busyTimeoutMs: BUSY_TIMEOUT_MS }, (done) =>
      onProgress?.(done, total),
    );
    // It holds what the store holds, hashes of keys among it: for the same eyes.
    await chmod(partial, (await stat(from)).mode);
    await sync(partial);
    const { size } = await stat(partial);
    await rename(partial, to);
    await sync(dirname(to));
    return size;
  } catch (error) {
    await rm(partial, { force: true });
    if (error instanceof WeirError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new WeirError("unavailable", `backup ${to}: ${reason}`, { cause: error });
  }
}

async function vacuumInto(task: VacuumTask, onProgress: (done: number) => void): Promise<void> {
  const thread = new Worker(threadFile(import.meta.url, "vacuum-thread"), { workerData: task });
  const ended = new Promise((resolve) => thread.once("exit", resolve));
  const look = setInterval(() => {
    void stat(task.to).then(
      ({ size }) => onProgress(size),
      () => undefined,
    );
  }, LOOK_EVERY_MS);
  try {
    const [reason] = (await once(thread, "message")) as [string | null];
    if (reason !== null) throw new WeirError("unavailable", `store ${task.from}: not copied: ${reason}`);
  } finally {
    clearInterval(look);
    await ended;
  }
}

/** What a backup that was killed has left. One that still runs, here, is left alone. */
async function removeLeftovers(to: string): Promise<void> {
  const folder = dirname(to);
  const start = `${basename(to)}.partial-`;
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = name.startsWith(start) ? Number(name.slice(start.length).replace(/-journal$/, "")) : 0;
    if (Number.isSafeInteger(pid) && pid > 0 && !isAlive(pid)) await rm(join(folder, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
