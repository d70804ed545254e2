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
  /** Its place among those that wait to be announced, or -1. `Pending` alone sets it. */
  place: number;
  /** A context that holds the open span: the copy is its child. */
  parent(): Context;
}

export class Pending {
  readonly #announce: (open: Announceable) => void;
  readonly #delayMs: number;
  readonly #announced: () => void;
  /**
   * In the order in which they were opened, with gaps. No `Set`: one that is added to and deleted from makes a new table
   * now and then, to which the one before points, and so all of them outlive the collections of young garbage.
   */
  readonly #waiting: (Announceable | undefined)[] = [];
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
    open.place = this.#waiting.push(open) - 1;
    this.#timer ??= setTimeout(this.#tick, this.#delayMs).unref();
  }

  remove(open: Announceable): void {
    if (open.place === -1) return;
    this.#waiting[open.place] = undefined;
    open.place = -1;
    while (this.#waiting.length > 0 && this.#waiting.at(-1) === undefined) this.#waiting.pop();
  }

  /** Announces what is open and has not been announced, without waiting for the tick. */
  announce(): void {
    if (this.#waiting.length === 0) return;
    for (const open of this.#takeAll()) this.#announce(open);
    this.#announced();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#takeAll();
  }

  #takeAll(): Announceable[] {
    const all = this.#waiting.filter((open) => open !== undefined);
    for (const open of all) open.place = -1;
    this.#waiting.length = 0;
    return all;
  }

  #tick = (): void => {
    this.#timer = undefined;
    this.announce();
  };
}
