/**
 * What ended in a run lately. It is kept with the run, for a process may die with it unsent; who takes the run over says it
 * again, and a step that is said twice is one step.
 */
import type { EndStatus } from "../attributes.ts";
import { sayUnitAgain, type UnitSeen } from "../run/index.ts";
import type { Opened } from "./seen.ts";

export interface RecentEnd extends UnitSeen {
  readonly status: EndStatus;
  /** In words: an error of the user's may not be one that can be kept. */
  readonly error?: string | undefined;
  /** Milliseconds since the epoch, like the other. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** What ended longer ago has been sent, or never will be. */
const RECENT_MS = 10_000;
/** Of more at once the oldest are left out. */
const MAX = 32;

export class RecentEnds {
  readonly #now: () => number;
  #ends: RecentEnd[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** To be kept. */
  list(): RecentEnd[] {
    const since = this.#now() - RECENT_MS;
    this.#ends = this.#ends.filter(({ endedAt }) => endedAt > since);
    return this.#ends;
  }

  /** The step, whose end is noted here too. */
  noting(unit: UnitSeen, opened: Opened): Opened {
    const startedAt = this.#now();
    let isOver = false;
    const note = (status: EndStatus, error?: unknown) => {
      if (isOver) return;
      isOver = true;
      const words = error === undefined ? undefined : String(error instanceof Error ? error.message : error);
      this.#ends.push({ ...unit, status, error: words, startedAt, endedAt: this.#now() });
      if (this.#ends.length > MAX) this.#ends.shift();
    };
    return {
      run: (fn) => opened.run(fn),
      end() {
        note("succeeded");
        opened.end();
      },
      fail(error) {
        note("failed", error);
        opened.fail(error);
      },
      cancel(reason) {
        note("cancelled", reason);
        opened.cancel(reason);
      },
    };
  }
}

/** Called in the flow of the run. */
export function sayEndsAgain(ends: readonly RecentEnd[]): void {
  for (const end of ends) sayUnitAgain(end, undefined);
}
