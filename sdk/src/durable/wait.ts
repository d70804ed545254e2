/** `ctx.waitFor`: takes a message from the run's mailbox, once, and waits where there is none. */
import { check, openUnitStep, timeoutError } from "../run/index.ts";
import type { StepHandle } from "../types.ts";
import { blocked } from "./blocked.ts";
import type { WaitOptions } from "./context.ts";
import type { Execution } from "./execution.ts";
import type { Note } from "./ledger.ts";
import type { Place } from "./place.ts";

export function waitFor<Out>(
  execution: Execution,
  place: Place,
  name: string,
  { timeout, schema }: WaitOptions<Out>,
): Promise<Out> {
  if (typeof name !== "string" || name === "")
    return Promise.reject(
      new TypeError(
        `ctx.waitFor: expected the name of a message, text that is not empty, got ${typeof name}`,
      ),
    );
  if (timeout !== undefined && !(timeout >= 0))
    return Promise.reject(
      new RangeError(`ctx.waitFor ${name}: expected timeout to be milliseconds from 0 up, got ${timeout}`),
    );
  const answer = answered(execution, place, place.next("wait", name), name, timeout).then(
    (value) => check(schema, value, `message ${name}`) as Promise<Out>,
  );
  // One that nobody awaits must not fall on the process when the flow fails.
  answer.catch(() => {});
  return answer;
}

/** What a wait remembers while it waits, and for ever when nothing came in time. */
interface Memory {
  /** Milliseconds since the epoch. */
  readonly until: number | undefined;
}

async function answered(
  execution: Execution,
  place: Place,
  path: string,
  name: string,
  timeout: number | undefined,
): Promise<unknown> {
  const { ledger, around, facts } = execution;
  const before = ledger.recall(path);
  if (before?.status === "succeeded") {
    execution.replayed.add(path);
    return before.value;
  }
  // Decided, as an answer is: on replay a message that came later must not change it.
  if (before?.status === "failed") {
    execution.replayed.add(path);
    throw late(name, timeout);
  }
  const stopped = execution.admit(place.signal);
  if (stopped !== undefined) return await stopped;
  const isOpen = before !== undefined;
  const startedAt = before?.startedAt ?? around.clock.now();
  const until = isOpen
    ? (before.value as Memory).until
    : timeout === undefined
      ? undefined
      : startedAt + timeout;
  const memory: Memory = { until };
  const note: Note = { path, attempt: 1, kind: "wait", name, status: "waiting", startedAt, value: memory };
  // A handler that lets a wait run out is no failure; one that does not catch it fails the flow by itself.
  const seen = openUnitStep({
    runId: facts.id,
    path,
    attempt: 1,
    name,
    kind: "wait",
    optional: true,
    isOpen,
  });
  try {
    const taken = await received(execution, place, note, until, isOpen);
    if (taken === undefined) return await over(execution, note, seen, late(name, timeout));
    seen.end();
    return taken.value;
  } catch (error) {
    seen.cancel();
    throw error;
  }
}

/** @returns `undefined` when nothing came in time */
async function received(
  execution: Execution,
  place: Place,
  note: Note,
  until: number | undefined,
  isNoted: boolean,
): Promise<Note | undefined> {
  const { ledger, around } = execution;
  let waiting = isNoted ? undefined : note;
  let news = Promise.withResolvers<void>();
  const unwatch = ledger.watch(() => news.resolve());
  // What leaves gets no further than the wait below.
  execution.over.addEventListener("abort", unwatch, { once: true });
  try {
    for (;;) {
      const taken = await took(execution, note);
      if (taken !== undefined) return taken;
      if (until !== undefined && until <= around.clock.now()) return undefined;
      const what = { dueAt: until, message: note.name };
      await blocked(execution, place, what, waiting, (signal) => {
        const rest =
          until === undefined ? aborted(signal) : around.clock.sleep(until - around.clock.now(), signal);
        return Promise.race([news.promise, rest]);
      });
      waiting = undefined;
      news = Promise.withResolvers();
    }
  } finally {
    execution.over.removeEventListener("abort", unwatch);
    unwatch();
  }
}

async function took(execution: Execution, note: Note): Promise<Note | undefined> {
  execution.activity.works();
  try {
    return await execution.ledger.take(note.name, { ...note, endedAt: execution.around.clock.now() });
  } finally {
    execution.activity.rested();
  }
}

async function over(execution: Execution, note: Note, seen: StepHandle, error: DOMException): Promise<never> {
  const { ledger, around } = execution;
  execution.activity.works();
  try {
    const endedAt = around.clock.now();
    await ledger.write({ ...note, status: "failed", value: undefined, endedAt });
  } finally {
    execution.activity.rested();
  }
  seen.fail(error);
  throw error;
}

function late(name: string, timeout: number | undefined): DOMException {
  return timeoutError(`ctx.waitFor ${name}: expected a message within ${timeout} ms, got none`);
}

/** Rejects when it is aborted. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
}
