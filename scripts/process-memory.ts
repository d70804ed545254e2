/** Memory of a process as the kernel counts it, in KiB. Linux only. */
import { readFileSync } from "node:fs";

/** What it has resident now. @throws where there is no such process, or no `/proc` */
export function residentKiB(pid: number): number {
  return read(pid, "VmRSS");
}

/** The most that it ever had resident. @throws as `residentKiB` */
export function peakKiB(pid: number): number {
  return read(pid, "VmHWM");
}

function read(pid: number, field: "VmRSS" | "VmHWM"): number {
  const path = `/proc/${pid}/status`;
  const [, size] = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync(path, "utf8")) ?? [];
  if (size === undefined) throw new Error(`${path}: expected ${field}, got none: this runs on Linux`);
  return Number(size);
}
