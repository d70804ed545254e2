/** What `flow.wrap` and `step.wrap` share. */
import { diagnose } from "./diagnostics.ts";

/** Gives a wrapper the name and length of what it wraps, so that stack traces and frameworks see the original. */
export function named<F extends (...args: never[]) => unknown>(original: unknown, wrapper: F): F {
  try {
    const { name, length } = original as { name: unknown; length: unknown };
    Object.defineProperty(wrapper, "name", { value: name, configurable: true });
    Object.defineProperty(wrapper, "length", { value: length, configurable: true });
  } catch {
    // A strange function keeps the wrapper's own name.
  }
  return wrapper;
}

/** Whether there is a function to run; says so where not. */
export function isFunction(call: string, given: unknown): boolean {
  if (typeof given === "function") return true;
  diagnose(
    "no-function",
    `${call}: expected a function to run, got ${given === null ? "null" : typeof given}`,
    call,
  );
  return false;
}
