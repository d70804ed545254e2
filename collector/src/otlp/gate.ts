/**
 * How much may be in hand at once: bodies that are arriving, being read, or waiting to be durable. Whoever comes on
 * top of that is told to come again, before the body is read where its length is known: memory stays bounded however
 * many senders there are, and whatever they send.
 */
import { type ErrorCode, WeirError } from "../errors.ts";

const MIB = 1024 * 1024;

export interface GateOptions {
  /** Bytes in hand. One body that is larger is still taken when it comes alone. Default 64 MiB. */
  maxBytes?: number;
  /** Milliseconds that the oldest may have waited for the store before no more are taken. Default 5,000. */
  maxWaitMs?: number;
  /** Milliseconds, from any start. */
  now?: () => number;
}

/** What one request has in hand. */
export interface Ticket {
  /** More bytes than was known. @throws {WeirError} `overloaded` */
  grow(bytes: number): void;
  /** Its body is read: from now on it waits for the store. */
  handOver(): void;
  /** It is answered, or its sender has gone; more than once does nothing. */
  leave(): void;
}

export interface GateFigures {
  requests: number;
  bytes: number;
  /** How long the oldest waits for the store. */
  waitMs: number;
  /** Requests that were sent back to be sent again, by the code they were told. */
  refused: ReadonlyMap<ErrorCode, number>;
}

export class Gate {
  readonly #maxBytes: number;
  readonly #maxWaitMs: number;
  readonly #now: () => number;
  readonly #refused = new Map<ErrorCode, number>();
  /** In the order in which they were handed over, with the time of that. */
  readonly #waiting = new Map<Ticket, number>();
  #requests = 0;
  #bytes = 0;

  constructor({ maxBytes = 64 * MIB, maxWaitMs = 5_000, now = () => performance.now() }: GateOptions = {}) {
    this.#maxBytes = maxBytes;
    this.#maxWaitMs = maxWaitMs;
    this.#now = now;
  }

  /**
   * @param bytes of the body, as far as they are known.
   * @throws {WeirError} `overloaded`
   */
  enter(bytes: number): Ticket {
    this.#checkRoom(bytes);
    const waitMs = this.#waitMs();
    if (waitMs > this.#maxWaitMs) {
      throw overloaded(`the store has kept requests waiting for ${(waitMs / 1000).toFixed(1)} s`);
    }
    let held = bytes;
    let gone = false;
    this.#requests += 1;
    this.#bytes += bytes;
    const ticket: Ticket = {
      grow: (more) => {
        if (gone) return;
        this.#checkRoom(more, held);
        held += more;
        this.#bytes += more;
      },
      handOver: () => {
        if (!gone) this.#waiting.set(ticket, this.#now());
      },
      leave: () => {
        if (gone) return;
        gone = true;
        this.#waiting.delete(ticket);
        this.#requests -= 1;
        this.#bytes -= held;
      },
    };
    return ticket;
  }

  /** Counts a request that was told to come again, by whomever. */
  countRefused(code: ErrorCode): void {
    this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1);
  }

  figures(): GateFigures {
    return {
      requests: this.#requests,
      bytes: this.#bytes,
      waitMs: this.#waitMs(),
      refused: this.#refused,
    };
  }

  /** `own`: what the request holds already; alone it may be as large as a body may be. */
  #checkRoom(more: number, own = 0): void {
    if (this.#bytes > own && this.#bytes + more > this.#maxBytes) {
      throw overloaded(`expected at most ${this.#maxBytes} bytes of requests at a time`);
    }
  }

  #waitMs(): number {
    const [oldest] = this.#waiting.values();
    return oldest === undefined ? 0 : this.#now() - oldest;
  }
}

function overloaded(why: string): WeirError {
  return new WeirError("overloaded", `more comes in than can be stored: ${why}; send it again later`);
}
