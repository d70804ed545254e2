/**
 * The JSON that the REST API gives, once: what is presented has these types, and so has the page.
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
