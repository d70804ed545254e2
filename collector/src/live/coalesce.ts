/** Many changes to one flow within a moment become one: the flow as it is at the end, each step once. */
import { type FlowSummary, keyText, type Step } from "../flow.ts";
import type { FlowChange } from "../store.ts";

interface Pending {
  flow: FlowSummary;
  steps: Map<string, Step>;
}

/**
 * Gathers changes and hands them over at most every `delayMs`: the first after a quiet time at once, so that one
 * who watches does not wait. Sooner when `most` flows have changed.
 */
export class Coalescer {
  readonly #delayMs: number;
  readonly #most: number;
  readonly #flush: (changes: FlowChange[]) => void;
  #pending = new Map<string, Pending>();
  #timer: NodeJS.Timeout | undefined;
  #flushedAt = Number.NEGATIVE_INFINITY;

  constructor(delayMs: number, most: number, flush: (changes: FlowChange[]) => void) {
    this.#delayMs = delayMs;
    this.#most = most;
    this.#flush = flush;
  }

  add(changes: FlowChange[]): void {
    for (const { flow, steps } of changes) {
      const key = keyText(flow);
      const pending = this.#pending.get(key) ?? { flow, steps: new Map() };
      pending.flow = flow;
      for (const step of steps) pending.steps.set(step.id, step);
      this.#pending.set(key, pending);
    }
    if (this.#pending.size >= this.#most) this.flush();
    else if (this.#pending.size > 0) this.#timer ??= setTimeout(() => this.flush(), this.#wait()).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushedAt = performance.now();
    const pending = this.#pending;
    this.#pending = new Map();
    if (pending.size > 0) {
      this.#flush([...pending.values()].map(({ flow, steps }) => ({ flow, steps: [...steps.values()] })));
    }
  }

  #wait(): number {
    return Math.max(0, this.#flushedAt + this.#delayMs - performance.now());
  }
}
