/** What each page shows, asked for before it is drawn. */
import type { FlowDetail } from "@weir/collector/schemas";
import { defaultOrder } from "../filter/order.ts";
import { flowFilter, type ListSearch } from "../filter/search.ts";
import { statisticsOf } from "./figures.ts";
import {
  attentionQuery,
  countQuery,
  flowQuery,
  flowsQuery,
  histogramQuery,
  limitsQuery,
  meQuery,
  namesQuery,
  runsAroundQuery,
  statsQuery,
  stuckQuery,
  tenantsQuery,
} from "./queries.ts";
import { queryClient } from "./queryClient.ts";
import { allSharesQuery, auditQuery, keysQuery, serverQuery, settingsQuery } from "./settings.ts";

type Asked = Promise<unknown>[];

/** How long what is on the page stays while the next one asks for what it shows. */
const patience = 250;

/** A page that has its data when it is drawn moves nothing under the reader's eyes; a slow one begins as a skeleton. */
export async function soon(cause: "preload" | "enter" | "stay", ask: () => Asked): Promise<void> {
  if (cause === "stay") return;
  const enough = new Promise((resolve) => setTimeout(resolve, patience));
  await Promise.race([Promise.all(ask()), enough]);
}

export function customersData({ q = "" }: ListSearch): Asked {
  return [
    queryClient.prefetchInfiniteQuery(tenantsQuery(q)),
    queryClient.prefetchQuery(attentionQuery()),
    queryClient.prefetchQuery(countQuery({})),
  ];
}

export function stuckData(search: ListSearch): Asked {
  return [queryClient.prefetchInfiniteQuery(stuckQuery(search))];
}

/** A flow as far as its page begins with it, the runs beside it, and what its reader may do with it. */
export function flowData(tenant: string, id: string, begins: boolean): Asked {
  return [
    flowAndRuns(tenant, id, begins),
    queryClient.prefetchQuery(meQuery()),
    queryClient.prefetchQuery(settingsQuery()),
  ];
}

async function flowAndRuns(tenant: string, id: string, begins: boolean): Promise<void> {
  const outlined = Promise.withResolvers<FlowDetail>();
  const query = flowQuery(tenant, id, begins, outlined.resolve);
  const whole = queryClient.prefetchQuery(query).then(() => queryClient.getQueryData(query.queryKey));
  const flow = await Promise.race([outlined.promise, whole]);
  if (flow) await queryClient.prefetchQuery(runsAroundQuery(flow));
}

export function statsData({ name, range = "30d" }: ListSearch, tenant: string): Asked {
  const { over, byName, steps, errors, days } = statisticsOf(tenant, name, range);
  return [
    queryClient.prefetchQuery(over),
    queryClient.prefetchQuery(byName),
    queryClient.prefetchQuery(steps),
    queryClient.prefetchQuery(errors),
    queryClient.prefetchQuery(days),
    queryClient.prefetchQuery(namesQuery(tenant)),
    queryClient.prefetchQuery(meQuery()),
  ];
}

/** Of who may see it. */
export function settingsData(): Asked {
  return [mayManage()];
}

async function mayManage(): Promise<void> {
  const settings = queryClient.prefetchQuery(settingsQuery());
  await queryClient.prefetchQuery(meQuery());
  const me = queryClient.getQueryData(meQuery().queryKey);
  await Promise.all([
    settings,
    queryClient.prefetchQuery(limitsQuery(me?.tenant ?? null)),
    me?.tenant === null && queryClient.prefetchQuery(serverQuery()),
    ...(me?.role === "admin"
      ? [
          queryClient.prefetchQuery(keysQuery()),
          queryClient.prefetchQuery(allSharesQuery()),
          queryClient.prefetchQuery(auditQuery()),
        ]
      : []),
  ]);
}

/** A list of flows, of one customer or of all. */
export function flowsData(search: ListSearch, tenant: string | null): Asked {
  const filter = flowFilter(tenant === null ? search : { ...search, tenant: [tenant] });
  const { status: _, health: __, ...others } = filter;
  return [
    queryClient.prefetchInfiniteQuery(flowsQuery(filter, search.order ?? defaultOrder)),
    queryClient.prefetchQuery(countQuery(filter)),
    queryClient.prefetchQuery(countQuery(others)),
    queryClient.prefetchQuery(histogramQuery(filter)),
  ];
}

export function customerData(search: ListSearch, tenant: string): Asked {
  return [
    ...flowsData(search, tenant),
    queryClient.prefetchInfiniteQuery(stuckQuery({ tenant: [tenant], name: search.name })),
    queryClient.prefetchQuery(statsQuery(tenant)),
    queryClient.prefetchQuery(limitsQuery(tenant)),
    queryClient.prefetchQuery(meQuery()),
  ];
}
