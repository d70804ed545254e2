/** How often there was which outcome: a set with counts, to which is added and from which is taken away. */
import type { DurationStats, StatusCounts } from "../flow.ts";
import { durationOfOutcome, statusOfOutcome } from "./outcome.ts";

/** What is worked out from a tally. */
export interface TallyFigures extends StatusCounts {
  total: number;
  /** Of those that finished, how many failed: 0 to 1; `null` where none has. */
  failureRate: number | null;
  durationMs: Omit<DurationStats, "last">;
}

/** What outcomes are counted in. */
export interface Adds {
  /** @param count may be negative: then it is taken away. */
  add(outcome: number, count?: number): void;
}

/** More different outcomes than this are kept side by side in an array: to add to one is quicker there, and few fill it badly. */
const MOST_IN_MAP = 64;

export class Tally implements Adds {
  #few: Map<number, number> | undefined = new Map();
  /** By outcome, where they are many. */
  #many = new Float64Array();
  /** How many outcomes in `#many` have a count. */
  #size = 0;

  add(outcome: number, count = 1): void {
    const few = this.#few;
    if (few === undefined) {
      this.#addToMany(outcome, count);
      return;
    }
    const now = (few.get(outcome) ?? 0) + count;
    if (now === 0) few.delete(outcome);
    else few.set(outcome, now);
    if (few.size > MOST_IN_MAP) this.#moveToMany(few);
  }

  addAll(other: Tally): void {
    if (other.#few !== undefined) for (const [outcome, count] of other.#few) this.add(outcome, count);
    else other.each((outcome, count) => this.add(outcome, count));
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** How many different outcomes there are. */
  get size(): number {
    return this.#few?.size ?? this.#size;
  }

  /** Each outcome that there is, rising, with its count. */
  each(visit: (outcome: number, count: number) => void): void {
    if (this.#few !== undefined) {
      const few = this.#few;
      for (const outcome of Uint32Array.from(few.keys()).sort()) visit(outcome, few.get(outcome) as number);
      return;
    }
    const many = this.#many;
    // Mostly zeros: a loop passes them by in no time, a call for each would not.
    for (let outcome = 0; outcome < many.length; outcome += 1) {
      const count = many[outcome] as number;
      if (count !== 0) visit(outcome, count);
    }
  }

  figures(): TallyFigures {
    const byStatus = { running: 0, paused: 0, succeeded: 0, failed: 0, cancelled: 0 };
    const durations: Durations = { us: [], counts: [] };
    this.each((outcome, count) => {
      byStatus[statusOfOutcome(outcome)] += count;
      const us = durationOfOutcome(outcome);
      if (us === null) return;
      durations.us.push(us);
      durations.counts.push(count);
    });
    const { running, paused, succeeded, failed, cancelled } = byStatus;
    const finished = succeeded + failed + cancelled;
    return {
      total: finished + running + paused,
      running: running + paused,
      succeeded,
      failed,
      cancelled,
      failureRate: finished === 0 ? null : failed / finished,
      durationMs: durationsOf(durations, finished),
    };
  }

  #addToMany(outcome: number, count: number): void {
    if (outcome >= this.#many.length) {
      const more = new Float64Array(2 ** Math.ceil(Math.log2(outcome + 1)));
      more.set(this.#many);
      this.#many = more;
    }
    const before = this.#many[outcome] as number;
    this.#many[outcome] = before + count;
    if (before === 0) this.#size += 1;
    if (before + count === 0) this.#size -= 1;
  }

  #moveToMany(few: Map<number, number>): void {
    this.#few = undefined;
    for (const [outcome, count] of few) this.#addToMany(outcome, count);
  }
}

/** Side by side, rising: different ones, and how often each is. */
interface Durations {
  us: number[];
  counts: number[];
}

const PERCENTS = [50, 90, 95, 99] as const;

function rankOf(percentile: number, runs: number): number {
  return Math.ceil((runs * (PERCENTS[percentile] as number)) / 100);
}

function durationsOf({ us, counts }: Durations, runs: number): Omit<DurationStats, "last"> {
  let sum = 0;
  let seen = 0;
  const found: number[] = [];
  for (let at = 0; at < us.length; at += 1) {
    const [each, count] = [us[at] as number, counts[at] as number];
    sum += each * count;
    seen += count;
    // The duration that so many are not longer than.
    while (found.length < PERCENTS.length && seen >= rankOf(found.length, runs)) found.push(each);
  }
  const [p50, p90, p95, p99] = found.map(toMs);
  return {
    min: toMs(us[0]),
    avg: runs === 0 ? null : toMs(sum / runs),
    p50: p50 ?? null,
    p90: p90 ?? null,
    p95: p95 ?? null,
    p99: p99 ?? null,
    max: toMs(us.at(-1)),
  };
}

/** Microseconds to milliseconds, without digits that mean nothing. */
export function toMs(micros: number | undefined | null): number | null {
  return micros === undefined || micros === null ? null : Math.round(micros) / 1000;
}
