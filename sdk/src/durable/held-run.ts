/** A run that someone in this process waits for, wherever it runs. */
import type { EndStatus, Status } from "../attributes.ts";
import type { Execution } from "./execution.ts";
import type { RunDetails } from "./handle.ts";
import type { Steering } from "./run-promise.ts";

/** Where the run is kept. */
export interface Keeper {
  cancel(run: HeldRun, reason: unknown): Promise<void>;
  send(runId: string, name: string, value: unknown): Promise<void>;
  details(run: HeldRun): Promise<RunDetails>;
}

export class HeldRun implements Steering {
  readonly id: string;
  readonly #keeper: Keeper;
  readonly #ended = Promise.withResolvers<unknown>();
  /** While it is in this process, and without a journal for ever. */
  execution: Execution | undefined;
  /** Resolves when it is kept: what is asked of it before has to wait. */
  begun: Promise<void> = Promise.resolve();
  #status: Status = "running";

  constructor(id: string, keeper: Keeper) {
    this.id = id;
    this.#keeper = keeper;
    // The handles tell; this one is nobody's.
    this.#ended.promise.catch(() => {});
  }

  get status(): Status {
    return this.#status;
  }

  get ended(): Promise<unknown> {
    return this.#ended.promise;
  }

  /** @param value the result, or the error */
  end(status: EndStatus, value: unknown): void {
    this.#status = status;
    if (status === "succeeded") this.#ended.resolve(value);
    else this.#ended.reject(value);
  }

  /** Nothing more will be known of it here. */
  giveUp(error: unknown): void {
    this.#ended.reject(error);
  }

  async cancel(reason: unknown): Promise<void> {
    await this.begun;
    await this.#keeper.cancel(this, reason);
  }

  async send(name: string, value: unknown): Promise<void> {
    await this.begun;
    await this.#keeper.send(this.id, name, value);
  }

  async details(): Promise<RunDetails> {
    await this.begun;
    return await this.#keeper.details(this);
  }
}
