/**
 * The JSON that the REST API gives, once: Fastify serialises by these, the page takes its types from them.
 * Times are RFC 3339 in UTC with milliseconds; durations are milliseconds.
 */

export {
  AuditEntry,
  AuditPage,
  Key,
  Keys,
  MadeKey,
  MadeShare,
  Me,
  Share,
  Shared,
  Shares,
} from "./schemas/access.ts";
export { Definition } from "./schemas/definition.ts";
export {
  ChildFlow,
  FlowCount,
  FlowDetail,
  FlowError,
  FlowEvent,
  FlowKey,
  FlowOutline,
  FlowPage,
  FlowSummary,
  Health,
  Labels,
  Names,
  Runner,
  Status,
  Step,
  StepCounts,
  Usual,
} from "./schemas/flow.ts";
export {
  ErrorBody,
  LimitReached,
  LimitsReached,
  Liveness,
  Nothing,
  Server,
  Settings,
} from "./schemas/server.ts";
export { ErrorStats, FlowHistogram, Stats, StatsGroup } from "./schemas/stats.ts";
export { ChildChange, EventChange, StepChange } from "./schemas/stream.ts";
export { StuckFlow, StuckPage } from "./schemas/stuck.ts";
export { TenantPage, TenantSummary } from "./schemas/tenant.ts";
