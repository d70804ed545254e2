/** Says in the log that requests are sent back: under overload that is thousands a second, so only now and then. */
import type { FastifyBaseLogger } from "fastify";
import type { WeirError } from "../errors.ts";

export type Log = Pick<FastifyBaseLogger, "warn" | "error">;

const EVERY_MS = 10_000;

export class Complaints {
  readonly #now: () => number;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #unsaid = 0;

  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  about(error: WeirError, log: Log): void {
    const at = this.#now();
    if (at < this.#quietUntil) {
      this.#unsaid += 1;
      return;
    }
    log.warn({ err: error, unsaid: this.#unsaid }, "spans were sent back, to be sent again");
    this.#quietUntil = at + EVERY_MS;
    this.#unsaid = 0;
  }
}
