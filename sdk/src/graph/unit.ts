import { childPath, ROOT } from "../run/index.ts";
import type { Delivery } from "./delivery.ts";

/** Where a delivery stands in its job, for steps and journals: the same in every process. */
export function unitOf(runId: string, { n, slot }: Delivery): { runId: string; path: string } {
  return { runId, path: childPath(ROOT, slot.key, n + 1) };
}
