/** Many changes to one flow become one: the flow as it is at the end, each step once, all events. */
import { type FlowEvent, type FlowSummary, keyText, type Step } from "../flow.ts";
import type { FlowChange } from "../store.ts";

interface Pending {
  flow: FlowSummary;
  steps: Map<string, Step>;
  events: FlowEvent[];
}

export class ChangesByFlow {
  #flows = new Map<string, Pending>();

  /** Flows that have changed. */
  get size(): number {
    return this.#flows.size;
  }

  add(changes: FlowChange[]): void {
    for (const { flow, steps, events = [] } of changes) {
      const key = keyText(flow);
      const pending: Pending = this.#flows.get(key) ?? { flow, steps: new Map(), events: [] };
      pending.flow = flow;
      for (const step of steps) pending.steps.set(step.id, step);
      // One by one: as arguments of one call a hundred thousand would overflow the stack.
      for (const event of events) pending.events.push(event);
      this.#flows.set(key, pending);
    }
  }

  /** Hands them over, and begins anew. */
  take(): FlowChange[] {
    const flows = this.#flows;
    this.#flows = new Map();
    return [...flows.values()].map(({ flow, steps, events }) => ({
      flow,
      steps: [...steps.values()],
      ...(events.length > 0 && { events }),
    }));
  }
}
