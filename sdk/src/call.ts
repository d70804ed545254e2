/**
 * Runs the user's function in a context and tells when it is over, without changing what it returns or throws.
 */
import { type Context, context } from "@opentelemetry/api";

/** Told once how the function ended. Must not throw. */
export interface Outcome {
  returned(): void;
  threw(error: unknown): void;
}

/**
 * Calls `fn(handle)` in `ctx`. A value is returned at once; of a promise (or anything with `then`) the outcome is that
 * of the promise, and the one derived from it is returned.
 */
export function callIn<H, T>(ctx: Context, outcome: Outcome, handle: H, fn: (handle: H) => T): T {
  let result: T;
  try {
    result = context.with(ctx, fn as (handle: H) => T, undefined, handle);
  } catch (error) {
    outcome.threw(error);
    throw error;
  }
  if (result instanceof Promise) return settle(outcome, result) as T;
  if (hasThen(result)) return settleForeign(ctx, outcome, result) as T;
  outcome.returned();
  return result;
}

function settle(outcome: Outcome, promise: PromiseLike<unknown>): PromiseLike<unknown> {
  return promise.then(
    (value) => {
      outcome.returned();
      return value;
    },
    (error: unknown) => {
      outcome.threw(error);
      throw error;
    },
  );
}

/** Query builders and the like begin their work when `then` is called: once, and inside the context. */
function settleForeign(ctx: Context, outcome: Outcome, thenable: PromiseLike<unknown>): PromiseLike<unknown> {
  const promise = context.with(
    ctx,
    () => new Promise<unknown>((resolve, reject) => void thenable.then(resolve, reject)),
  );
  return settle(outcome, promise);
}

function hasThen(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return false;
  try {
    return typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
}
