/** Outcomes with how often each is, and what they are counted in. */

/** Side by side: as many outcomes, rising, and how often each is, which is never 0. */
export interface Counts {
  size: number;
  /** Of these and of the counts there may be more than `size`. */
  outcomes: readonly number[];
  counts: readonly number[];
}

/** What outcomes are counted in. */
export interface Adds {
  /** @param count may be negative: then it is taken away. */
  add(outcome: number, count?: number): void;
  /** The same of many at once, which takes a fraction of the time. They are good until it returns. */
  addCounts(counts: Counts): void;
}
