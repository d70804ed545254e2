/** Time that passes when a test says so. */
import { setImmediate } from "node:timers/promises";
import { Heap, type HeapItem } from "../heap.ts";

interface Wait extends HeapItem {
  wake(): void;
}

/**
 * How much later each reading is than the one before, in milliseconds: two things that happen in one instant stay in
 * their order, and it is exact in a double.
 */
const BETWEEN_READINGS_MS = 2 ** -9;

/**
 * A simulated clock. It stands still until it is advanced; waits made by its `sleep` take no real time.
 *
 * @example
 * const clock = new TestClock("2026-01-01T09:00:00Z");
 * const weir = await setupForTests({ clock });
 * const running = flow.start(ORDER, () => step.start("ship", () => clock.sleep(60_000)));
 * await clock.advance(60_000);
 * await running;
 * expect(flowsOf(weir.exporter)).toMatchObject([{ durationMs: 60_000 }]);
 */
export class TestClock {
  #now: number;
  #lastReading = 0;
  readonly #waits = new Heap<Wait>();

  /** @param start a date, RFC 3339 or milliseconds since the epoch; default 2026-01-01T00:00:00Z */
  constructor(start: Date | string | number = "2026-01-01T00:00:00Z") {
    this.#now = new Date(start).getTime();
    if (Number.isNaN(this.#now)) {
      throw new RangeError(
        `TestClock: expected a date such as "2026-01-01T00:00:00Z", got ${JSON.stringify(start)}`,
      );
    }
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#now;
  }

  /** What the SDK reads: a moment after every earlier reading, so that no two things happen at once. */
  read(): number {
    this.#lastReading = Math.max(this.#now, this.#lastReading + BETWEEN_READINGS_MS);
    return this.#lastReading;
  }

  /**
   * Lets time pass. Waits that become due end one after the other, each at its own time, and the code behind them
   * runs on before the next. With no wait due, time has passed when the call returns.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`advance: expected milliseconds from 0 up, got ${ms}`);
    const until = this.#now + ms;
    for (let wait = this.#nextDue(until); wait !== undefined; wait = this.#nextDue(until)) {
      this.#now = Math.max(this.#now, wait.at);
      wait.wake();
      await setImmediate();
    }
    this.#now = Math.max(this.#now, until);
  }

  /**
   * A wait that ends when the clock has been advanced so far. Hand it to the code under test in place of its own.
   *
   * @param signal ends the wait early, by rejecting with its reason
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const alarm = this.after(ms, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      const abort = () => {
        alarm.cancel();
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** The same as a call: `ring` is called when the clock has been advanced so far. */
  after(ms: number, ring: () => void): { cancel(): void } {
    const waits = this.#waits;
    const wait: Wait & { cancel(): void } = {
      at: this.#now + Math.max(0, ms),
      index: -1,
      order: 0,
      wake: ring,
      cancel: () => waits.remove(wait),
    };
    waits.add(wait);
    return wait;
  }

  #nextDue(until: number): Wait | undefined {
    const next = this.#waits.first();
    if (next === undefined || next.at > until) return undefined;
    this.#waits.remove(next);
    return next;
  }
}
