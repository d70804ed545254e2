/**
 * Runs the user's function in a context and tells when it is over, without changing what it returns or throws.
 */
import { types } from "node:util";
import type { Context } from "@opentelemetry/api";
import { diagnoseInternal } from "./diagnostics.ts";
import { follow } from "./follow.ts";
import type { Outcome } from "./outcome.ts";
import { inContext } from "./scope.ts";

/**
 * Calls `fn(handle)` in `ctx`. A value is returned at once; of a promise (or anything with `then`) the outcome is that
 * of the promise, and the one derived from it is returned. A generator or stream is over when it has been read.
 */
export function callIn<H, T>(ctx: Context, outcome: Outcome, handle: H, fn: (handle: H) => T): T {
  let result: T;
  try {
    result = inContext(ctx, fn, handle);
  } catch (error) {
    outcome.threw(error);
    throw error;
  }
  if (!isObject(result)) {
    outcome.returned();
    return result;
  }
  try {
    if (types.isPromise(result)) return settle(ctx, outcome, result) as T;
    if (hasThen(result)) return settleForeign(ctx, outcome, result) as T;
  } catch (error) {
    // A promise whose own `then` throws: it goes back as it came.
    diagnoseInternal("waiting for a promise", error);
  }
  conclude(ctx, outcome, result);
  return result;
}

function settle(ctx: Context, outcome: Outcome, promise: PromiseLike<unknown>): PromiseLike<unknown> {
  return promise.then(
    (value) => {
      conclude(ctx, outcome, value);
      return value;
    },
    (error: unknown) => {
      outcome.threw(error);
      throw error;
    },
  );
}

function conclude(ctx: Context, outcome: Outcome, value: unknown): void {
  if (!isObject(value) || !follow(ctx, outcome, value)) outcome.returned();
}

/** Query builders and the like begin their work when `then` is called: once, and inside the context. */
function settleForeign(ctx: Context, outcome: Outcome, thenable: PromiseLike<unknown>): PromiseLike<unknown> {
  const promise = inContext(
    ctx,
    () => new Promise<unknown>((resolve, reject) => void thenable.then(resolve, reject)),
  );
  return settle(ctx, outcome, promise);
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function hasThen(value: object): value is PromiseLike<unknown> {
  try {
    return typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
}
