/** Many changes to one flow become one: the flow as it is at the end, each step once. */
import { type FlowSummary, keyText, type Step } from "../flow.ts";
import type { FlowChange } from "../store.ts";

export class ChangesByFlow {
  #flows = new Map<string, { flow: FlowSummary; steps: Map<string, Step> }>();

  /** Flows that have changed. */
  get size(): number {
    return this.#flows.size;
  }

  add(changes: FlowChange[]): void {
    for (const { flow, steps } of changes) {
      const key = keyText(flow);
      const pending = this.#flows.get(key) ?? { flow, steps: new Map() };
      pending.flow = flow;
      for (const step of steps) pending.steps.set(step.id, step);
      this.#flows.set(key, pending);
    }
  }

  /** Hands them over, and begins anew. */
  take(): FlowChange[] {
    const flows = this.#flows;
    this.#flows = new Map();
    return [...flows.values()].map(({ flow, steps }) => ({ flow, steps: [...steps.values()] }));
  }
}
