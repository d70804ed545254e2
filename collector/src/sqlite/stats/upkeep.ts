/** Keeps what is counted and found in a file up beside its traffic, in pieces: adds up what was written down, fills in what is new. */

import type { StatsLog } from "./log.ts";
import type { RollUp } from "./roll-up.ts";

/** What is written down meanwhile is read by every question, so it is not left to grow. */
const MOST_BYTES = 3 * 1024 * 1024;
/** The more there is of it at once, the less it costs. */
const EVERY_MS = 30_000;
/** The share of the time that catching up takes, however much there is of it. */
const SHARE = 0.1;
/** After a piece that could not be written: the disk may be full, or another program hold the file. */
const AGAIN_MS = 10_000;

export interface UpkeepParts {
  rollUp: RollUp;
  /** Does a piece. @returns whether there is more. */
  catchUpSearch: () => boolean;
  log: StatsLog;
}

export class Upkeep {
  readonly #rollUp: RollUp;
  readonly #catchUpSearch: () => boolean;
  readonly #log: StatsLog;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor({ rollUp, catchUpSearch, log }: UpkeepParts) {
    this.#rollUp = rollUp;
    this.#catchUpSearch = catchUpSearch;
    this.#log = log;
  }

  /** To be called when the file is opened, and after each commit. */
  look(): void {
    this.#within(this.#log.written > MOST_BYTES ? 0 : EVERY_MS);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #within(ms: number): void {
    const dueAt = performance.now() + ms;
    if (this.#stopped || dueAt >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => this.#work(), ms).unref();
  }

  #work(): void {
    this.#dueAt = Number.POSITIVE_INFINITY;
    const started = performance.now();
    try {
      const more = this.#rollUp.addUp() || this.#rollUp.catchUp() || this.#catchUpSearch();
      if (more) this.#within((performance.now() - started) / SHARE);
    } catch {
      // Whoever appends is told what is wrong with the file; nothing is lost, it is only added up later.
      this.#within(AGAIN_MS);
    }
  }
}
