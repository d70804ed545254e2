/** One timer that stands still in a pause: afterwards it waits for the rest. */
import type { Alarm, RunClock } from "../run/index.ts";

export class Timer {
  readonly #clock: RunClock;
  #alarm: Alarm | undefined;
  #ring: (() => void) | undefined;
  /** When it rings; in a pause, how long it had still to go. */
  #due = 0;

  constructor(clock: RunClock) {
    this.#clock = clock;
  }

  /** @param ms from now, or from the end of the pause on */
  arm(ms: number, ring: () => void, paused: boolean): void {
    this.disarm();
    this.#ring = ring;
    this.#due = paused ? ms : this.#clock.now() + ms;
    if (!paused) this.#set(ms, ring);
  }

  disarm(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    this.#ring = undefined;
  }

  pause(): void {
    if (this.#ring === undefined) return;
    this.#alarm?.cancel();
    this.#alarm = undefined;
    this.#due = Math.max(0, this.#due - this.#clock.now());
  }

  resume(): void {
    if (this.#ring === undefined) return;
    const rest = this.#due;
    this.#due = this.#clock.now() + rest;
    this.#set(rest, this.#ring);
  }

  /** How long it has still to go; `undefined` where it is not armed. */
  rest(paused: boolean): number | undefined {
    if (this.#ring === undefined) return undefined;
    return Math.max(0, paused ? this.#due : this.#due - this.#clock.now());
  }

  #set(ms: number, ring: () => void): void {
    this.#alarm = this.#clock.after(ms, () => {
      this.#alarm = undefined;
      this.#ring = undefined;
      ring();
    });
  }
}
