/** Whether more of a customer's flows fail than usual. */
import type { DayCounts, FailingMore } from "../flow.ts";

/** Days that are looked at, today included. */
export const HISTORY_DAYS = 14;
/** What is going on now: today and yesterday, for just after midnight today tells nothing. */
const RECENT_DAYS = 2;
/** Fewer failures are chance. */
const FEWEST_FAILED = 3;
/** Fewer finished runs tell nothing about what is usual. */
const FEWEST_RUNS = 20;
/** By so many standard deviations there are more failures than there would be if nothing had changed. */
const DEVIATIONS = 3;

/** @param history of `HISTORY_DAYS` days, the oldest first; days without flows are there too. */
export function failingMore(history: readonly DayCounts[]): FailingMore | null {
  const before = sum(history.slice(0, -RECENT_DAYS));
  const recent = sum(history.slice(-RECENT_DAYS));
  if (before.finished < FEWEST_RUNS || recent.failed < FEWEST_FAILED) return null;
  // One more of each: a customer for whom nothing has ever failed is not alarmed about by the first failure.
  const usual = (before.failed + 1) / (before.finished + 2);
  const expected = usual * recent.finished;
  const deviation = Math.sqrt(expected * (1 - usual));
  if (recent.failed <= expected + DEVIATIONS * deviation) return null;
  return { ...recent, usualRate: before.failed / before.finished };
}

function sum(days: readonly DayCounts[]): Pick<FailingMore, "failed" | "finished"> {
  let failed = 0;
  let finished = 0;
  for (const day of days) {
    failed += day.failed;
    finished += day.succeeded + day.failed + day.cancelled;
  }
  return { failed, finished };
}
