/** The leases of the runs that are in this process, renewed together by one timer. */
import { diagnose } from "../diagnostics.ts";
import { describeError } from "../errors.ts";
import type { RunClock } from "./clock.ts";
import type { Journal, Lease } from "./journal.ts";

export interface Leaseholder {
  /** Another process has the run. */
  lost(): void;
  /** Someone wants the run to stop. */
  cancelled(reason: string): void;
}

/** So often in its time a lease is renewed: one renewal may fail, and the next is in time. */
const RENEWALS = 3;

export class Leases {
  readonly #journal: Journal;
  readonly #clock: RunClock;
  readonly #leaseMs: number;
  readonly #held = new Map<Lease, Leaseholder>();
  #timer: AbortController | undefined;

  constructor(journal: Journal, clock: RunClock, leaseMs: number) {
    this.#journal = journal;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  /** Renews it until the function that it returns is called, or it is lost. */
  add(lease: Lease, holder: Leaseholder): () => void {
    this.#held.set(lease, holder);
    if (this.#timer === undefined) void this.#beat();
    return () => this.#remove(lease);
  }

  #remove(lease: Lease): void {
    this.#held.delete(lease);
    if (this.#held.size > 0) return;
    this.#timer?.abort();
    this.#timer = undefined;
  }

  async #beat(): Promise<void> {
    const timer = new AbortController();
    this.#timer = timer;
    while (!timer.signal.aborted) {
      try {
        await this.#clock.sleep(this.#leaseMs / RENEWALS, timer.signal);
        await this.#renew();
      } catch (error) {
        if (timer.signal.aborted) return;
        // A lease that is not renewed stays good until someone else claims the run.
        const { type, message } = describeError(error);
        diagnose("leases", `leases could not be renewed: ${type}: ${message}`, this.#journal.name);
      }
    }
  }

  async #renew(): Promise<void> {
    const leases = [...this.#held.keys()];
    const states = await this.#journal.renew(leases, this.#leaseMs);
    for (const [at, { state, cancelReason }] of states.entries()) {
      const lease = leases[at] as Lease;
      const holder = this.#held.get(lease);
      if (state === "lost") this.#remove(lease);
      if (state === "lost") holder?.lost();
      else if (cancelReason !== undefined) holder?.cancelled(cancelReason);
    }
  }
}
