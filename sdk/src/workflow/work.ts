/** What a user's function gets besides the state: the one piece of work that it does. */
import { type Alarm, type RunClock, timeoutError } from "../run/index.ts";

/** What a step's function gets beside the state: the one attempt that it is. */
export interface Work {
  /** Aborted when the run is stopped or cancelled, the time is over, or what it does is wanted no more. Pass it on. */
  readonly signal: AbortSignal;
  /** From 1. */
  readonly attempt: number;
  readonly runId: string;
  readonly tenant: string;
}

export class WorkContext implements Work {
  readonly attempt: number;
  readonly runId: string;
  readonly tenant: string;
  #controller: AbortController | undefined;
  #alarm: Alarm | undefined;
  /** Once it was aborted. */
  #aborted: { readonly reason: unknown } | undefined;

  constructor(attempt: number, runId: string, tenant: string) {
    this.attempt = attempt;
    this.runId = runId;
    this.tenant = tenant;
  }

  /** Made when first asked for: most work heeds none. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  /** Nobody waits for it any more. */
  get isOver(): boolean {
    return this.#aborted !== undefined;
  }

  /** Aborts it after so long, and says so. A pause does not stop this time: the work goes on too. */
  limit(clock: RunClock, ms: number, what: string, over: (error: DOMException) => void): void {
    this.#alarm = clock.after(ms, () => {
      const error = timeoutError(`${what}: expected an end within ${ms} ms, got none`);
      this.abort(error);
      over(error);
    });
  }

  abort(reason: unknown): void {
    this.end();
    if (this.#aborted !== undefined) return;
    this.#aborted = { reason };
    this.#controller?.abort(reason);
  }

  /** It has come to its end by itself. */
  end(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
  }
}

/** @param option names it, in messages @throws {RangeError} */
export function checkTimeout(what: string, timeout: unknown, option = "timeout"): void {
  if (timeout === undefined) return;
  if (!(typeof timeout === "number" && timeout > 0 && Number.isFinite(timeout)))
    throw new RangeError(`${what}: expected ${option} to be milliseconds above 0, got ${String(timeout)}`);
}
