/**
 * How much may be in hand at once: bodies that are arriving, waiting for their turn, or on their way to the disk.
 * Whoever comes on top of that is told to come again: memory stays bounded however many senders there are.
 *
 * Of what is in hand, a little at a time is decoded and stored: decoded spans take several times the room of their
 * body, and between two turns the process gets to answer questions, however long the queue is.
 */
import { type ErrorCode, WeirError } from "../errors.ts";

const MIB = 1024 * 1024;

export interface GateOptions {
  /** Bytes in hand. One body that is larger is still taken when it comes alone. Default 64 MiB. */
  maxBytes?: number;
  /** Bytes whose turn it is at the same time, or one body that is larger. They share a commit. Default 1 MiB. */
  turnBytes?: number;
  /** Milliseconds that the oldest may have waited to be durable before no more are taken. Default 5,000. */
  maxWaitMs?: number;
  /** Milliseconds, from any start. */
  now?: () => number;
}

/** What one request has in hand. */
export interface Ticket {
  /** More bytes than was known. @throws {WeirError} `overloaded` */
  grow(bytes: number): void;
  /**
   * Its body is there: resolves when it may be decoded and stored. After that, `leave` has to be called.
   *
   * @throws {WeirError} `overloaded` where the sender has gone meanwhile: it will send the same again.
   */
  turn(): Promise<void>;
  /** The sender has gone. */
  abandon(): void;
  /** It is durable, or refused. */
  leave(): void;
}

export interface GateFigures {
  requests: number;
  bytes: number;
  /** How long the oldest has waited to be durable, from when its body was there. */
  waitMs: number;
  /** Requests that were sent back to be sent again, by the code they were told. */
  refused: ReadonlyMap<ErrorCode, number>;
}

export class Gate {
  readonly #maxBytes: number;
  readonly #maxWaitMs: number;
  readonly #now: () => number;
  readonly #refused = new Map<ErrorCode, number>();
  /** Since when each waits to be durable, the oldest first. */
  readonly #since = new Map<Ticket, number>();
  readonly #queue: { bytes: number; go: () => void }[] = [];
  readonly #turnBytes: number;
  #turnsUnderWay = 0;
  #bytesUnderWay = 0;
  #requests = 0;
  #bytes = 0;

  constructor(options: GateOptions = {}) {
    const {
      maxBytes = 64 * MIB,
      turnBytes = MIB,
      maxWaitMs = 5_000,
      now = () => performance.now(),
    } = options;
    this.#turnBytes = turnBytes;
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
    let state: "arriving" | "waiting" | "going" | "gone" = "arriving";
    let abandoned = false;
    this.#requests += 1;
    this.#bytes += bytes;
    const ticket: Ticket = {
      grow: (more) => {
        this.#checkRoom(more, held);
        held += more;
        this.#bytes += more;
      },
      turn: async () => {
        state = "waiting";
        this.#since.set(ticket, this.#now());
        if (!this.#fits(held)) {
          await new Promise<void>((go) => this.#queue.push({ bytes: held, go }));
        } else this.#begin(held);
        state = "going";
        if (abandoned) throw overloaded("the sender has gone before its turn");
      },
      abandon: () => {
        abandoned = true;
        if (state === "arriving") ticket.leave();
      },
      leave: () => {
        if (state === "gone") return;
        this.#since.delete(ticket);
        this.#requests -= 1;
        this.#bytes -= held;
        if (state === "going") this.#end(held);
        state = "gone";
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

  #fits(bytes: number): boolean {
    return this.#turnsUnderWay === 0 || this.#bytesUnderWay + bytes <= this.#turnBytes;
  }

  #begin(bytes: number): void {
    this.#turnsUnderWay += 1;
    this.#bytesUnderWay += bytes;
  }

  #end(bytes: number): void {
    this.#turnsUnderWay -= 1;
    this.#bytesUnderWay -= bytes;
    // All that fits, so that they can share a commit.
    for (let next = this.#queue[0]; next !== undefined && this.#fits(next.bytes); next = this.#queue[0]) {
      this.#queue.shift();
      this.#begin(next.bytes);
      next.go();
    }
  }

  #waitMs(): number {
    const [oldest] = this.#since.values();
    return oldest === undefined ? 0 : this.#now() - oldest;
  }
}

function overloaded(why: string): WeirError {
  return new WeirError("overloaded", `more comes in than can be stored: ${why}; send it again later`);
}
