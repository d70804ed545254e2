/** Statistics of one customer's flows. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { ErrorStats, Stats } from "@weir/collector/schemas";
import { get } from "./client.ts";
import { keys } from "./keys.ts";

/** Which flows are counted. */
export interface FiguresFilter {
  tenant: string;
  name?: string[] | undefined;
  /** Started at or after, RFC 3339. */
  from: string;
}

export type GroupBy = "name" | "day" | "hour" | "step";

const again = 60_000;

export function figuresQuery(filter: FiguresFilter, groupBy: GroupBy) {
  const params = paramsOf(filter);
  params.set("groupBy", groupBy);
  return queryOptions({
    queryKey: keys.figures("stats", params.toString()),
    queryFn: ({ signal }) => get<Stats>("/stats", params, signal),
    placeholderData: keepPreviousData,
    refetchInterval: again,
  });
}

export function topErrorsQuery(filter: FiguresFilter) {
  const params = paramsOf(filter);
  return queryOptions({
    queryKey: keys.figures("errors", params.toString()),
    queryFn: ({ signal }) => get<ErrorStats>("/stats/errors", params, signal),
    placeholderData: keepPreviousData,
    refetchInterval: again,
  });
}

function paramsOf({ tenant, name = [], from }: FiguresFilter): URLSearchParams {
  const params = new URLSearchParams({ tenant, from });
  for (const each of name) params.append("name", each);
  return params;
}
