import type { FlowOrder } from "../filter/order.ts";
import type { FlowFilter } from "../filter/search.ts";

/** Every key of the query cache. Live events touch these and nothing else. */
export const keys = {
  tenants: (q: string) => ["tenants", q] as const,
  customerNames: ["customer names"] as const,
  allTenants: ["tenants"] as const,
  attention: ["attention"] as const,
  find: (text: string) => ["find", text] as const,
  flows: (filter: FlowFilter, order: FlowOrder) => ["flows", filter, order] as const,
  count: (filter: FlowFilter) => ["count", filter] as const,
  allCounts: ["count"] as const,
  allHistograms: ["histogram"] as const,
  histogram: (filter: FlowFilter) => ["histogram", filter] as const,
  stuck: (filter: FlowFilter) => ["stuck", filter] as const,
  stuckCount: ["stuck", "count"] as const,
  allStuck: ["stuck"] as const,
  flow: (tenant: string, id: string) => ["flow", tenant, id] as const,
  stats: (tenant: string) => ["stats", tenant] as const,
  names: (tenant: string | null) => ["names", tenant] as const,
  limits: (tenant: string | null) => ["limits", tenant] as const,
  me: ["me"] as const,
  shares: (tenant: string) => ["shares", tenant] as const,
  shared: (token: string) => ["shared", token] as const,
  sharedFlows: (token: string) => ["shared", token, "flows"] as const,
  sharedFlow: (token: string, id: string) => ["shared", token, "flows", id] as const,
  labels: (tenant: string | null) => ["labels", tenant] as const,
};
