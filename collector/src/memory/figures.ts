/** What the store says of itself. */
import type { FlowSummary, Health, Status } from "../flow.ts";
import type { StoreFigures, TenantUsage } from "../store.ts";
import type { Commits } from "../stores/commits.ts";
import type { Kept } from "./kept.ts";

export function figuresOf(flows: readonly FlowSummary[], commits: Commits): StoreFigures {
  const byStatus: Record<Status, number> = { running: 0, paused: 0, succeeded: 0, failed: 0, cancelled: 0 };
  const byHealth: Record<Health, number> = { ok: 0, stalled: 0, lost: 0 };
  for (const { status, health } of flows) {
    byStatus[status] += 1;
    if (health !== null) byHealth[health] += 1;
  }
  return {
    ...commits.figures(),
    flows: byStatus,
    health: byHealth,
    sizeBytes: { heap: process.memoryUsage().heapUsed },
  };
}

export function usageOf(kept: Kept, tenant: string, atMost: number): TenantUsage {
  const names = new Set<string>();
  const labelKeys = new Set<string>();
  let openFlows = 0;
  for (const { picture } of kept.flows.values()) {
    const { summary } = picture;
    if (summary.tenant !== tenant) continue;
    names.add(summary.name);
    for (const key of Object.keys(summary.labels)) labelKeys.add(key);
    if (summary.endedAt === null) openFlows += 1;
  }
  return { openFlows, names: [...names].slice(0, atMost), labelKeys: [...labelKeys].slice(0, atMost) };
}
