/** `ctx.sleep`: until when it lasts is noted, so that a restart waits only for the rest. */
import { openUnitStep } from "../run/index.ts";
import { blocked } from "./blocked.ts";
import type { Execution } from "./execution.ts";
import type { Place } from "./place.ts";

export function sleep(execution: Execution, place: Place, ms: number): Promise<void> {
  if (!(ms >= 0 && Number.isFinite(ms)))
    return Promise.reject(new RangeError(`ctx.sleep: expected milliseconds from 0 up, got ${String(ms)}`));
  const asleep = slept(execution, place, ms, place.next("sleep", "sleep"));
  // One that nobody awaits must not fall on the process when the flow fails.
  asleep.catch(() => {});
  return asleep;
}

async function slept(execution: Execution, place: Place, ms: number, path: string): Promise<void> {
  const { ledger, around, facts } = execution;
  const before = ledger.recall(path);
  if (before?.status === "succeeded") return void execution.replayed.add(path);
  const stopped = execution.admit(place.signal);
  if (stopped !== undefined) return await stopped;
  const startedAt = before?.startedAt ?? around.clock.now();
  const until = before === undefined ? startedAt + ms : (before.value as number);
  const note = { path, attempt: 1, kind: "sleep" as const, name: "sleep", startedAt, value: until };
  const isOpen = before !== undefined;
  const seen = openUnitStep({ runId: facts.id, path, attempt: 1, name: "sleep", kind: "sleep", isOpen });
  const waiting = isOpen ? undefined : ({ ...note, status: "waiting" } as const);
  try {
    await blocked(execution, place, { dueAt: until, message: undefined }, waiting, (signal) =>
      around.clock.sleep(until - around.clock.now(), signal),
    );
  } catch (error) {
    seen.cancel();
    throw error;
  }
  execution.activity.works();
  try {
    await ledger.write({ ...note, status: "succeeded", endedAt: around.clock.now() });
    seen.end();
  } finally {
    execution.activity.rested();
  }
}
