/** What a slot keeps back until it is complete: parts of joins, and batches. One for each such slot in each job. */
import { BatchGatherer } from "./batch.ts";
import type { Gatherer } from "./gatherer.ts";
import { JoinGatherer } from "./join.ts";
import type { SlotOfNode } from "./plan.ts";

export function gathererFor(slot: SlotOfNode, now: () => number): Gatherer | undefined {
  const { join, batch } = slot.parts;
  if (join !== undefined) return new JoinGatherer(slot, join, now);
  return batch === undefined ? undefined : new BatchGatherer(batch, now);
}
