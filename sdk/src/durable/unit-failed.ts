/** A step or a sub-flow that has failed here. */
import { isAbort } from "../errors.ts";
import { endingOf, never } from "../run/index.ts";
import type { StepHandle } from "../types.ts";
import type { Execution } from "./execution.ts";
import type { Note } from "./ledger.ts";
import { noteFailure } from "./note-failure.ts";

export interface Failed {
  readonly note: Omit<Note, "status">;
  readonly seen: StepHandle;
  /** Tells a cancellation from a failure. */
  readonly signal: AbortSignal;
}

/**
 * Notes that it failed, and shows it. Of a run that leaves nothing is noted: the attempt that is cut short here is made anew by whoever
 * goes on with it.
 *
 * @throws error
 */
export async function unitFailed(
  execution: Execution,
  { note, seen, signal }: Failed,
  error: unknown,
): Promise<never> {
  if (execution.isLeaving) return await never();
  const { ledger, around } = execution;
  const status = endingOf(error, signal);
  await noteFailure(
    (thrown) => ledger.write({ ...note, status, value: thrown, endedAt: around.clock.now() }),
    error,
  );
  if (status === "failed") seen.fail(error);
  else seen.cancel(isAbort(error) && error instanceof Error ? error.message : undefined);
  throw error;
}
