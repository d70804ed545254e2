/** Counting flows by status and by health, as far as that is worth its time. */
import type { Health, Status } from "../flow.ts";
import { type FlowCount, noFlows } from "../store.ts";

/** Nobody reads the difference beyond. */
const MOST_COUNTED = 10_000;

export interface Counted {
  status: Status;
  /** `null` once it has ended. */
  health: Health | null;
}

/**
 * @param flows those that match; `null` where none does up to a place.
 * @param isLate whether the time for this question is over.
 */
export function countFlows(flows: Iterable<Counted | null>, isLate: () => boolean = () => false): FlowCount {
  const count = noFlows();
  for (const flow of flows) {
    if (flow !== null && count.total === MOST_COUNTED) return { ...count, complete: false };
    if (flow !== null) {
      count.total += 1;
      count.status[flow.status] += 1;
      if (flow.health !== null) count.health[flow.health] += 1;
    }
    if (isLate()) return { ...count, complete: false };
  }
  return count;
}
