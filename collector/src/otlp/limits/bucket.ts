/** A token bucket: so many a second, and as many at once as come in ten seconds. Senders come in bursts by nature. */

const BURST_SECONDS = 10;

export class Bucket {
  readonly #perSecond: number;
  #tokens: number;
  #filledAt: number;
  #second = 0;
  #thisSecond = 0;
  #lastSecond = 0;

  /** @param nowMs milliseconds, from any start. */
  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond * BURST_SECONDS;
    this.#filledAt = nowMs;
  }

  /** Whether there are so many. */
  holds(count: number, nowMs: number): boolean {
    if (this.#tokens < count) this.#fill(nowMs);
    return this.#tokens >= count;
  }

  /** Takes so many, where there are so many. */
  take(nowMs: number, count = 1): boolean {
    this.#count(nowMs, count);
    if (!this.holds(count, nowMs)) return false;
    this.#tokens -= count;
    return true;
  }

  /** How many came in the last whole second, or in this one where that is more already. */
  get demand(): number {
    return Math.max(this.#lastSecond, this.#thisSecond);
  }

  #fill(nowMs: number): void {
    const gained = ((nowMs - this.#filledAt) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#perSecond * BURST_SECONDS, this.#tokens + gained);
    this.#filledAt = nowMs;
  }

  #count(nowMs: number, count: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#lastSecond = second === this.#second + 1 ? this.#thisSecond : 0;
      this.#thisSecond = 0;
      this.#second = second;
    }
    this.#thisSecond += count;
  }
}
