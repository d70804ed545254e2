/**
 * Whose turn it is. All runs of a process share it: each goes on until it waits, and after a few milliseconds of work the
 * rest waits until the event loop has been round, so that a `repeat` which never waits does not starve the process.
 */

/** What has turns. */
export interface Advancing {
  /** Goes on until it waits, has ended, or the time is over. @returns whether there is more to do at once */
  advance(until: number): boolean;
}

/** Of the event loop's time, in one go. */
const SLICE_MS = 5;

class Scheduler {
  #ready: Advancing[] = [];
  #isDue = false;
  #isAdvancing = false;

  /** Some run is being advanced further up the stack. */
  get isAdvancing(): boolean {
    return this.#isAdvancing;
  }

  /** Soon, not before the caller has gone on. */
  add(run: Advancing): void {
    this.#ready.push(run);
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(this.#turn);
  }

  /** At once, where nothing is being advanced; else soon. */
  advance(run: Advancing): void {
    if (this.#isAdvancing || this.#go(run, performance.now() + SLICE_MS)) this.add(run);
  }

  #go(run: Advancing, until: number): boolean {
    this.#isAdvancing = true;
    try {
      return run.advance(until);
    } finally {
      this.#isAdvancing = false;
    }
  }

  #turn = (): void => {
    const turn = this.#ready;
    this.#ready = [];
    const until = performance.now() + SLICE_MS;
    let done = 0;
    for (const run of turn) {
      done += 1;
      if (this.#go(run, until)) this.#ready.push(run);
      if (performance.now() >= until) break;
    }
    if (done < turn.length) this.#ready = turn.slice(done).concat(this.#ready);
    this.#isDue = this.#ready.length > 0;
    if (this.#isDue) setImmediate(this.#turn);
  };
}

export const scheduler = new Scheduler();
