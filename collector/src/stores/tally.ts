/** How often there was which outcome: a set with counts, to which is added and from which is taken away. */
import type { DurationStats, Micros, StatusCounts } from "../flow.ts";
import type { Adds, Counts } from "./counts.ts";
import { DURATIONS, durationOfOutcome, hasEnded } from "./outcome.ts";
import { StatusTally } from "./status-tally.ts";

/** What is worked out from a tally. */
export interface TallyFigures extends StatusCounts {
  total: number;
  /** Of those that finished, how many failed: 0 to 1; `null` where none has. */
  failureRate: number | null;
  durationMs: Omit<DurationStats, "last">;
}

/** Where of two lists one is so many times as long, each of the other is looked for in it; else both are gone through. */
const TIMES_LARGER = 8;

/** In order, so that it is told and added up as it lies. In arrays of numbers: those of a set width take several times as long to make. */
export class Tally implements Adds {
  #outcomes: number[] = [];
  #counts: number[] = [];

  add(outcome: number, count = 1): void {
    this.#addOne(outcome, count);
  }

  addCounts(more: Counts): void {
    const mine = this.#all();
    if (mine.size * TIMES_LARGER <= more.size) {
      this.#copy(more);
      this.#addEach(mine);
    } else if (more.size * TIMES_LARGER <= mine.size) {
      this.#addEach(more);
    } else {
      this.#merge(mine, more);
    }
  }

  addAll(other: Tally): void {
    other.addTo(this);
  }

  addTo(other: Adds): void {
    other.addCounts(this.#all());
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** How many different outcomes there are. */
  get size(): number {
    return this.#outcomes.length;
  }

  /** Each outcome that there is, rising, with its count. */
  each(visit: (outcome: number, count: number) => void): void {
    for (let at = 0; at < this.size; at += 1) {
      visit(this.#outcomes[at] as number, this.#counts[at] as number);
    }
  }

  figures(): TallyFigures {
    const all = this.#all();
    const statuses = new StatusTally();
    statuses.addCounts(all);
    const { running, paused, succeeded, failed, cancelled } = statuses.counts();
    const finished = succeeded + failed + cancelled;
    return {
      total: finished + running + paused,
      running: running + paused,
      succeeded,
      failed,
      cancelled,
      failureRate: finished === 0 ? null : failed / finished,
      durationMs: durationsOf(all, finished),
    };
  }

  #all(): Counts {
    return { size: this.size, outcomes: this.#outcomes, counts: this.#counts };
  }

  /** Where it is, or belongs. */
  #placeOf(outcome: number): number {
    const outcomes = this.#outcomes;
    let low = 0;
    let high = outcomes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((outcomes[middle] as number) < outcome) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #addOne(outcome: number, count: number): void {
    const at = this.#placeOf(outcome);
    if (this.#outcomes[at] !== outcome) {
      if (count === 0) return;
      this.#outcomes.splice(at, 0, outcome);
      this.#counts.splice(at, 0, count);
      return;
    }
    const now = (this.#counts[at] as number) + count;
    this.#counts[at] = now;
    if (now !== 0) return;
    this.#outcomes.splice(at, 1);
    this.#counts.splice(at, 1);
  }

  #addEach({ size, outcomes, counts }: Counts): void {
    for (let at = 0; at < size; at += 1) this.#addOne(outcomes[at] as number, counts[at] as number);
  }

  #copy({ size, outcomes, counts }: Counts): void {
    this.#outcomes = outcomes.slice(0, size);
    this.#counts = counts.slice(0, size);
  }

  #merge(one: Counts, other: Counts): void {
    const outcomes = new Array<number>(one.size + other.size);
    const counts = new Array<number>(one.size + other.size);
    let size = 0;
    let inOne = 0;
    let inOther = 0;
    while (inOne < one.size || inOther < other.size) {
      const first = inOne < one.size ? (one.outcomes[inOne] as number) : Number.POSITIVE_INFINITY;
      const second = inOther < other.size ? (other.outcomes[inOther] as number) : Number.POSITIVE_INFINITY;
      let count = 0;
      if (first <= second) {
        count = one.counts[inOne] as number;
        inOne += 1;
      }
      if (second <= first) {
        count += other.counts[inOther] as number;
        inOther += 1;
      }
      if (count === 0) continue;
      outcomes[size] = Math.min(first, second);
      counts[size] = count;
      size += 1;
    }
    outcomes.length = size;
    counts.length = size;
    this.#outcomes = outcomes;
    this.#counts = counts;
  }
}

const PERCENTS = [50, 90, 95, 99];

/** @param runs how many of them have ended. */
function durationsOf({ size, outcomes, counts }: Counts, runs: number): Omit<DurationStats, "last"> {
  const ranks = PERCENTS.map((percent) => Math.ceil((runs * percent) / 100));
  const found: Micros[] = [];
  let first = 0;
  while (first < size && !hasEnded(outcomes[first] as number)) first += 1;
  let next = ranks[0] as number;
  let sum = 0;
  let seen = 0;
  for (let at = first; at < size; at += 1) {
    const us = DURATIONS[outcomes[at] as number] as Micros;
    const count = counts[at] as number;
    sum += us * count;
    seen += count;
    // The duration that so many are not longer than.
    while (seen >= next) {
      found.push(us);
      next = ranks[found.length] ?? Number.POSITIVE_INFINITY;
    }
  }
  const durationAt = (at: number) => (first < size ? durationOfOutcome(outcomes[at] as number) : null);
  const [p50, p90, p95, p99] = found.map(toMs);
  return {
    min: toMs(durationAt(first)),
    avg: runs === 0 ? null : toMs(sum / runs),
    p50: p50 ?? null,
    p90: p90 ?? null,
    p95: p95 ?? null,
    p99: p99 ?? null,
    max: toMs(durationAt(size - 1)),
  };
}

/** Microseconds to milliseconds, without digits that mean nothing. */
export function toMs(micros: number | undefined | null): number | null {
  return micros === undefined || micros === null ? null : Math.round(micros) / 1000;
}
