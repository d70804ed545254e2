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
/** What the ids of one millisecond begin with. */
let beginning = "";

/**
 * A flow's id: a UUIDv7, which sorts by the time it was made, also within a millisecond of one process.
 *
 * @param now milliseconds since the epoch
 */
export function newFlowId(now: number = Date.now()): string {
  const ms = Math.trunc(now);
  if (ms > lastMs) begin(ms);
  else if (++sequence > 0xfff) begin(lastMs + 1);
  const random = randomHex(8);
  const counted = sequence === 0 ? "000" : sequence.toString(16).padStart(3, "0");
  // "8" to "b" says which kind of UUID it is.
  const variant = "89ab"[random.charCodeAt(0) & 3];
  return `${beginning}${counted}-${variant}${random.slice(1, 4)}-${random.slice(4)}`;
}

function begin(ms: number): void {
  lastMs = ms;
  sequence = 0;
  const time = ms.toString(16).padStart(12, "0");
  beginning = `${time.slice(0, 8)}-${time.slice(8)}-7`;
}
