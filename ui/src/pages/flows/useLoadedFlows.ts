import { useInfiniteQuery } from "@tanstack/react-query";
import type { FlowPage, FlowSummary } from "@weir/collector/schemas";
import { flowsQuery } from "../../api/queries.ts";
import { defaultOrder } from "../../filter/order.ts";
import { flowFilter, type ListSearch } from "../../filter/search.ts";

/** The first flows of a list, for those beside the list that want to know. */
export function useLoadedFlows(search: ListSearch, tenant: string | null): readonly FlowSummary[] {
  const filter = flowFilter(tenant === null ? search : { ...search, tenant: [tenant] });
  const query = flowsQuery(filter, search.order ?? defaultOrder);
  return useInfiniteQuery({ ...query, select: firstPage }).data ?? none;
}

const none: readonly FlowSummary[] = [];

function firstPage({ pages }: { pages: FlowPage[] }): readonly FlowSummary[] {
  return pages[0]?.flows ?? none;
}
