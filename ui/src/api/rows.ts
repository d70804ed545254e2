/**
 * What live events do to the loaded pages of a list. Pure: pages in, pages out, unchanged ones shared. Made for a
 * hundred thousand rows: a change costs by the number of pages, not of rows.
 */
import type { FlowSummary } from "@weir/collector/schemas";
import { flowKey, isNewer } from "./patch.ts";

interface Page {
  flows: FlowSummary[];
  nextCursor: string | null;
}

interface Pages<P extends Page> {
  pages: P[];
}

/** Below zero where `a` stands before `b`. */
export type Compare = (a: FlowSummary, b: FlowSummary) => number;

interface Updated<D> {
  data: D;
  /** Flows that have no row. */
  unknown: Map<string, FlowSummary>;
  /** Flows whose row stands where the order does not want it any more. */
  moved: Map<string, FlowSummary>;
}

/** Rows that are there already take what is newer; they stay where they stand. */
export function updateRows<P extends Page, D extends Pages<P>>(
  data: D,
  changed: ReadonlyMap<string, FlowSummary>,
  compare: Compare,
): Updated<D> {
  const unknown = new Map(changed);
  const moved = new Map<string, FlowSummary>();
  let touched = false;
  const pages = data.pages.map((page) => {
    const places = placesIn(page.flows);
    let flows: FlowSummary[] | undefined;
    for (const [key, incoming] of changed) {
      const place = places.get(key);
      const flow = place === undefined ? undefined : page.flows[place];
      if (place === undefined || !flow) continue;
      unknown.delete(key);
      if (!isNewer(incoming, flow)) continue;
      if (compare(incoming, flow) !== 0) moved.set(key, incoming);
      flows ??= [...page.flows];
      flows[place] = incoming;
    }
    if (!flows) return page;
    touched = true;
    placesByFlows.set(flows, places);
    return { ...page, flows };
  });
  return { data: touched ? { ...data, pages } : data, unknown, moved };
}

/** Takes rows out. */
export function removeRows<P extends Page, D extends Pages<P>>(data: D, gone: ReadonlySet<string>): D {
  if (gone.size === 0) return data;
  const keys = [...gone];
  const pages = data.pages.map((page) => {
    const places = placesIn(page.flows);
    if (!keys.some((key) => places.has(key))) return page;
    return { ...page, flows: page.flows.filter((flow) => !gone.has(flowKey(flow))) };
  });
  return { ...data, pages };
}

/** Puts flows where the order wants them; what lies beyond the loaded pages waits there. */
export function insertRows<P extends Page, D extends Pages<P>>(
  data: D,
  added: Iterable<FlowSummary>,
  compare: Compare,
): D {
  const pages = [...data.pages];
  for (const flow of added) {
    const at = pageOf(pages, flow, compare);
    const page = pages[at];
    if (!page) continue;
    const index = page.flows.findIndex((other) => compare(flow, other) < 0);
    pages[at] = { ...page, flows: page.flows.toSpliced(index === -1 ? page.flows.length : index, 0, flow) };
  }
  return { ...data, pages };
}

/** Whether a flow's place is among the loaded pages. */
export function hasPlace<P extends Page>(data: Pages<P>, flow: FlowSummary, compare: Compare): boolean {
  return pageOf(data.pages, flow, compare) !== -1;
}

function pageOf(pages: readonly Page[], flow: FlowSummary, compare: Compare): number {
  return pages.findIndex((page, index) => {
    const last = page.flows.at(-1);
    const isEnd = index === pages.length - 1 && page.nextCursor === null;
    return isEnd || (last !== undefined && compare(flow, last) < 0);
  });
}

const placesByFlows = new WeakMap<readonly FlowSummary[], ReadonlyMap<string, number>>();

/** Flow key → place in its page; worked out once for each list of rows. */
function placesIn(flows: readonly FlowSummary[]): ReadonlyMap<string, number> {
  let places = placesByFlows.get(flows);
  if (!places) {
    places = new Map(flows.map((flow, index) => [flowKey(flow), index]));
    placesByFlows.set(flows, places);
  }
  return places;
}
