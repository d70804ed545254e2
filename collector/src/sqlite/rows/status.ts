/** Statuses as numbers. Only ever added to: they are on people's disks. */
import type { Status } from "../../flow.ts";

const STATUS_CODES: Status[] = ["running", "paused", "succeeded", "failed", "cancelled"];

export function statusCode(status: Status): number {
  return STATUS_CODES.indexOf(status);
}

export function statusOf(code: number): Status {
  return STATUS_CODES[code] ?? "running";
}
