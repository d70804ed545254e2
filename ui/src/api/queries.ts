import { infiniteQueryOptions, keepPreviousData, queryOptions, skipToken } from "@tanstack/react-query";
import type {
  FlowCount,
  FlowDetail,
  FlowHistogram,
  FlowOutline,
  FlowPage,
  FlowSummary,
  Labels,
  LimitsReached,
  Me,
  Names,
  Stats,
  StuckPage,
  TenantPage,
} from "@weir/collector/schemas";
import { defaultOrder, type FlowOrder } from "../filter/order.ts";
import { rangeStart } from "../filter/range.ts";
import { type FlowFilter, filterParams } from "../filter/search.ts";
import { get, getStages, segment } from "./client.ts";
import { serverNow } from "./clock.ts";
import { keys } from "./keys.ts";

const largestPage = 500;
const firstPage = 100;
const mostFound = 6;
const buckets = 120;
const historyDays = 14;

/** Health is worked out when it is read: no event tells that time went by. */
const healthEvery = 15_000;
const stuckEvery = 5_000;

/** Customers, those who need attention first. */
export function tenantsQuery(q: string) {
  return infiniteQueryOptions({
    queryKey: keys.tenants(q),
    queryFn: ({ pageParam, signal }) => {
      const params = new URLSearchParams({
        order: "attention",
        history: String(historyDays),
        limit: String(firstPage),
      });
      if (q) params.set("q", q);
      if (pageParam) params.set("cursor", pageParam);
      return get<TenantPage>("/tenants", params, signal);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: healthEvery,
  });
}

/** What fits a few letters: customers, and flows where there are letters at all. */
export function findQuery(text: string) {
  return queryOptions({
    queryKey: keys.find(text),
    queryFn: async ({ signal }) => {
      const params = new URLSearchParams({ q: text, limit: String(mostFound) });
      const [{ tenants }, { flows }] = await Promise.all([
        get<TenantPage>("/tenants", new URLSearchParams([...params, ["order", "attention"]]), signal),
        text === "" ? { flows: [] } : get<FlowPage>("/flows", params, signal),
      ]);
      return { tenants, flows };
    },
  });
}

/** Of all customers: what is stuck now, the worst first, and what failed within the last day, newest first. */
export interface Attention {
  stuck: FlowSummary[];
  failed: FlowSummary[];
}

export function attentionQuery() {
  return queryOptions({
    queryKey: keys.attention,
    queryFn: async ({ signal }): Promise<Attention> => {
      const limit = String(largestPage);
      const failed = new URLSearchParams({ limit, status: "failed", from: rangeStart("1d", serverNow()) });
      const [stuckPage, failedPage] = await Promise.all([
        get<StuckPage>("/stuck", new URLSearchParams({ limit }), signal),
        get<FlowPage>("/flows", failed, signal),
      ]);
      return { stuck: stuckPage.flows, failed: failedPage.flows };
    },
    refetchInterval: healthEvery,
  });
}

/** `from` is settled with the first page, so that the pages of one list belong together. */
export interface FlowPageParam {
  cursor: string | null;
  from: string | null;
}

export function flowsQuery(filter: FlowFilter, order: FlowOrder) {
  return infiniteQueryOptions({
    queryKey: keys.flows(filter, order),
    queryFn: async ({ pageParam, signal }): Promise<FlowPage & { from: string | null }> => {
      const from = pageParam.from ?? (filter.range ? rangeStart(filter.range, serverNow()) : null);
      const params = flowsParams(filter, order);
      if (from) params.set("from", from);
      if (pageParam.cursor) params.set("cursor", pageParam.cursor);
      // Whoever scrolls on wants many; the first are wanted soon.
      params.set("limit", String(pageParam.cursor ? largestPage : firstPage));
      return { ...(await get<FlowPage>("/flows", params, signal)), from };
    },
    initialPageParam: { cursor: null, from: null } as FlowPageParam,
    getNextPageParam: (page) =>
      page.nextCursor === null ? null : { cursor: page.nextCursor, from: page.from },
    placeholderData: keepPreviousData,
    // Patched by the stream: comparing ten thousand rows by value at each patch would cost more than it saves.
    structuralSharing: false,
    // All pages would be fetched again, one after another: the stream keeps them fresh instead.
    refetchOnWindowFocus: false,
    staleTime: 30_000,
  });
}

/** How many flows pass a filter. */
export function countQuery(filter: FlowFilter) {
  return queryOptions({
    queryKey: keys.count(filter),
    queryFn: ({ signal }) => get<FlowCount>("/flows/count", paramsNow(filter), signal),
    placeholderData: keepPreviousData,
  });
}

/** When they began. */
export function histogramQuery(filter: FlowFilter) {
  return queryOptions({
    queryKey: keys.histogram(filter),
    queryFn: ({ signal }) => {
      const params = paramsNow(filter);
      params.set("buckets", String(buckets));
      return get<FlowHistogram>("/flows/histogram", params, signal);
    },
    placeholderData: keepPreviousData,
  });
}

/** A list as the API takes it, at this moment. */
export function flowsParams(filter: FlowFilter, order: FlowOrder): URLSearchParams {
  const params = paramsNow(filter);
  if (order !== defaultOrder) params.set("order", order);
  return params;
}

/** A filter as the API takes it, at this moment. */
function paramsNow(filter: FlowFilter): URLSearchParams {
  const params = filterParams(filter);
  if (filter.range) params.set("from", rangeStart(filter.range, serverNow()));
  return params;
}

/** Flows that hang, the worst first. */
export function stuckQuery({ tenant, name }: Pick<FlowFilter, "tenant" | "name">) {
  return infiniteQueryOptions({
    queryKey: keys.stuck({ tenant, name }),
    queryFn: ({ pageParam, signal }) => {
      const params = filterParams({ tenant, name });
      params.set("limit", String(firstPage));
      if (pageParam) params.set("cursor", pageParam);
      return get<StuckPage>("/stuck", params, signal);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: stuckEvery,
  });
}

/** How many hang. */
export function stuckCountQuery() {
  return queryOptions({
    queryKey: keys.stuckCount,
    queryFn: async ({ signal }) =>
      (await get<StuckPage>("/stuck", new URLSearchParams({ limit: "1" }), signal)).counts,
    refetchInterval: healthEvery,
  });
}

/**
 * A flow whole.
 *
 * @param begins its outline is to be shown until the whole is there
 * @param onOutline hears it, where the flow is so large that it has one
 */
export function flowQuery(
  tenant: string,
  id: string,
  begins = false,
  onOutline: (outline: FlowOutline) => void = () => {},
) {
  const path = `/tenants/${segment(tenant)}/flows/${segment(id)}`;
  return queryOptions({
    queryKey: keys.flow(tenant, id),
    queryFn: async ({ client, queryKey, signal }): Promise<FlowDetail> => {
      if (!begins || client.getQueryData(queryKey) !== undefined) {
        return get<FlowDetail>(path, undefined, signal);
      }
      const { first, second } = await getStages<FlowOutline, FlowDetail>(`${path}/stages`, signal);
      if (first.steps.length === first.stepCounts.total) return first;
      client.setQueryData(keys.outline(tenant, id), first);
      onOutline(first);
      return second();
    },
    structuralSharing: false,
  });
}

/** What is seen of a large flow while the whole of it is on the way: never asked for by itself. */
export function outlineQuery(tenant: string, id: string) {
  return queryOptions<FlowOutline>({
    queryKey: keys.outline(tenant, id),
    queryFn: skipToken,
    gcTime: 10_000,
  });
}

/** Whether a flow has changed since it was asked for: a few kilobytes say so where its steps are many megabytes. */
export async function hasChanged(flow: FlowSummary): Promise<boolean> {
  const { tenant, name, id, startedAt, updatedAt } = flow;
  const to = new Date(Date.parse(startedAt) + 1).toISOString();
  const params = new URLSearchParams({ tenant, name, from: startedAt, to, limit: String(largestPage) });
  const { flows } = await get<FlowPage>("/flows", params);
  return flows.find((each) => each.id === id)?.updatedAt !== updatedAt;
}

/** The runs of the same flow for the same customer just before and just after one, in the order of their start. */
export interface RunsAround {
  earlier: FlowSummary[];
  later: FlowSummary[];
}

const runsOnEachSide = 5;

export function runsAroundQuery(flow: Pick<FlowSummary, "tenant" | "id" | "name" | "startedAt">) {
  const { tenant, id, name, startedAt } = flow;
  return queryOptions({
    queryKey: keys.runsAround(tenant, id),
    queryFn: async ({ signal }): Promise<RunsAround> => {
      // One more: it may be itself.
      const params = { tenant, name, limit: String(runsOnEachSide + 1) };
      const [before, after] = await Promise.all([
        get<FlowPage>("/flows", new URLSearchParams({ ...params, to: startedAt }), signal),
        get<FlowPage>("/flows", new URLSearchParams({ ...params, from: startedAt, order: "oldest" }), signal),
      ]);
      const others = ({ flows }: FlowPage) => flows.filter((each) => each.id !== id).slice(0, runsOnEachSide);
      return { earlier: others(before).toReversed(), later: others(after) };
    },
    staleTime: 30_000,
  });
}

export function statsQuery(tenant: string) {
  return queryOptions({
    queryKey: keys.stats(tenant),
    queryFn: async ({ signal }) =>
      (await get<Stats>("/stats", new URLSearchParams({ tenant, groupBy: "name" }), signal)).groups,
  });
}

/** Customers to choose from; of very many, the first by name. */
export function customerNamesQuery() {
  return queryOptions({
    queryKey: keys.customerNames,
    queryFn: async ({ signal }) => {
      const params = new URLSearchParams({ order: "name", limit: String(largestPage) });
      return (await get<TenantPage>("/tenants", params, signal)).tenants.map(({ tenant }) => tenant);
    },
    staleTime: 60_000,
  });
}

export function namesQuery(tenant: string | null) {
  return queryOptions({
    queryKey: keys.names(tenant),
    queryFn: async ({ signal }) => (await get<Names>("/names", ofTenant(tenant), signal)).names,
    staleTime: 60_000,
  });
}

export function labelsQuery(tenant: string | null) {
  return queryOptions({
    queryKey: keys.labels(tenant),
    queryFn: async ({ signal }) => (await get<Labels>("/labels", ofTenant(tenant), signal)).labels,
    staleTime: 60_000,
  });
}

/** Limits that were reached, by this customer or by all. */
export function limitsQuery(tenant: string | null) {
  return queryOptions({
    queryKey: keys.limits(tenant),
    queryFn: async ({ signal }) => (await get<LimitsReached>("/limits", ofTenant(tenant), signal)).limits,
    refetchInterval: healthEvery,
  });
}

/** Who looks at the page, and whether the collector is open. */
export function meQuery() {
  return queryOptions({
    queryKey: keys.me,
    queryFn: ({ signal }) => get<Me>("/me", undefined, signal),
    staleTime: 60_000,
  });
}

function ofTenant(tenant: string | null): URLSearchParams {
  return new URLSearchParams(tenant === null ? {} : { tenant });
}
