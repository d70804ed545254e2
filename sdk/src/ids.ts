/**
 * Identifiers. A leaf.
 */
import { randomFillSync } from "node:crypto";

const pool = Buffer.allocUnsafe(8192);
let used = pool.length;

/** Random lower-case hex of `bytes` bytes; drawn from a pool, as single draws from the system are slow. */
function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const hex = pool.toString("hex", used, used + bytes);
  used += bytes;
  return hex;
}

/** A span's id: 16 hex characters. */
export function newSpanId(): string {
  return randomHex(8);
}

/** A trace's id: 32 hex characters. */
export function newTraceId(): string {
  return randomHex(16);
}

/** A step's id: 16 hex characters. */
export function newStepId(): string {
  return randomHex(8);
}

let lastMs = 0;
let sequence = 0;

/**
 * A flow's id: a UUIDv7, which sorts by the time it was made, also within a millisecond of one process.
 *
 * @param now milliseconds since the epoch
 */
export function newFlowId(now: number = Date.now()): string {
  const ms = Math.trunc(now);
  if (ms > lastMs) {
    lastMs = ms;
    sequence = 0;
  } else if (++sequence > 0xfff) {
    lastMs++;
    sequence = 0;
  }
  const time = lastMs.toString(16).padStart(12, "0");
  const random = randomHex(8);
  const variant = "89ab"[Number.parseInt(random[0] as string, 16) & 3];
  return `${time.slice(0, 8)}-${time.slice(8)}-7${sequence.toString(16).padStart(3, "0")}-${variant}${random.slice(1, 4)}-${random.slice(4)}`;
}
