/** Hours and days since the epoch, UTC: what statistics are kept by. */
import type { HistogramBucket, Micros } from "../flow.ts";

export const HOUR_US = 3_600_000_000;
export const DAY_US = 24 * HOUR_US;

export function hourOf(at: Micros): number {
  return Math.floor(at / HOUR_US);
}

export function dayOf(at: Micros): number {
  return Math.floor(at / DAY_US);
}

/** Seconds that a bucket of a histogram may be wide: what people think in. */
const WIDTHS = [1, 5, 15, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600];

/**
 * The narrowest buckets of which so many cover a time; where it is longer than any, whole multiples of the widest.
 *
 * @returns microseconds
 */
export function bucketWidth(from: Micros, to: Micros, most: number): Micros {
  const width = WIDTHS.find((seconds) => bucketsIn(from, to, seconds * 1e6) <= most);
  if (width !== undefined) return width * 1e6;
  const widest = (WIDTHS.at(-1) as number) * 1e6;
  let factor = Math.ceil((to - from) / widest / most);
  while (bucketsIn(from, to, factor * widest) > most) factor += 1;
  return factor * widest;
}

/** Buckets begin at whole multiples of their width since the epoch. */
function bucketsIn(from: Micros, to: Micros, width: Micros): number {
  return Math.max(0, Math.ceil(to / width) - Math.floor(from / width));
}

export function emptyBucket(at: Micros): HistogramBucket {
  return { at, running: 0, paused: 0, succeeded: 0, failed: 0, cancelled: 0 };
}
