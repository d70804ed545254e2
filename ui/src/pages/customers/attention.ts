import type { FlowSummary, TenantSummary } from "@weir/collector/schemas";
import type { Attention } from "../../api/queries.ts";

export interface Customer extends TenantSummary {
  /** The flow to look at first: of those that are stuck the worst, else the last that failed. */
  worst: FlowSummary | undefined;
}

export function customersOf(tenants: readonly TenantSummary[], attention: Attention | undefined): Customer[] {
  const worst = new Map<string, FlowSummary>();
  for (const flow of [...(attention?.stuck ?? []), ...(attention?.failed ?? [])]) {
    if (!worst.has(flow.tenant)) worst.set(flow.tenant, flow);
  }
  return tenants.map((summary) => ({ ...summary, worst: worst.get(summary.tenant) }));
}
