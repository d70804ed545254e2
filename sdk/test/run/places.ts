/** Where the contract of journals finds journals, and what it writes into them. */
import type { Journal, NewEntry, NewRun } from "../../src/run/journal.ts";
import type { TestClock } from "../../src/testing.ts";

/** One place in which journals are kept. */
export interface Place {
  /** A journal there, as another process would open it too. Closed by the place. */
  open(clock: Pick<TestClock, "now">): Promise<Journal>;
  /** Closes all, and deletes what they kept. */
  remove(): Promise<void>;
}

export interface JournalKind {
  name: string;
  makePlace(): Promise<Place>;
}

export const FLOW = { name: "order", version: 1 };

export function newRun(id: string, more: Partial<NewRun> = {}): NewRun {
  return { id, tenant: "acme-corp", flow: FLOW, inputDigest: "d", input: "[1]", ...more };
}

export function newEntry(path: string, more: Partial<NewEntry> = {}): NewEntry {
  return {
    path,
    attempt: 1,
    kind: "run",
    name: "charge",
    status: "succeeded",
    value: `"${path}"`,
    startedAt: 1,
    endedAt: 2,
    ...more,
  };
}
