/** Turns of the event loop: however fast deliveries follow each other, timers and sockets of the process get theirs. */
import { setImmediate as nextTurn } from "node:timers";

/** How long deliveries are handled in one go, in milliseconds. */
const TURN_MS = 10;
/** So often the time is looked at. */
const LOOK_EVERY = 64;

export class Turns {
  #count = 0;
  #until = 0;
  #resting = false;

  get resting(): boolean {
    return this.#resting;
  }

  /** Asked before each delivery. @param goOn called in the next turn, where this one is over @returns whether it is */
  over(goOn: () => void): boolean {
    this.#count += 1;
    if (this.#count < LOOK_EVERY) return false;
    this.#count = 0;
    if (performance.now() < this.#until) return false;
    this.#resting = true;
    nextTurn(() => {
      this.#resting = false;
      this.#until = performance.now() + TURN_MS;
      goOn();
    });
    return true;
  }
}
