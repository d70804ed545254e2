/** Statistics of one customer's flows. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { ErrorStats, Stats } from "@weir/collector/schemas";
import { type Range, ranges } from "../filter/range.ts";
import { get } from "./client.ts";
import { serverNow } from "./clock.ts";
import { keys } from "./keys.ts";

/** Which flows are counted. */
interface FiguresFilter {
  tenant: string;
  name?: string[] | undefined;
  /** Started at or after, RFC 3339. */
  from: string;
}

type GroupBy = "name" | "day" | "hour" | "step";

const again = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const heatmapDays = 84;

/** All that a customer's statistics are drawn from. The time is settled by the hour: equal questions are asked once. */
export function statisticsOf(tenant: string, name: string[] | undefined, range: Range) {
  const now = Math.floor(serverNow() / hourMs) * hourMs + hourMs;
  const unit = range === "30d" || range === "7d" ? "day" : "hour";
  const from = now - ranges[range].ms;
  const heatmapFrom = now - heatmapDays * dayMs;
  const since = (time: number): FiguresFilter => ({ tenant, name, from: new Date(time).toISOString() });
  return {
    now,
    unit,
    from,
    heatmapFrom,
    over: figuresQuery(since(from), unit),
    byName: figuresQuery(since(from), "name"),
    steps: figuresQuery(since(from), "step"),
    errors: topErrorsQuery(since(from)),
    days: figuresQuery(since(heatmapFrom), "day"),
  } as const;
}

function figuresQuery(filter: FiguresFilter, groupBy: GroupBy) {
  const params = paramsOf(filter);
  params.set("groupBy", groupBy);
  return queryOptions({
    queryKey: keys.figures("stats", params.toString()),
    queryFn: ({ signal }) => get<Stats>("/stats", params, signal),
    placeholderData: keepPreviousData,
    refetchInterval: again,
  });
}

function topErrorsQuery(filter: FiguresFilter) {
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
