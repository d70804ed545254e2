import { useInfiniteQuery } from "@tanstack/react-query";
import type { FlowPage, FlowSummary } from "@weir/collector/schemas";
import { flowsQuery } from "../../api/queries.ts";
import type { FlowFilter } from "../../filter/search.ts";

/** The flows of a list as far as they are loaded, for those beside the list that want to know. */
export function useLoadedFlows(filter: FlowFilter): readonly FlowSummary[] {
  return useInfiniteQuery({ ...flowsQuery(filter), select: firstPage }).data ?? none;
}

const none: readonly FlowSummary[] = [];

function firstPage({ pages }: { pages: FlowPage[] }): readonly FlowSummary[] {
  return pages[0]?.flows ?? none;
}
