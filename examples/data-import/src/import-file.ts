/** The import itself: three steps, of which some fail now and then and succeed on the next attempt. */
import { flow, step } from "@weir/sdk";
import { goesWrong, takes } from "./demo.ts";

/** What the API hands to the worker. */
export interface ImportFile {
  customer: string;
  name: string;
  rows: number;
}

export const QUEUE = "imports";

/** However often it is tried again, this import will not succeed. */
export class DuplicateImportError extends Error {
  override readonly name = "DuplicateImportError";
}

class StorageError extends Error {
  override readonly name = "StorageError";
}

export async function importFile(file: ImportFile): Promise<void> {
  await step.start("process", { attributes: { rows: file.rows } }, () => processRows(file));
  await step.start("store", { attributes: { table: "contacts" } }, () => store(file));
  // A customer who was not told has their data all the same.
  await step.start("notify", { optional: true }, () => notify(file)).catch(() => {});
}

async function processRows(file: ImportFile): Promise<void> {
  const half = 400 + file.rows / 2;
  await takes(half);
  flow.event("half of the rows processed", { rows: Math.floor(file.rows / 2) });
  // Now and then a lock is not given back for minutes: far longer than usual, and nothing has failed.
  if (goesWrong(3)) await takes(240_000);
  await takes(half);
}

async function store(file: ImportFile): Promise<void> {
  await takes(500);
  if (goesWrong(3))
    throw new DuplicateImportError(`${file.name} was imported before: 1 of its keys exists already`);
  if (goesWrong(12)) {
    const cause = new Error("deadlock detected: process 4711 waits for ShareLock on transaction 90210");
    throw new StorageError(`could not write ${file.rows} rows to contacts`, { cause });
  }
}

async function notify(file: ImportFile): Promise<void> {
  await takes(150);
  if (goesWrong(5)) throw new Error(`connect ETIMEDOUT mail.${file.customer}.example:25`);
}
