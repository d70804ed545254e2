/** How long things took, in little memory however many there were. */

/** As it is kept. */
export interface DurationsData {
  count: number;
  total: number;
  min: number;
  max: number;
  /** Pairs of a bucket's number and how many are in it. */
  buckets: [number, number][];
}

/** Milliseconds. Of nothing all are 0. */
export interface DurationNumbers {
  min: number;
  avg: number;
  /** At most 5 % off, and never outside of `min` and `max`. */
  p95: number;
  max: number;
}

/** A bucket's upper end is this much above its lower end. */
const GROWTH = 1.1;
const LOG_GROWTH = Math.log(GROWTH);
/** What is shorter, in milliseconds, is in the first bucket. */
const SHORTEST = 0.001;

export class Durations {
  #count = 0;
  #total = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  readonly #buckets = new Map<number, number>();

  static from({ count, total, min, max, buckets }: DurationsData): Durations {
    const durations = new Durations();
    durations.#count = count;
    durations.#total = total;
    durations.#min = count === 0 ? Number.POSITIVE_INFINITY : min;
    durations.#max = max;
    for (const [bucket, inside] of buckets) durations.#buckets.set(bucket, inside);
    return durations;
  }

  get count(): number {
    return this.#count;
  }

  add(ms: number): void {
    this.#count += 1;
    this.#total += ms;
    if (ms < this.#min) this.#min = ms;
    if (ms > this.#max) this.#max = ms;
    const bucket = ms <= SHORTEST ? 0 : 1 + Math.floor(Math.log(ms / SHORTEST) / LOG_GROWTH);
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
  }

  /** Puts what another has counted on top. */
  merge(other: Durations): void {
    this.#count += other.#count;
    this.#total += other.#total;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    for (const [bucket, inside] of other.#buckets)
      this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + inside);
  }

  numbers(): DurationNumbers {
    if (this.#count === 0) return { min: 0, avg: 0, p95: 0, max: 0 };
    return { min: this.#min, avg: this.#total / this.#count, p95: this.#p95(), max: this.#max };
  }

  data(): DurationsData {
    return {
      count: this.#count,
      total: this.#total,
      min: this.#count === 0 ? 0 : this.#min,
      max: this.#max,
      buckets: [...this.#buckets],
    };
  }

  #p95(): number {
    let left = Math.ceil(this.#count * 0.95);
    const sorted = [...this.#buckets].sort(([a], [b]) => a - b);
    let bucket = 0;
    for (const [at, inside] of sorted) {
      bucket = at;
      left -= inside;
      if (left <= 0) break;
    }
    const middle = bucket === 0 ? SHORTEST : SHORTEST * GROWTH ** (bucket - 0.5);
    return Math.min(this.#max, Math.max(this.#min, middle));
  }
}
