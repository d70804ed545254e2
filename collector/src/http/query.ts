/** What each route takes in its query string. */
import { STATUSES } from "@weir/sdk/attributes";
import { WeirError } from "../errors.ts";
import type { FlowKey, Health } from "../flow.ts";
import {
  type ErrorsQuery,
  FLOW_ORDERS,
  type FlowFilter,
  type FlowQuery,
  type HistogramQuery,
  type PageQuery,
  type StatsQuery,
  type StuckQuery,
  type TenantQuery,
} from "../store.ts";
import {
  anyOf,
  entryNumber,
  limit,
  moment,
  oneOf,
  search,
  takes,
  takesLabels,
  text,
  texts,
  wholeNumber,
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
const STATS_FILTERS = { tenant: texts, name: texts, from: moment, to: moment };
const ORDER = oneOf(FLOW_ORDERS);
const GROUP_BY = oneOf(["name", "labels", "day", "hour", "step"]);
const TENANT_ORDER = oneOf(["attention", "name", "activity"]);
const TENANTS = { q: search, order: TENANT_ORDER, history: wholeNumber(0, 90) };
const STUCK = { tenant: texts, name: texts };
const DEFAULT_LIMIT = 50;
const LARGEST_PAGE = 500;
const DEFAULT_ERRORS = 10;
const DEFAULT_BUCKETS = 60;

/** `GET /tenants` */
export const tenantQuery = takes(
  { ...TENANTS, ...PAGE },
  (given): TenantQuery => ({ limit: DEFAULT_LIMIT, ...given }),
);

/** `GET /flows` */
export const flowQuery = takesLabels(
  { ...FILTERS, ...PAGE, order: ORDER },
  (given): FlowQuery => ({ limit: DEFAULT_LIMIT, order: "newest", ...given }),
);

const { tenant: _, ...filtersWithinTenant } = FILTERS;

/** `GET /tenants/:tenant/flows`: the tenant is in the path. */
export const tenantFlowQuery = takesLabels(
  { ...filtersWithinTenant, ...PAGE, order: ORDER },
  (given): FlowQuery => ({ limit: DEFAULT_LIMIT, order: "newest", ...given }),
);

/** `GET /stream`: of what passes filters, or of one flow. */
export const streamQuery = takesLabels(
  { ...FILTERS, flow: text },
  ({ flow, ...filter }): { filter: FlowFilter; onlyFlow?: FlowKey } => {
    if (flow === undefined) return { filter };
    const [tenant, ...others] = filter.tenant ?? [];
    if (tenant !== undefined && others.length === 0 && Object.keys(filter).length === 1) {
      return { filter, onlyFlow: { tenant, id: flow } };
    }
    throw new WeirError("invalid_argument", "flow: expected one tenant beside it, and nothing else");
  },
);

/** `GET /flows/count` */
export const filterQuery = takesLabels(FILTERS, (given): FlowFilter => given);

/** `GET /stats` */
export const statsQuery = takesLabels(
  { ...STATS_FILTERS, groupBy: GROUP_BY },
  (given): StatsQuery => ({ groupBy: "name", ...given }),
);

/** `GET /stats/errors` */
export const errorsQuery = takesLabels(
  { ...STATS_FILTERS, limit },
  (given): ErrorsQuery => ({ limit: DEFAULT_ERRORS, ...given }),
);

/** `GET /flows/histogram` */
export const histogramQuery = takesLabels(
  { ...FILTERS, buckets: wholeNumber(1, 1000) },
  (given): HistogramQuery => ({ buckets: DEFAULT_BUCKETS, ...given }),
);

/** `GET /stuck` */
export const stuckQuery = takes(
  { ...STUCK, ...PAGE },
  (given): StuckQuery => ({ limit: DEFAULT_LIMIT, ...given }),
);

/** `GET /flows.csv`, `GET /flows.ndjson` */
export const flowExportQuery = takesLabels(
  { ...FILTERS, order: ORDER },
  (given): FlowQuery => ({ limit: LARGEST_PAGE, order: "newest", ...given }),
);

/** `GET /tenants.csv`, `GET /tenants.ndjson` */
export const tenantExportQuery = takes(
  TENANTS,
  (given): TenantQuery => ({ limit: LARGEST_PAGE, order: "name", ...given }),
);

/** `GET /stuck.csv`, `GET /stuck.ndjson` */
export const stuckExportQuery = takes(STUCK, (given): StuckQuery => ({ limit: LARGEST_PAGE, ...given }));

/** `GET /names`, `GET /labels` */
export const pickerQuery = takes({ tenant: text }, (given): { tenant?: string } => given);

/** `GET /shared/:token/flows` */
export const pageQuery = takes(PAGE, (given): PageQuery => ({ limit: DEFAULT_LIMIT, ...given }));

/** `GET /audit`: the cursor is the number of the last entry. */
export const auditQuery = takes(
  { ...PAGE, cursor: entryNumber },
  ({ limit: most = DEFAULT_LIMIT, cursor }): { limit: number; before?: number } => ({
    limit: most,
    ...(cursor !== undefined && { before: cursor }),
  }),
);

/** For routes that take nothing. */
export const noQuery = takes({}, () => {});
