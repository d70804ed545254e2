/** How often there was which outcome: a set with counts, to which is added and from which is taken away. */
import type { DurationStats, Micros, StatusCounts } from "../flow.ts";
import type { Adds, Counts } from "./counts.ts";
import { durationOfOutcome } from "./outcome.ts";
import { StatusTally } from "./status-tally.ts";

/** What is worked out from a tally. */
export interface TallyFigures extends StatusCounts {
  total: number;
  /** Of those that finished, how many failed: 0 to 1; `null` where none has. */
  failureRate: number | null;
  durationMs: Omit<DurationStats, "last">;
}

/** More different outcomes than this are kept side by side in an array: to add to one is quicker there, and few fill it badly. */
const MOST_IN_MAP = 64;

export class Tally implements Adds {
  /** All that is in it, where that was added at once: a day of a customer is one cell. */
  #only: Counts | undefined;
  #few: Map<number, number> | undefined = new Map();
  /** By outcome, where they are many. */
  #many = new Float64Array();
  /** How many outcomes in `#many` have a count. */
  #size = 0;

  add(outcome: number, count = 1): void {
    this.#spread();
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

  addCounts(more: Counts): void {
    if (more.size === 0) return;
    if (this.#only === undefined && this.#few?.size === 0) {
      const { size, outcomes, counts } = more;
      this.#only = { size, outcomes: outcomes.slice(0, size), counts: counts.slice(0, size) };
      return;
    }
    this.#spread();
    this.#addEach(more);
  }

  #addEach({ size, outcomes, counts }: Counts): void {
    const few = this.#few;
    if (few !== undefined && few.size + size <= MOST_IN_MAP) {
      for (let at = 0; at < size; at += 1) this.add(outcomes[at] as number, counts[at]);
      return;
    }
    if (few !== undefined) this.#moveToMany(few);
    const many = this.#roomFor(outcomes[size - 1] as number);
    let different = this.#size;
    for (let at = 0; at < size; at += 1) {
      const outcome = outcomes[at] as number;
      const before = many[outcome] as number;
      const now = before + (counts[at] as number);
      many[outcome] = now;
      if (before === 0) different += 1;
      if (now === 0) different -= 1;
    }
    this.#size = different;
  }

  addAll(other: Tally): void {
    this.addCounts(other.#sorted());
  }

  addTo(other: Adds): void {
    other.addCounts(this.#sorted());
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** How many different outcomes there are. */
  get size(): number {
    return this.#only?.size ?? this.#few?.size ?? this.#size;
  }

  /** Each outcome that there is, rising, with its count. */
  each(visit: (outcome: number, count: number) => void): void {
    const { size, outcomes, counts } = this.#sorted();
    for (let at = 0; at < size; at += 1) visit(outcomes[at] as number, counts[at] as number);
  }

  figures(): TallyFigures {
    const sorted = this.#sorted();
    const statuses = new StatusTally();
    statuses.addCounts(sorted);
    const { running, paused, succeeded, failed, cancelled } = statuses.counts();
    const finished = succeeded + failed + cancelled;
    return {
      total: finished + running + paused,
      running: running + paused,
      succeeded,
      failed,
      cancelled,
      failureRate: finished === 0 ? null : failed / finished,
      durationMs: durationsOf(sorted, finished),
    };
  }

  #sorted(): Counts {
    if (this.#only !== undefined) return this.#only;
    const { size } = this;
    const outcomes = new Uint32Array(size);
    const counts = new Float64Array(size);
    const few = this.#few;
    if (few !== undefined) {
      outcomes.set([...few.keys()]);
      outcomes.sort();
      for (let at = 0; at < size; at += 1) counts[at] = few.get(outcomes[at] as number) as number;
      return { size, outcomes, counts };
    }
    const many = this.#many;
    let found = 0;
    for (let outcome = 0; outcome < many.length; outcome += 1) {
      const count = many[outcome] as number;
      if (count === 0) continue;
      outcomes[found] = outcome;
      counts[found] = count;
      found += 1;
    }
    return { size, outcomes, counts };
  }

  #addToMany(outcome: number, count: number): void {
    const many = this.#roomFor(outcome);
    const before = many[outcome] as number;
    many[outcome] = before + count;
    if (before === 0) this.#size += 1;
    if (before + count === 0) this.#size -= 1;
  }

  #roomFor(outcome: number): Float64Array {
    if (outcome < this.#many.length) return this.#many;
    const more = new Float64Array(2 ** Math.ceil(Math.log2(outcome + 1)));
    more.set(this.#many);
    this.#many = more;
    return more;
  }

  #spread(): void {
    const only = this.#only;
    if (only === undefined) return;
    this.#only = undefined;
    this.#addEach(only);
  }

  #moveToMany(few: Map<number, number>): void {
    this.#few = undefined;
    for (const [outcome, count] of few) this.#addToMany(outcome, count);
  }
}

const PERCENTS = [50, 90, 95, 99];

/** @param runs how many of them have ended. */
function durationsOf({ size, outcomes, counts }: Counts, runs: number): Omit<DurationStats, "last"> {
  const ranks = PERCENTS.map((percent) => Math.ceil((runs * percent) / 100));
  const found: Micros[] = [];
  let next = ranks[0] as number;
  let sum = 0;
  let seen = 0;
  let least: Micros | undefined;
  let most: Micros | undefined;
  for (let at = 0; at < size; at += 1) {
    const us = durationOfOutcome(outcomes[at] as number);
    if (us === null) continue;
    const count = counts[at] as number;
    least ??= us;
    most = us;
    sum += us * count;
    seen += count;
    // The duration that so many are not longer than.
    while (seen >= next) {
      found.push(us);
      next = ranks[found.length] ?? Number.POSITIVE_INFINITY;
    }
  }
  const [p50, p90, p95, p99] = found.map(toMs);
  return {
    min: toMs(least),
    avg: runs === 0 ? null : toMs(sum / runs),
    p50: p50 ?? null,
    p90: p90 ?? null,
    p95: p95 ?? null,
    p99: p99 ?? null,
    max: toMs(most),
  };
}

/** Microseconds to milliseconds, without digits that mean nothing. */
export function toMs(micros: number | undefined | null): number | null {
  return micros === undefined || micros === null ? null : Math.round(micros) / 1000;
}
