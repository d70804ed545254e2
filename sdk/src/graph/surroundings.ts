/** What the jobs of a graph find around them. */
import type { Random, RunClock } from "../run/index.ts";
import type { BookLimits } from "./books.ts";

export interface Limits extends BookLimits {
  /** Queued deliveries of a job; an attempt that would send more fails. */
  readonly maxQueued: number;
  /** From so many on `emit` waits, where others work them off. */
  readonly crowd: number;
  /** Milliseconds for handlers that were told to stop. */
  readonly stopGrace: number;
}

export interface Surroundings {
  readonly clock: RunClock;
  /** Milliseconds since the epoch, with a fraction where the clock has one. */
  readonly now: () => number;
  readonly random: Random;
  readonly limits: Limits;
}
