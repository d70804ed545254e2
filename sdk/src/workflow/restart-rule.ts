/** When a run that crashed is started again, and with what. */
import { type CheckedRetry, checkRetry, type Random, type RunClock, realClock } from "../run/index.ts";

/** How often, and from where, a supervisor starts a run again that has crashed. */
export interface RestartOptions {
  /** So many restarts within that time; then the run is given up. Default 3. */
  max?: number | undefined;
  /** Milliseconds. Default 60,000. */
  within?: number | undefined;
  /** How the delay before a restart grows: `fixed`, `linear` or `exponential`. Default `"exponential"`. */
  backoff?: "fixed" | "linear" | "exponential" | undefined;
  /** Milliseconds before the first restart. Default 100. */
  baseDelay?: number | undefined;
  /** No delay is longer, in milliseconds. Default 30,000. */
  maxDelay?: number | undefined;
  /** The state that a restart begins with: the one that the run began with, or the one that it failed with. Default `"initial"`. */
  from?: "initial" | "last" | undefined;
}

/** Of a supervisor's options. */
interface RestartParts {
  readonly restart?: RestartOptions | undefined;
  readonly clock?: RunClock | undefined;
  readonly random?: Random | undefined;
}

/** What of the options holds for each run. */
export interface RestartRule {
  readonly max: number;
  readonly within: number;
  readonly delays: CheckedRetry;
  readonly from: "initial" | "last";
  readonly clock: RunClock;
  readonly random: Random;
}

const DEFAULT_MAX = 3;
const DEFAULT_WITHIN_MS = 60_000;

/** @throws {TypeError | RangeError} */
export function restartRule({
  restart = {},
  clock = realClock,
  random = Math.random,
}: RestartParts): RestartRule {
  const { max = DEFAULT_MAX, within = DEFAULT_WITHIN_MS, from = "initial", ...delays } = restart;
  const what = "createSupervisor: restart";
  if (max !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(max) && max >= 0))
    throw new RangeError(
      `${what}: expected max to be a whole number from 0, or Infinity, got ${String(max)}`,
    );
  if (!(within > 0))
    throw new RangeError(`${what}: expected within to be milliseconds above 0, got ${String(within)}`);
  if (from !== "initial" && from !== "last")
    throw new TypeError(`${what}: expected from to be "initial" or "last", got ${JSON.stringify(from)}`);
  const checked = checkRetry({ ...delays, maxAttempts: Number.POSITIVE_INFINITY }, what);
  return { max, within, from, delays: checked, clock, random };
}
