/** Takes runs from a journal as they become due, so many at once. One timer serves all that sleep. */
import { diagnose } from "../diagnostics.ts";
import { describeError } from "../errors.ts";
import type { RunClock } from "./clock.ts";
import type { Claim, Claimed, FlowVersion, Journal } from "./journal.ts";

export interface TakerOptions {
  readonly journal: Journal;
  readonly clock: RunClock;
  readonly claim: Claim;
  /** `true`: only what someone had before. */
  readonly begunOnly: boolean;
  /** How many at once. */
  readonly concurrency: number;
  /** Resolves when the run has ended or gone back. */
  take(claimed: Claimed): Promise<void>;
}

/** Taken in one go. */
const MOST_AT_ONCE = 256;
/** After the journal could not be reached. */
const TROUBLE_MS = 1000;
/** What is due and could not be had was taken by someone else. */
const LEAST_MS = 10;

export class Taker {
  readonly #options: TakerOptions;
  readonly #flows = new Map<string, FlowVersion>();
  readonly #running = new Set<Promise<void>>();
  #unwatch: (() => void) | undefined;
  #timer: AbortController | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #stopped = false;

  constructor(options: TakerOptions) {
    this.#options = options;
  }

  /** From now on runs of this flow too. */
  add(flow: FlowVersion): void {
    const key = `${flow.version}@${flow.name}`;
    if (this.#stopped || this.#flows.has(key)) return;
    this.#flows.set(key, { name: flow.name, version: flow.version });
    this.#unwatch ??= this.#options.journal.watchDue(() => this.look());
    this.look();
  }

  /** Takes what is due. Called where something may have become due that the timer does not know of. */
  look(): void {
    this.#lookAgain = true;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
      if (this.#lookAgain && !this.#stopped) this.look();
    });
  }

  /** Takes no more. Resolves when what it has taken has ended or gone back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unwatch?.();
    this.#timer?.abort();
    await this.#looking;
    await Promise.allSettled(this.#running);
  }

  async #look(): Promise<void> {
    while (this.#lookAgain && !this.#stopped) {
      this.#lookAgain = false;
      try {
        await this.#takeDue();
      } catch (error) {
        const { type, message } = describeError(error);
        const { journal, clock } = this.#options;
        diagnose("runs-due", `runs that are due could not be taken: ${type}: ${message}`, journal.name);
        this.#arm(clock.now() + TROUBLE_MS);
      }
    }
  }

  async #takeDue(): Promise<void> {
    const { journal, clock, claim, begunOnly, concurrency } = this.#options;
    const limit = Math.min(concurrency - this.#running.size, MOST_AT_ONCE);
    // The end of a run looks again.
    if (limit <= 0) return;
    const filter = { flows: [...this.#flows.values()], begunOnly };
    const claimed = await journal.claimDue({ ...claim, ...filter, limit });
    for (const each of claimed) this.#take(each);
    if (claimed.length === limit) {
      this.#lookAgain = true;
      return;
    }
    const next = await journal.nextDue(filter);
    this.#arm(next === undefined ? undefined : Math.max(next, clock.now() + LEAST_MS));
  }

  #take(claimed: Claimed): void {
    const run = this.#options.take(claimed).finally(() => {
      this.#running.delete(run);
      if (!this.#stopped) this.look();
    });
    this.#running.add(run);
  }

  #arm(at: number | undefined): void {
    this.#timer?.abort();
    this.#timer = undefined;
    if (at === undefined || this.#stopped) return;
    const timer = new AbortController();
    this.#timer = timer;
    const { clock } = this.#options;
    clock.sleep(at - clock.now(), timer.signal).then(
      () => this.look(),
      () => {},
    );
  }
}
