/** A thread that copies a store's file: the copying blocks, and somebody is to tell how far it has come. */
import { parentPort, workerData } from "node:worker_threads";
import { openReadOnly, reasonOf } from "./open.ts";

export interface VacuumTask {
  from: string;
  /** A file that is not there yet. */
  to: string;
  busyTimeoutMs: number;
}

const { from, to, busyTimeoutMs } = workerData as VacuumTask;
let reason: string | null = null;
try {
  const db = openReadOnly(from, busyTimeoutMs);
  db.prepare("VACUUM INTO ?").run(to);
  db.close();
} catch (error) {
  reason = reasonOf(error);
}
/** `null`: it is done; else why it is not. */
parentPort?.postMessage(reason);
