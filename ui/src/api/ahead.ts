/** What each page shows, asked for before it is drawn. */
import { defaultOrder } from "../filter/order.ts";
import { flowFilter, type ListSearch } from "../filter/search.ts";
import {
  attentionQuery,
  countQuery,
  flowQuery,
  flowsQuery,
  histogramQuery,
  limitsQuery,
  statsQuery,
  stuckQuery,
  tenantsQuery,
} from "./queries.ts";
import { queryClient } from "./queryClient.ts";

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

export function flowData(tenant: string, id: string): Asked {
  return [queryClient.prefetchQuery(flowQuery(tenant, id))];
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
  ];
}
