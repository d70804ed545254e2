/** How a graph is closed: nothing more begins, what is here is given time to leave, and what stays is cut off. */
import { abortError, type RunClock } from "../run/index.ts";
import { GraphClosed } from "./errors/graph-closed.ts";
import { JobLeft } from "./errors/job-left.ts";
import type { JobRun } from "./job-run.ts";

export interface ClosingOptions {
  /** Of the graph. */
  readonly name: string;
  readonly clock: RunClock;
  /** Milliseconds for handlers that were told to stop. */
  readonly stopGrace: number;
  /** The jobs of this process, by id. */
  readonly running: ReadonlyMap<string, JobRun>;
}

/** How long a journal has to take jobs back. */
const GIVE_BACK_MS = 1000;

export class Closing {
  readonly #options: ClosingOptions;
  /** What is under way and may bring a job here: looks into the journal, workers that stop. */
  readonly #looking = new Set<Promise<unknown>>();
  readonly #begun = new AbortController();
  readonly #cut = new AbortController();
  #done: Promise<void> | undefined;
  #whenIdle: (() => void) | undefined;

  constructor(options: ClosingOptions) {
    this.#options = options;
  }

  /** Aborted when nothing more is to be begun or waited for. */
  get begun(): AbortSignal {
    return this.#begun.signal;
  }

  /** Aborted when the journal is not waited for any more. */
  get cut(): AbortSignal {
    return this.#cut.signal;
  }

  /** @throws {GraphClosed} */
  checkOpen(call: string): void {
    if (this.begun.aborted) throw new GraphClosed(this.#options.name, call);
  }

  /** What comes of a look into the journal comes here, also where the graph is closed meanwhile. */
  async looked<T>(look: Promise<T>): Promise<T> {
    this.#looking.add(look);
    try {
      return await look;
    } finally {
      this.#looking.delete(look);
      this.considerIdle();
    }
  }

  /** To be called where a job is no longer here. */
  considerIdle(): void {
    if (this.#isIdle) this.#whenIdle?.();
  }

  /**
   * Asked again it is the same close.
   *
   * @param takers brought to an end, for they bring jobs
   * @param grace milliseconds for handlers to end by themselves
   */
  async close(takers: Iterable<{ stop(): Promise<unknown> }>, grace: number): Promise<void> {
    this.#done ??= this.#close(takers, grace);
    await this.#done;
  }

  async #close(takers: Iterable<{ stop(): Promise<unknown> }>, grace: number): Promise<void> {
    const { name, running, stopGrace } = this.#options;
    this.#begun.abort(new GraphClosed(name, "wait for a job of another process"));
    for (const taker of takers) void this.looked(taker.stop());
    for (const job of running.values()) job.leave();
    if (!(await this.#idleWithin(grace))) {
      for (const job of running.values()) job.interrupt(abortError("the graph was closed"));
      await this.#idleWithin(stopGrace + GIVE_BACK_MS);
    }
    // What the journal did not take back goes on elsewhere when its lease has run out.
    this.#cut.abort();
    for (const job of [...running.values()]) job.lost(new JobLeft(job.id));
  }

  get #isIdle(): boolean {
    return this.#options.running.size === 0 && this.#looking.size === 0;
  }

  /** @returns whether no job is here any more, and none can come */
  async #idleWithin(ms: number): Promise<boolean> {
    if (this.#isIdle) return true;
    const timer = new AbortController();
    const idle = new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
    await Promise.race([idle, this.#options.clock.sleep(ms, timer.signal).catch(() => {})]);
    timer.abort();
    return this.#isIdle;
  }
}
