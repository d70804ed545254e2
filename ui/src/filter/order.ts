import type { FlowSummary } from "@weir/collector/schemas";
import type { Compare } from "../api/rows.ts";

/** Orders of a list, by the API's own words. */
export const orders = [
  "newest",
  "oldest",
  "last-ended",
  "first-ended",
  "longest",
  "shortest",
  "last-active",
  "first-active",
] as const;

export type FlowOrder = (typeof orders)[number];

export const defaultOrder: FlowOrder = "newest";

export const orderWords: Record<FlowOrder, string> = {
  newest: "newest first",
  oldest: "oldest first",
  "last-ended": "last ended first",
  "first-ended": "first ended first",
  longest: "longest first",
  shortest: "shortest first",
  "last-active": "last active first",
  "first-active": "longest quiet first",
};

export function isOrder(value: string): value is FlowOrder {
  return (orders as readonly string[]).includes(value);
}

type Value = string | number;

const rising = by(({ startedAt }) => startedAt);
const falling = flipped(rising);

/** As the collector orders, so that a flow which arrives goes to its place. */
export const compareBy: Record<FlowOrder, Compare> = {
  newest: falling,
  oldest: rising,
  "last-ended": endedFirst(flipped(by(({ endedAt }) => endedAt ?? "")), falling),
  "first-ended": endedFirst(
    by(({ endedAt }) => endedAt ?? ""),
    rising,
  ),
  longest: endedFirst(flipped(by(({ durationMs }) => durationMs ?? 0)), falling),
  shortest: endedFirst(
    by(({ durationMs }) => durationMs ?? 0),
    rising,
  ),
  "last-active": flipped(by(({ updatedAt }) => updatedAt)),
  "first-active": by(({ updatedAt }) => updatedAt),
};

function by(value: (flow: FlowSummary) => Value): Compare {
  return (a, b) => compare(value(a), value(b)) || compare(a.id, b.id);
}

function flipped(order: Compare): Compare {
  return (a, b) => -order(a, b);
}

/** By end and by length, what has not ended comes after all others, by start. */
function endedFirst(order: Compare, ofOpen: Compare): Compare {
  return (a, b) => {
    if (a.endedAt === null || b.endedAt === null) {
      return Number(a.endedAt === null) - Number(b.endedAt === null) || ofOpen(a, b);
    }
    return order(a, b);
  };
}

function compare(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
