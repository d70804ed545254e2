/** What each route takes in its query string. */
import { STATUSES } from "@weir/sdk/attributes";
import type { Health } from "../flow.ts";
import {
  FLOW_ORDERS,
  type FlowFilter,
  type FlowQuery,
  type PageQuery,
  type StatsFilter,
  type TenantQuery,
} from "../store.ts";
import {
  anyOf,
  entryNumber,
  limit,
  moment,
  oneOf,
  readParams,
  search,
  splitLabels,
  text,
  texts,
} from "./params.ts";

const HEALTHS: readonly Health[] = ["ok", "stalled", "lost"];
const FILTERS = {
  tenant: texts,
  name: texts,
  status: anyOf(STATUSES),
  health: anyOf(HEALTHS),
  q: search,
  from: moment,
  to: moment,
  step: texts,
  service: texts,
};
const PAGE = { cursor: text, limit };
const ORDER = oneOf(FLOW_ORDERS);
const GROUP_BY = oneOf(["name"]);
const DEFAULT_LIMIT = 50;

/** `GET /tenants` */
export function readTenantQuery(query: unknown): TenantQuery {
  return { limit: DEFAULT_LIMIT, ...readParams(query, { q: search, ...PAGE }) };
}

/** `GET /flows` */
export function readFlowQuery(query: unknown): FlowQuery {
  const { labels, rest } = splitLabels(query);
  const params = readParams(rest, { ...FILTERS, ...PAGE, order: ORDER }, true);
  return { limit: DEFAULT_LIMIT, order: "newest", ...params, ...labels };
}

/** `GET /tenants/:tenant/flows`: the tenant is in the path. */
export function readTenantFlowQuery(query: unknown, tenant: string): FlowQuery {
  const { tenant: _, ...filters } = FILTERS;
  const { labels, rest } = splitLabels(query);
  const params = readParams(rest, { ...filters, ...PAGE, order: ORDER }, true);
  return { limit: DEFAULT_LIMIT, order: "newest", ...params, ...labels, tenant: [tenant] };
}

/** `GET /flows/count`, `GET /stream` */
export function readFilterQuery(query: unknown): FlowFilter {
  const { labels, rest } = splitLabels(query);
  return { ...readParams(rest, FILTERS, true), ...labels };
}

/** `GET /stats` */
export function readStatsQuery(query: unknown): StatsFilter {
  const { tenant, name, from, to } = FILTERS;
  const { labels, rest } = splitLabels(query);
  const { groupBy: _, ...filter } = readParams(rest, { tenant, name, from, to, groupBy: GROUP_BY }, true);
  return { ...filter, ...labels };
}

/** `GET /names`, `GET /labels` */
export function readPickerQuery(query: unknown): { tenant?: string } {
  return readParams(query, { tenant: text });
}

/** `GET /shared/:token/flows` */
export function readPageQuery(query: unknown): PageQuery {
  return { limit: DEFAULT_LIMIT, ...readParams(query, PAGE) };
}

/** `GET /audit`: the cursor is the number of the last entry. */
export function readAuditQuery(query: unknown): { limit: number; before?: number } {
  const { limit: most = DEFAULT_LIMIT, cursor } = readParams(query, { ...PAGE, cursor: entryNumber });
  return { limit: most, ...(cursor !== undefined && { before: cursor }) };
}

/** For routes that take nothing. */
export function readNoQuery(query: unknown): void {
  readParams(query, {});
}
