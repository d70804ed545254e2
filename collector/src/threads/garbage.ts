/** How garbage is collected. See `docs/decisions/0035-garbage.md`. */
import { setFlagsFromString } from "node:v8";

/**
 * What a thread of ours makes of a call dies with it: more room for it to lie about only takes memory. V8 makes three
 * parts of it, of which one is filled at a time.
 */
export const YOUNG_MB = 24;

/**
 * Tells V8, for this process, what it can't know of threads such as ours. To be called before they are started.
 */
export function collectAsThreadsNeed(): void {
  // To go through so little takes a millisecond. V8 would share that with four helpers, which have to get a core first.
  setFlagsFromString("--no-parallel-scavenge");
  // V8 puts what has lived longer than expected where old things live, from then on: here it only met a large message.
  setFlagsFromString("--no-allocation-site-pretenuring");
}
