/** From the options of a graph to what its jobs go by. */
import { hostname } from "node:os";
import { realClock } from "../run/index.ts";
import { checkNumber } from "./check-options.ts";
import type { GraphOptions } from "./graph-options.ts";
import type { JobsOptions } from "./jobs.ts";
import type { Routines } from "./typed.ts";

/** @throws {RangeError} that names the option */
export function jobsOptions(name: string, options: GraphOptions<Routines>): JobsOptions {
  const { clock = realClock, random = Math.random, journal, codec, concurrent = 1 } = options;
  const { maxQueued = 1_000_000, crowd = 10_000, stopGrace = 5_000, leaseMs = 15_000 } = options;
  const { historyLimit: history = 1_000, deadLetterLimit: deadLetters = 1_000 } = options;
  const what = `graph ${name}`;
  const counts = { maxQueued, crowd, historyLimit: history, deadLetterLimit: deadLetters };
  for (const [option, value] of Object.entries(counts))
    checkNumber(what, option, value, "a whole number from 0", Number.isSafeInteger(value) && value >= 0);
  checkNumber(what, "stopGrace", stopGrace, "milliseconds from 0", stopGrace >= 0);
  checkNumber(what, "leaseMs", leaseMs, "milliseconds above 0", leaseMs > 0);
  const now = clock === realClock ? exactNow : () => clock.now();
  return {
    name,
    around: { clock, now, random, limits: { maxQueued, crowd, stopGrace, history, deadLetters } },
    journal,
    codec,
    owner: `${hostname()}:${process.pid}`,
    leaseMs,
    concurrent,
  };
}

/** Most handlers take less than a millisecond. */
function exactNow(): number {
  return performance.timeOrigin + performance.now();
}
