/** Flows that will hear more, kept so that their next span needs no read. Bounded by flows and by steps. */
import { type FlowKey, keyText } from "../../flow.ts";
import type { FlowInHand } from "./flow-rows.ts";

const MOST_FLOWS = 10_000;
const MOST_STEPS = 200_000;

export class HotFlows {
  readonly #flows = new Map<string, { flow: FlowInHand; steps: number }>();
  #steps = 0;

  get(name: string): FlowInHand | undefined {
    return this.#flows.get(name)?.flow;
  }

  /**
   * The flow becomes the most recent; the least recent make room. One that has ended is let go: hardly anything comes
   * after it, and most flows end in the batch that they begin in. Unless it is large, and so dear to read again.
   */
  keep(flow: FlowInHand, open: boolean): void {
    const name = keyText(flow.state.key);
    this.#dropName(name);
    if (!open && !flow.large) return;
    const steps = flow.state.steps.size + 1;
    this.#flows.set(name, { flow, steps });
    this.#steps += steps;
    for (const oldest of this.#flows.keys()) {
      if (this.#flows.size <= MOST_FLOWS && this.#steps <= MOST_STEPS) return;
      if (oldest === name) return;
      this.#dropName(oldest);
    }
  }

  drop(key: FlowKey): void {
    this.#dropName(keyText(key));
  }

  clear(): void {
    this.#flows.clear();
    this.#steps = 0;
  }

  #dropName(name: string): void {
    const known = this.#flows.get(name);
    if (known === undefined) return;
    this.#flows.delete(name);
    this.#steps -= known.steps;
  }
}
