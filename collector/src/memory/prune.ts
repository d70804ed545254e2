/** Deleting finished flows, the oldest first. */
import { keyText } from "../flow.ts";
import type { PruneQuery } from "../store.ts";
import type { Kept, KeptFlow } from "./kept.ts";

/** @returns how many were deleted. */
export function prune(kept: Kept, { endedBefore, tenant, exceptTenants, limit }: PruneQuery): number {
  const old = finished(kept).filter(
    ({ picture: { summary } }) =>
      Math.max(summary.startedAt, summary.endedAt ?? 0) < endedBefore &&
      (tenant === undefined || summary.tenant === tenant) &&
      exceptTenants?.includes(summary.tenant) !== true,
  );
  for (const flow of old.slice(0, limit)) remove(kept, flow);
  return Math.min(old.length, limit);
}

/** Until no more than so many parts are left, or nothing that has ended. */
export function removeOldest(kept: Kept, parts: number): void {
  for (const flow of finished(kept)) {
    if (kept.parts <= parts) return;
    remove(kept, flow);
  }
}

function finished({ flows }: Kept): KeptFlow[] {
  return [...flows.values()]
    .filter(({ picture }) => picture.summary.endedAt !== null)
    .sort((a, b) => a.picture.summary.startedAt - b.picture.summary.startedAt || a.pk - b.pk);
}

function remove(kept: Kept, { picture: { summary } }: KeptFlow): void {
  kept.remove(keyText(summary));
}
