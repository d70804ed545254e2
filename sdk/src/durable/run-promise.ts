/** The handle of a run: a promise of its result that knows its run. */
import type { Status } from "../attributes.ts";
import { ScopeDisposed } from "./errors/scope-disposed.ts";
import type { RunDetails, RunHandle } from "./handle.ts";

/** What a handle asks of its run. */
export interface Steering {
  readonly id: string;
  readonly status: Status;
  /** Of the result. */
  readonly ended: Promise<unknown>;
  cancel(reason: string): Promise<void>;
  send(name: string, value: unknown): Promise<void>;
  details(): Promise<RunDetails>;
}

export class RunPromise<Output> extends Promise<Output> implements RunHandle<Output> {
  readonly #run: Steering;

  /** What `then` gives is a promise like any other. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  constructor(run: Steering) {
    super((resolve, reject) => {
      run.ended.then((value) => resolve(value as Output), reject);
    });
    this.#run = run;
    // That a run goes on elsewhere is no failure that nobody heard of.
    run.ended.catch((error: unknown) => {
      if (error instanceof ScopeDisposed) this.catch(() => {});
    });
  }

  get id(): string {
    return this.#run.id;
  }

  get status(): Status {
    return this.#run.status;
  }

  get result(): Promise<Output> {
    return this;
  }

  async cancel(reason = "cancelled"): Promise<void> {
    // Who cancels knows that it will reject.
    this.catch(() => {});
    await this.#run.cancel(reason);
  }

  async send(name: string, value?: unknown): Promise<void> {
    await this.#run.send(name, value);
  }

  async details(): Promise<RunDetails> {
    return await this.#run.details();
  }
}
