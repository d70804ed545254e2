/** A page of flows, made from a walk through the list in one direction or the other. */
import type { FlowSummary } from "../flow.ts";
import type { FlowPage, FlowQuery } from "../store.ts";
import { encodeFlowCursor, readFlowCursor } from "./flow-cursor.ts";
import type { Place } from "./order.ts";

/** A place that a walk has come to; where there is no flow, nothing up to there is of the list. */
export interface Reached {
  place: Place;
  flow: FlowSummary | null;
}

export interface WalkFrom {
  /** Begin after this place. */
  after: Place | undefined;
  /** Towards the beginning of the list. */
  back: boolean;
}

/**
 * @param walk the flows that match, in the order of the walk.
 * @param isLate whether the time for this question is over.
 */
export function flowPage(
  query: FlowQuery,
  walk: (from: WalkFrom) => Iterable<Reached>,
  isLate: () => boolean = () => false,
): FlowPage {
  const { place: after, back } = readFlowCursor(query) ?? { place: undefined, back: false };
  const found: { place: Place; flow: FlowSummary }[] = [];
  /** Where the walk is to go on. */
  let goOn: Place | undefined;
  let partial = false;
  for (const { place, flow } of walk({ after, back })) {
    if (flow !== null && found.length === query.limit) {
      goOn = found.at(-1)?.place;
      break;
    }
    if (flow !== null) found.push({ place, flow });
    if (isLate()) {
      goOn = place;
      partial = found.length < query.limit;
      break;
    }
  }
  const cursor = (place: Place | undefined, towardsStart: boolean) =>
    encodeFlowCursor(query, { place, back: towardsStart });
  const onward = goOn === undefined ? null : cursor(goOn, back);
  const first = found[0]?.place;
  const backward = after === undefined || first === undefined ? null : cursor(first, !back);
  if (back) found.reverse();
  return {
    items: found.map(({ flow }) => flow),
    // Where there is nothing on the way back, the list begins after it.
    nextCursor: back ? (backward ?? cursor(undefined, false)) : onward,
    prevCursor: back ? onward : backward,
    partial,
  };
}
