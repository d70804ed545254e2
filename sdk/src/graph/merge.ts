/** Merging what comes to a slot one after the other. */
import { type Copy, copyOf } from "./copy.ts";
import { NotCopyable } from "./errors/not-copyable.ts";
import type { SlotOfNode } from "./plan.ts";

/**
 * What a slot's handler gets, and what is kept once it has succeeded.
 *
 * @throws what the user's function throws; {NotCopyable} where it makes something that can't be kept
 */
export function merged(slot: SlotOfNode, kept: Copy | undefined, payload: unknown): Copy {
  const { merge } = slot.parts;
  const what = `merge of slot ${slot.key}`;
  if (typeof merge === "function")
    return copyOf(merge(kept === undefined ? undefined : handed(kept), payload), what);
  if (typeof payload !== "object" || payload === null || Array.isArray(payload))
    throw new NotCopyable(what, "", "only the keys of an object can be appended to");
  const before = (kept?.value ?? {}) as Record<string, readonly unknown[]>;
  const all: Record<string, readonly unknown[]> = { ...before };
  for (const [key, value] of Object.entries(payload))
    all[key] = Object.freeze([...(Object.hasOwn(before, key) ? (before[key] as unknown[]) : []), value]);
  // Those before are frozen already, so this copies no more than one level.
  return { value: Object.freeze(all), live: kept?.live === true || copyOf(payload, what).live };
}

/** What can be changed is handed out as a copy. */
export function handed({ value, live }: Copy): unknown {
  return live ? copyOf(value, "payload").value : value;
}
