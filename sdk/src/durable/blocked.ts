/** What sleeps and waits share: the run does nothing meanwhile, and may be given back. */
import { linkSignals, never } from "../run/index.ts";
import type { Blocked } from "./activity.ts";
import type { Execution } from "./execution.ts";
import type { Note } from "./ledger.ts";
import type { Place } from "./place.ts";

/**
 * Notes that it waits, where that is new, and waits.
 *
 * @param wait may be ended by its signal, by rejecting
 * @throws why the flow is to stop
 */
export async function blocked(
  execution: Execution,
  place: Place,
  what: Blocked,
  waiting: Note | undefined,
  wait: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  execution.activity.works();
  let unblock = () => {};
  try {
    if (waiting !== undefined) await execution.ledger.write(waiting);
    // Before it rests: a run that neither works nor waits would be thought to be at something of its own.
    unblock = execution.activity.block(what);
  } finally {
    execution.activity.rested();
  }
  const linked = linkSignals(place.signal, execution.over);
  try {
    await wait(linked.signal);
  } catch (error) {
    if (!linked.signal.aborted) throw error;
  } finally {
    unblock();
    linked.abort("it is over");
  }
  if (execution.isLeaving || execution.over.aborted) return await never();
  if (place.signal.aborted) throw place.signal.reason;
}
