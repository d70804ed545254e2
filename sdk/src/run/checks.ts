/** What every journal asks of what it is given. */
import type { Claim, DueFilter, FlowVersion, NewRun } from "./journal.ts";

const MAX_ID = 256;
const DEFAULT_PRUNE = 1000;

/** @throws {RangeError} */
export function checkNewRun({ id, flow }: NewRun, claim: Claim | undefined): void {
  if (claim !== undefined) checkLeaseMs(claim.leaseMs);
  if (typeof id !== "string" || id === "" || id.length > MAX_ID || !id.isWellFormed())
    throw new RangeError(
      `run: expected an id of 1 to ${MAX_ID} characters of well-formed text, got ${shown(id)}`,
    );
  if (!Number.isSafeInteger(flow.version))
    throw new RangeError(`flow ${flow.name}: expected a whole number as its version, got ${flow.version}`);
}

/** @throws {RangeError} */
export function checkLeaseMs(leaseMs: number): void {
  if (!(leaseMs > 0 && Number.isFinite(leaseMs)))
    throw new RangeError(`lease: expected leaseMs to be milliseconds above 0, got ${leaseMs}`);
}

/** @throws {RangeError} */
export function checkClaimDue({ leaseMs, limit }: Claim & DueFilter & { limit: number }): void {
  checkLeaseMs(leaseMs);
  checkLimit(limit);
}

/** @throws {RangeError} */
export function checkLimit(limit: number = DEFAULT_PRUNE): number {
  if (!(Number.isSafeInteger(limit) && limit >= 1))
    throw new RangeError(`journal: expected limit to be a whole number from 1, got ${limit}`);
  return limit;
}

/** One text for each flow and version. */
export function flowKey({ name, version }: FlowVersion): string {
  return `${version}@${name}`;
}

function shown(id: unknown): string {
  return typeof id === "string" ? JSON.stringify(id.slice(0, 64)) : typeof id;
}
