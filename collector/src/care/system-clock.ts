import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "./sweep.ts";

/** Its waits keep no process alive. */
export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { ref: false, ...(signal && { signal }) }),
};
