/** What becomes of an attempt that failed: another one, or an end. */
import { diagnoseInternal } from "../diagnostics.ts";
import { NotEncodable, type Random, retryDelay, ValueInvalid, ValueTooLarge } from "../run/index.ts";
import type { Attempt } from "./attempt.ts";
import type { Books } from "./books.ts";
import { CycleBound } from "./errors/cycle-bound.ts";
import { JoinIncomplete } from "./errors/join-incomplete.ts";
import { NotCopyable } from "./errors/not-copyable.ts";
import type { Node, Plan } from "./plan.ts";

/** What becomes of a delivery that is not tried again. */
export type Verdict = "stop" | "continue" | "skip";

export function verdictOn({ routine, errorHandler }: Node): Verdict {
  if (routine.optional) return "skip";
  return routine.critical ? "stop" : errorHandler.last;
}

/** Milliseconds until it is tried again; `undefined`: it is not. */
export function delayBefore(
  { node, attempt }: Attempt,
  error: unknown,
  { plan, books, random }: { plan: Plan; books: Books; random: Random },
): number | undefined {
  const { retry, maxRetriesPerJob } = node.errorHandler;
  if (isForGood(error)) return undefined;
  try {
    const delay = retryDelay(retry, error, attempt, random);
    // Counted only for the few handlers that have a budget.
    if (delay === undefined || maxRetriesPerJob === Number.POSITIVE_INFINITY) return delay;
    return books.retriesOf(plan.nodes.values(), node) < maxRetriesPerJob ? delay : undefined;
  } catch (thrown) {
    diagnoseInternal(`retryOn of ${node.id}`, thrown);
    return undefined;
  }
}

/** Another try would come to the same. */
function isForGood(error: unknown): boolean {
  return (
    error instanceof CycleBound ||
    error instanceof JoinIncomplete ||
    error instanceof NotCopyable ||
    error instanceof ValueInvalid ||
    error instanceof NotEncodable ||
    error instanceof ValueTooLarge
  );
}
