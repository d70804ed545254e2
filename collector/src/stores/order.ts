/** The orders of a list of flows, as places: what a cursor holds, and what each store sorts by. */
import type { FlowSummary, Micros } from "../flow.ts";
import type { FlowOrder } from "../store.ts";

/** Where a flow stands in a list. */
export interface Place {
  /** 1: it has no end, where the order is by end or by length, and so comes after all that have. */
  rank: number;
  value: Micros;
  /** The store's own number of the flow, in the order of arrival. */
  pk: number;
}

/** What an order goes by. */
export type OrderBy = "start" | "end" | "duration" | "activity";

const BY: Record<FlowOrder, OrderBy> = {
  newest: "start",
  oldest: "start",
  "last-ended": "end",
  "first-ended": "end",
  longest: "duration",
  shortest: "duration",
  "last-active": "activity",
  "first-active": "activity",
};
const RISING: readonly FlowOrder[] = ["oldest", "first-ended", "shortest", "first-active"];

export function orderBy(order: FlowOrder): OrderBy {
  return BY[order];
}

/** 1 where values rise, -1 where they fall. */
export function directionOf(order: FlowOrder): 1 | -1 {
  return RISING.includes(order) ? 1 : -1;
}

/** What is sorted by, of a flow. */
export interface Sorted {
  startedAt: Micros;
  /** Never negative: clocks may disagree. `null` where it has not ended. */
  duration: Micros | null;
  updatedAt: Micros;
}

export function sortedOf({ startedAt, endedAt, updatedAt }: Omit<FlowSummary, "health">): Sorted {
  return { startedAt, duration: endedAt === null ? null : Math.max(0, endedAt - startedAt), updatedAt };
}

export function placeOf(by: OrderBy, { startedAt, duration, updatedAt }: Sorted, pk: number): Place {
  if (by === "start") return { rank: 0, value: startedAt, pk };
  if (by === "activity") return { rank: 0, value: updatedAt, pk };
  if (duration === null) return { rank: 1, value: startedAt, pk };
  return { rank: 0, value: by === "end" ? startedAt + duration : duration, pk };
}

/** Below 0 where `a` comes first. */
export function comparePlaces(direction: 1 | -1, a: Place, b: Place): number {
  return a.rank - b.rank || direction * (a.value - b.value || a.pk - b.pk);
}
