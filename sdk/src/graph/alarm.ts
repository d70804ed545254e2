/** One timer, for a time that may change before it comes. */
import type { RunClock } from "../run/index.ts";

export class Alarm {
  readonly #clock: RunClock;
  readonly #ring: () => void;
  #timer: AbortController | undefined;
  #at = Number.POSITIVE_INFINITY;

  constructor(clock: RunClock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** @param at milliseconds since the epoch; infinity: not at all */
  set(at: number): void {
    if (at === this.#at) return;
    this.#timer?.abort();
    this.#timer = undefined;
    this.#at = at;
    if (at === Number.POSITIVE_INFINITY) return;
    const timer = new AbortController();
    this.#timer = timer;
    this.#clock.sleep(at - this.#clock.now(), timer.signal).then(
      () => {
        this.#at = Number.POSITIVE_INFINITY;
        this.#ring();
      },
      () => {},
    );
  }

  stop(): void {
    this.set(Number.POSITIVE_INFINITY);
  }
}
