import type { FlowSummary, TenantSummary } from "@weir/collector/schemas";
import type { Attention } from "../../api/queries.ts";

export interface Customer extends TenantSummary {
  /** The flow to look at first: the oldest that is stuck, else the last that failed. */
  worst: FlowSummary | undefined;
  /** Failed within the last day, as far as was asked. */
  failedLately: number;
}

export function customersOf(tenants: readonly TenantSummary[], attention: Attention | undefined): Customer[] {
  // Both lists are newest first: of what is stuck the oldest weighs most, of what failed the newest.
  const worst = new Map<string, FlowSummary>();
  const failed = new Map<string, number>();
  for (const flow of attention?.failed ?? []) {
    if (!worst.has(flow.tenant)) worst.set(flow.tenant, flow);
    failed.set(flow.tenant, (failed.get(flow.tenant) ?? 0) + 1);
  }
  for (const flow of attention?.stuck ?? []) worst.set(flow.tenant, flow);
  return tenants.map((summary) => ({
    ...summary,
    worst: worst.get(summary.tenant),
    failedLately: failed.get(summary.tenant) ?? 0,
  }));
}

/** Stuck first, then failed within the last day, then the rest; the busiest of the day on top of each. */
export function byAttention(a: Customer, b: Customer): number {
  return (
    b.lost + b.stalled - (a.lost + a.stalled) ||
    b.failedLately - a.failedLately ||
    (a.lastActivityAt < b.lastActivityAt ? 1 : a.lastActivityAt > b.lastActivityAt ? -1 : 0) ||
    (a.tenant < b.tenant ? -1 : 1)
  );
}
