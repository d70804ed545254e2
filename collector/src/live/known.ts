/** How flows were when readers last heard of them: what tells that a flow has just left someone's filter. */
import { type FlowSummary, keyText, type Micros } from "../flow.ts";

/** `"unknown"`: it was there before, but how is not remembered. `null`: it was not there. */
export type Before = FlowSummary | "unknown" | null;

/** Remembers the latest `size` flows. */
export class KnownFlows {
  readonly #size: number;
  readonly #flows = new Map<string, FlowSummary>();
  /** Flows that started up to here may have been there unseen. */
  #horizon: Micros;

  constructor(size: number, since: Micros) {
    this.#size = size;
    this.#horizon = since;
  }

  /** @returns how it was until now. */
  replace(flow: FlowSummary): Before {
    const key = keyText(flow);
    const before = this.#flows.get(key);
    this.#flows.delete(key);
    this.#flows.set(key, withoutStack(flow));
    if (this.#flows.size > this.#size) this.#forgetOldest();
    return before ?? (flow.startedAt > this.#horizon ? null : "unknown");
  }

  #forgetOldest(): void {
    for (const [key, { startedAt }] of this.#flows) {
      this.#flows.delete(key);
      this.#horizon = Math.max(this.#horizon, startedAt);
      return;
    }
  }
}

/** No filter looks into the stack, and it is the largest part. */
function withoutStack(flow: FlowSummary): FlowSummary {
  return flow.error === null ? flow : { ...flow, error: { ...flow.error, stack: null } };
}
