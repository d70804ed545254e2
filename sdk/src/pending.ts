/**
 * Makes open spans visible: OpenTelemetry sends a span when it ends, and people ask about those that have not.
 * What is still open at the next tick is announced by a copy of its own span id that starts and ends at the real
 * start. A span that ends before the tick costs nothing more than itself.
 */
import { clearTimeout, setTimeout } from "node:timers";
import type { Attributes, Context } from "@opentelemetry/api";
import type { OpenSpan } from "./runtime.ts";

/** An open span, as it was started. */
export interface Announceable {
  readonly name: string;
  readonly attributes: Attributes;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly span: OpenSpan | undefined;
  /** A context that holds the open span: the copy is its child. */
  parent(): Context;
}

export class Pending {
  readonly #announce: (open: Announceable) => void;
  readonly #delayMs: number;
  readonly #announced: () => void;
  readonly #waiting = new Set<Announceable>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param announce makes the copy of one
   * @param announced is called when copies were made: people wait for them, so they should not wait for company
   */
  constructor(announce: (open: Announceable) => void, delayMs: number, announced: () => void) {
    this.#announce = announce;
    this.#delayMs = delayMs;
    this.#announced = announced;
  }

  add(open: Announceable): void {
    this.#waiting.add(open);
    this.#timer ??= setTimeout(this.#tick, this.#delayMs).unref();
  }

  remove(open: Announceable): void {
    this.#waiting.delete(open);
  }

  /** Announces what is open and has not been announced, without waiting for the tick. */
  announce(): void {
    if (this.#waiting.size === 0) return;
    for (const open of this.#waiting) this.#announce(open);
    this.#waiting.clear();
    this.#announced();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting.clear();
  }

  #tick = (): void => {
    this.#timer = undefined;
    this.announce();
  };
}
