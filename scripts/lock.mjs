// Plain JavaScript that Node 14 can run: with-toolchain.mjs needs it before there is a modern Node.
import { mkdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { dirname } from "node:path";

// The holder touches its lock while it works. A process id would not do: two containers may share the folder.
const TOUCH_MS = 2000;
const STALE_MS = 20000;
const RETRY_MS = 200;

/**
 * Runs `work` while no other process runs its own under the same lock.
 *
 * A lock that was not touched for 20 seconds belongs to a process that is gone, and is taken over.
 *
 * @template T
 * @param {string} folder made while the work runs; the folder above is made when missing
 * @param {() => Promise<T>} work
 * @param {() => void} [onWait] called once when another process holds the lock
 * @returns {Promise<T>} what `work` gave
 * @throws what `work` threw, or the file system's error when the folder cannot be written
 * @example await withLock(".toolchain/lock", () => install());
 */
export async function withLock(folder, work, onWait) {
  mkdirSync(dirname(folder), { recursive: true });
  let waited = false;
  while (!take(folder)) {
    if (!waited && onWait) onWait();
    waited = true;
    if (isStale(folder)) rmSync(folder, { recursive: true, force: true });
    else await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  const touching = setInterval(() => touch(folder), TOUCH_MS);
  const release = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    process.removeListener("exit", release);
    release();
  }
}

/** @param {string} folder */
function take(folder) {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

/** @param {string} folder */
function isStale(folder) {
  try {
    return Date.now() - statSync(folder).mtimeMs > STALE_MS;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

/** @param {string} folder */
function touch(folder) {
  try {
    utimesSync(folder, new Date(), new Date());
  } catch (_error) {
    // Taken over after a long sleep of this machine; the work itself can be done twice.
  }
}

/**
 * @param {unknown} error
 * @param {string} code
 */
function hasCode(error, code) {
  return error instanceof Error && "code" in error && error.code === code;
}
