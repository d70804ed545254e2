import type { FlowChange } from "../store.ts";
import { ChangesByFlow } from "./changes-by-flow.ts";

/**
 * Gathers changes and hands them over at most every `delayMs`: the first after a quiet time at once, so that one
 * who watches does not wait. Sooner when `most` flows have changed.
 */
export class Coalescer {
  readonly #delayMs: number;
  readonly #most: number;
  readonly #flush: (changes: FlowChange[]) => void;
  readonly #pending = new ChangesByFlow();
  #timer: NodeJS.Timeout | undefined;
  #flushedAt = Number.NEGATIVE_INFINITY;

  constructor(delayMs: number, most: number, flush: (changes: FlowChange[]) => void) {
    this.#delayMs = delayMs;
    this.#most = most;
    this.#flush = flush;
  }

  add(changes: FlowChange[]): void {
    this.#pending.add(changes);
    if (this.#pending.size >= this.#most) this.flush();
    else if (this.#pending.size > 0) this.#timer ??= setTimeout(() => this.flush(), this.#wait()).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushedAt = performance.now();
    if (this.#pending.size > 0) this.#flush(this.#pending.take());
  }

  #wait(): number {
    return Math.max(0, this.#flushedAt + this.#delayMs - performance.now());
  }
}
