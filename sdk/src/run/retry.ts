/** When and how often work that failed is tried again. */
import { isAbort } from "../errors.ts";

export interface RetryPolicy {
  /** How often it runs at most, the first time included. Default 1: no retry. */
  maxAttempts?: number | undefined;
  /**
   * How the delay grows: `fixed` stays, `linear` is 1, 2, 3 times the base, `exponential` 1, 2, 4 times.
   * Default `"exponential"`.
   */
  backoff?: "fixed" | "linear" | "exponential" | undefined;
  /** Before the second attempt, in milliseconds. Default 100. */
  baseDelay?: number | undefined;
  /** No delay is longer, in milliseconds. Default 30,000. */
  maxDelay?: number | undefined;
  /** Which part of the delay is left to chance, from 0 to 1: with 0.5 it is between half of it and all. Default 0. */
  jitter?: number | undefined;
  /** Whether this error may be tried again. Default: every error. An `AbortError` never is. */
  retryIf?: ((error: unknown, attempt: number) => boolean) | undefined;
}

/** From 0 up to, not including, 1. */
export type Random = () => number;

/** A policy that was checked, with its defaults. */
export type CheckedRetry = { [Option in keyof RetryPolicy]-?: NonNullable<RetryPolicy[Option]> };

/**
 * @param what whose policy it is, for messages
 * @throws {RangeError} a number that can't be meant
 */
export function checkRetry(given: RetryPolicy = {}, what = "retry"): CheckedRetry {
  const {
    maxAttempts = 1,
    backoff = "exponential",
    baseDelay = 100,
    maxDelay = 30_000,
    jitter = 0,
    retryIf = () => true,
  } = given;
  if (maxAttempts !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(maxAttempts) && maxAttempts >= 1))
    wrong(what, "maxAttempts", "a whole number from 1, or Infinity", maxAttempts);
  if (!["fixed", "linear", "exponential"].includes(backoff))
    wrong(what, "backoff", "fixed, linear or exponential", backoff);
  if (!(baseDelay >= 0 && Number.isFinite(baseDelay)))
    wrong(what, "baseDelay", "milliseconds from 0", baseDelay);
  if (!(maxDelay >= 0)) wrong(what, "maxDelay", "milliseconds from 0", maxDelay);
  if (!(jitter >= 0 && jitter <= 1)) wrong(what, "jitter", "a share from 0 to 1", jitter);
  if (typeof retryIf !== "function") wrong(what, "retryIf", "a function", retryIf);
  return { maxAttempts, backoff, baseDelay, maxDelay, jitter, retryIf };
}

function wrong(what: string, option: string, expected: string, got: unknown): never {
  throw new RangeError(`${what}: expected ${option} to be ${expected}, got ${String(got)}`);
}

/**
 * How long to wait before the next attempt, in milliseconds; `undefined` where there is none.
 *
 * @param attempt the one that failed, from 1
 * @example
 * const delay = retryDelay(policy, error, attempt, Math.random);
 * if (delay === undefined) throw error;
 * await clock.sleep(delay, signal);
 */
export function retryDelay(
  policy: CheckedRetry,
  error: unknown,
  attempt: number,
  random: Random,
): number | undefined {
  if (attempt >= policy.maxAttempts || isAbort(error) || !policy.retryIf(error, attempt)) return undefined;
  const delay = Math.min(policy.baseDelay * growth(policy.backoff, attempt), policy.maxDelay);
  return delay * (1 - policy.jitter * random());
}

function growth(backoff: CheckedRetry["backoff"], attempt: number): number {
  switch (backoff) {
    case "fixed":
      return 1;
    case "linear":
      return attempt;
    case "exponential":
      return 2 ** (attempt - 1);
  }
}
