/** The flows last written, kept so that the next span of one needs no read. Bounded by flows and by steps. */
import type { FlowInHand } from "./flow-rows.ts";

const MOST_FLOWS = 10_000;
const MOST_STEPS = 200_000;

export class HotFlows {
  readonly #flows = new Map<string, { flow: FlowInHand; steps: number }>();
  #steps = 0;

  get(name: string): FlowInHand | undefined {
    return this.#flows.get(name)?.flow;
  }

  /** The flow becomes the most recent; the least recent make room. */
  set(name: string, flow: FlowInHand): void {
    this.#drop(name);
    const steps = flow.state.steps.size + 1;
    this.#flows.set(name, { flow, steps });
    this.#steps += steps;
    for (const oldest of this.#flows.keys()) {
      if (this.#flows.size <= MOST_FLOWS && this.#steps <= MOST_STEPS) return;
      if (oldest === name) return;
      this.#drop(oldest);
    }
  }

  clear(): void {
    this.#flows.clear();
    this.#steps = 0;
  }

  #drop(name: string): void {
    const known = this.#flows.get(name);
    if (known === undefined) return;
    this.#flows.delete(name);
    this.#steps -= known.steps;
  }
}
