/**
 * What the address says, typed. The page's query string speaks the API's own words (`status=failed`,
 * `label.env=production`, repeated for "or"), so that a link, a filter and a request read the same.
 */
import type { Health, Status } from "@weir/collector/schemas";
import { type View, views } from "../shape/views.ts";
import { defaultOrder, type FlowOrder, isOrder } from "./order.ts";
import { isRange, type Range } from "./range.ts";

export interface LabelFilter {
  key: string;
  value: string;
}

/** Filters over flows. Each list is an "or", the filters together an "and"; absent lets all pass. */
export interface FlowFilter {
  q?: string | undefined;
  tenant?: string[] | undefined;
  name?: string[] | undefined;
  status?: Status[] | undefined;
  health?: Health[] | undefined;
  step?: string[] | undefined;
  service?: string[] | undefined;
  label?: LabelFilter[] | undefined;
  /** Started within this long before now. */
  range?: Range | undefined;
  /** Started at or after, RFC 3339. */
  from?: string | undefined;
  /** Started before, RFC 3339. */
  to?: string | undefined;
}

/** What a list shows, and in which order. */
export interface ListSearch extends FlowFilter {
  /** Absent: newest first. */
  order?: FlowOrder | undefined;
}

export interface Search extends ListSearch {
  /** The step that a flow's page has open. */
  selected?: string | undefined;
  /** How a flow's page shows it; absent: over time. */
  view?: View | undefined;
  /** The node of its workflow that a flow's page has open. */
  node?: string | undefined;
  /** Text that a flow's steps are searched for. */
  find?: string | undefined;
  /** Only steps that failed. */
  failed?: boolean | undefined;
  /** The flow of the same customer that a flow is compared with. */
  compare?: string | undefined;
}

export const statuses: readonly Status[] = ["running", "failed", "succeeded", "cancelled", "paused"];
export const healths: readonly Health[] = ["stalled", "lost", "ok"];

/** What is text of what a flow's page shows. */
const shownTexts = ["selected", "node", "find", "compare"] as const;

const labelPrefix = "label.";

/** Query string → search. What is unknown, empty or not a value of its kind is left out, never an error. */
export function parseSearch(query: string): Search {
  const params = new URLSearchParams(query);
  const search: Search = {};

  const q = params.get("q");
  if (q) search.q = q;
  for (const key of shownTexts) {
    const value = params.get(key);
    if (value) search[key] = value;
  }
  if (params.get("failed") === "1") search.failed = true;
  const view = views.find((view) => view === params.get("view"));
  if (view) search.view = view;

  for (const key of ["tenant", "name", "step", "service"] as const) {
    const values = unique(params.getAll(key));
    if (values.length > 0) search[key] = values;
  }
  const status = statuses.filter((value) => params.getAll("status").includes(value));
  if (status.length > 0) search.status = status;
  const health = healths.filter((value) => params.getAll("health").includes(value));
  if (health.length > 0) search.health = health;

  const order = params.get("order");
  if (order !== null && isOrder(order) && order !== defaultOrder) search.order = order;

  const label: LabelFilter[] = [];
  for (const [name, value] of params) {
    if (!name.startsWith(labelPrefix)) continue;
    const key = name.slice(labelPrefix.length);
    if (key === "") continue;
    if (!label.some((known) => known.key === key && known.value === value)) label.push({ key, value });
  }
  if (label.length > 0) search.label = label;

  const range = params.get("range");
  if (range !== null && isRange(range)) {
    search.range = range;
  } else {
    for (const key of ["from", "to"] as const) {
      const time = instant(params.get(key));
      if (time !== undefined) search[key] = time;
    }
  }
  return search;
}

/** Search → query string with its `?`, or nothing. */
export function stringifySearch(search: Search): string {
  const params = filterParams(search);
  if (search.range) params.set("range", search.range);
  if (search.order && search.order !== defaultOrder) params.set("order", search.order);
  if (search.view) params.set("view", search.view);
  for (const key of shownTexts) if (search[key]) params.set(key, search[key]);
  if (search.failed) params.set("failed", "1");
  const query = params.toString();
  return query === "" ? "" : `?${query}`;
}

/** A filter as the API takes it, save for `range`, which needs a clock. */
export function filterParams(filter: FlowFilter): URLSearchParams {
  const params = new URLSearchParams();
  for (const key of ["tenant", "name", "status", "health", "step", "service"] as const) {
    for (const value of filter[key] ?? []) params.append(key, value);
  }
  for (const { key, value } of filter.label ?? []) params.append(`${labelPrefix}${key}`, value);
  if (filter.q) params.set("q", filter.q);
  if (filter.from) params.set("from", filter.from);
  if (filter.to) params.set("to", filter.to);
  return params;
}

/** The part of a search that makes a list. */
export function listSearch({ selected, view, node, find, failed, compare, ...search }: Search): ListSearch {
  return present(search);
}

/** The part of a search that says what a flow's page shows of it. */
export function shownOf(search: Search): Omit<Search, keyof ListSearch> {
  const { selected, view, node, find, failed, compare } = search;
  return present({ selected, view, node, find, failed, compare });
}

/** The part of a search that filters flows: equal filters are equal as JSON. */
export function flowFilter({ order: _, ...filter }: ListSearch): FlowFilter {
  return present(filter);
}

function present<T extends object>(search: T): T {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as T;
}

export function isFiltered(filter: FlowFilter): boolean {
  return Object.values(filter).some((value) => value !== undefined);
}

/** Takes a value into a list or out of it; the last one out leaves no list. */
export function toggled<T>(list: readonly T[] | undefined, value: T, same = Object.is): T[] | undefined {
  const rest = (list ?? []).filter((other) => !same(other, value));
  if (rest.length === (list?.length ?? 0)) rest.push(value);
  return rest.length > 0 ? rest : undefined;
}

export function sameLabel(a: LabelFilter, b: LabelFilter): boolean {
  return a.key === b.key && a.value === b.value;
}

function unique(values: string[]): string[] {
  return [...new Set(values)].filter((value) => value !== "");
}

function instant(value: string | null): string | undefined {
  const time = Date.parse(value ?? "");
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
