/** The work that a scope waits for before it closes what the work uses. */
import { setTimeout as realSleep } from "node:timers/promises";
import { GraceOver } from "./errors/grace-over.ts";

export interface Work {
  /** For the message where it does not end. */
  readonly name: string;
  /** Fulfilled or rejected when it is over. */
  readonly done: Promise<unknown>;
  cancel(reason: unknown): void;
}

/** How to wait; `TestClock` of `@weir/sdk/testing` is one. */
export interface Sleeper {
  /** @param signal ends the wait early, by rejecting */
  sleep(ms: number, signal: AbortSignal): Promise<unknown>;
}

const REAL_TIME: Sleeper = { sleep: (ms, signal) => realSleep(ms, undefined, { signal }) };

/** How long work may take to end once it was cancelled. */
const CANCEL_MS = 1000;

export class InFlight {
  readonly #work = new Set<Work>();
  readonly #clock: Sleeper;

  constructor(clock = REAL_TIME) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#work.size;
  }

  /** From now until it is done, `drain` waits for it. */
  add(work: Work): void {
    this.#work.add(work);
    const remove = () => void this.#work.delete(work);
    work.done.then(remove, remove);
  }

  /**
   * Waits until nothing is in flight, also for what begins meanwhile. After `grace` milliseconds what is left is
   * cancelled with `reason`, and has a second more.
   *
   * @throws {GraceOver} of what did not end even then
   */
  async drain(grace: number, reason: unknown): Promise<void> {
    if (await this.#emptyWithin(grace)) return;
    for (const work of this.#work) work.cancel(reason);
    if (await this.#emptyWithin(CANCEL_MS)) return;
    throw new GraceOver(
      [...this.#work].map((work) => work.name),
      grace,
    );
  }

  async #emptyWithin(ms: number): Promise<boolean> {
    const timer = new AbortController();
    let over = false;
    const wait = this.#clock.sleep(ms, timer.signal).then(
      () => {
        over = true;
      },
      () => {},
    );
    while (this.#work.size > 0 && !over) {
      await Promise.race([wait, Promise.allSettled([...this.#work].map((work) => work.done))]);
    }
    timer.abort();
    return this.#work.size === 0;
  }
}
