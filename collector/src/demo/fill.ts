/** Flows of the demo into a store, as quickly as it takes them. */
import type { Micros } from "../flow.ts";
import type { Observation } from "../observation.ts";
import type { Store } from "../store.ts";
import type { DemoFlow } from "./demo-flow.ts";
import { observationsOf } from "./observations.ts";

export interface FillOptions {
  store: Pick<Store, "append">;
  flows: Iterable<DemoFlow>;
  now: Micros;
  /** Hears, before each append, what time it is in it: a store holds what it is told to have been said just then. */
  onTime?: (at: Micros) => void;
  /** Hears, after each append, of how many flows it was. */
  onDone?: (flows: number) => void;
}

/** What goes into one append. */
const AT_ONCE = 1_000;

export async function fill({ store, flows, now, onTime, onDone }: FillOptions): Promise<void> {
  let waiting: Observation[] = [];
  let count = 0;
  let at: Micros = 0;
  const append = async () => {
    onTime?.(at);
    await store.append(waiting);
    onDone?.(count);
    waiting = [];
    count = 0;
  };
  for (const flow of flows) {
    for (const observation of observationsOf(flow, now)) waiting.push(observation);
    at = Math.max(at, flow.startedAt);
    count += 1;
    if (count === AT_ONCE) await append();
  }
  at = now;
  await append();
}
