/** `ctx.run`: a unit of work that is run once, and whose result is noted before it is returned. */
import { checkRetry, linkSignals, openUnitStep, timeoutError } from "../run/index.ts";
import type { StepHandle } from "../types.ts";
import type { OpenUnit } from "./activity.ts";
import type { StepRun, StepRunOptions } from "./context.ts";
import type { Execution } from "./execution.ts";
import { applyExtensions } from "./extension.ts";
import type { Frame } from "./frame.ts";
import type { Note } from "./ledger.ts";
import type { Place } from "./place.ts";
import { unitFailed } from "./unit-failed.ts";
import { workName } from "./work-name.ts";

export interface StepCall<T> {
  readonly frame: Frame;
  readonly place: Place;
  readonly path: string;
  readonly key: string;
  readonly fn: (step: StepRun) => T;
  readonly options: StepRunOptions | undefined;
}

export async function runStep<T>(call: StepCall<T>): Promise<Awaited<T>> {
  try {
    return await recalledOrRun(call);
  } catch (error) {
    call.frame.forget(call.path);
    throw error;
  }
}

function recalledOrRun<T>(call: StepCall<T>): Promise<Awaited<T>> {
  const { frame, place, path, fn, options } = call;
  const { execution } = frame;
  const before = execution.ledger.recall(path);
  if (before !== undefined) {
    if (before.name !== fn.name)
      throw execution.programChanged(path, workName(path, before.name), workName(path, fn.name));
    if (before.status === "succeeded") return replay(call, before);
  }
  const attempts = before?.attempt ?? 0;
  const stopped = execution.admit(place.signal);
  if (stopped !== undefined) return stopped;
  return options === undefined ? attempt(call, attempts + 1) : withRetries(call, options, attempts + 1);
}

async function withRetries<T>(
  call: StepCall<T>,
  options: StepRunOptions,
  first: number,
): Promise<Awaited<T>> {
  const { execution } = call.frame;
  const policy = checkRetry(options.retry, `step ${call.key}: retry`);
  const { timeout } = options;
  if (timeout !== undefined && !(timeout > 0))
    throw new RangeError(`step ${call.key}: expected timeout to be milliseconds above 0, got ${timeout}`);
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt(call, first + tries - 1);
    } catch (error) {
      const { signal } = call.place;
      const delay = signal.aborted ? undefined : execution.delayAfter(policy, error, tries);
      if (delay === undefined) throw error;
      execution.activity.works();
      try {
        // What ends the wait early is found below: a run that another process has goes no further, and fails nobody.
        await execution.around.clock.sleep(delay, signal).catch(() => {});
      } finally {
        execution.activity.rested();
      }
      const stopped = execution.admit(signal);
      if (stopped !== undefined) return await stopped;
    }
  }
}

function attempt<T>(call: StepCall<T>, number: number): Promise<Awaited<T>> {
  const { around } = call.frame.execution;
  if (around.extensions.length === 0) return work(call, number);
  const operation = operationOf(call, number, false);
  return applyExtensions(around.extensions, "step", operation, () => work(call, number));
}

function replay<T>(call: StepCall<T>, { attempt, value }: Note): Promise<Awaited<T>> {
  const { execution } = call.frame;
  execution.replayed.add(call.path);
  const { extensions } = execution.around;
  return applyExtensions(extensions, "step", operationOf(call, attempt, true), () => value as Awaited<T>);
}

function operationOf<T>({ frame, key }: StepCall<T>, attempt: number, replay: boolean) {
  return { key, flow: frame.flow.name, runId: frame.runId, attempt, replay };
}

/** One attempt: the function is called, and what came of it is noted. */
async function work<T>(call: StepCall<T>, attempt: number): Promise<Awaited<T>> {
  const { frame, path, key, fn, options } = call;
  const { execution } = frame;
  const { ledger, around, facts } = execution;
  const startedAt = around.clock.now();
  const note = { path, attempt, kind: "run" as const, name: fn.name, startedAt };
  const seen = openUnitStep({ runId: facts.id, path, attempt, name: key, optional: options?.optional });
  execution.activity.works();
  try {
    const result = called(call, attempt, startedAt, seen);
    const value = (isThenable(result) ? await result : result) as Awaited<T>;
    const kept = ledger.write({ ...note, status: "succeeded", value, endedAt: around.clock.now() });
    if (kept !== undefined) await kept;
    seen.end();
    return value;
  } catch (error) {
    return await unitFailed(execution, { note, seen, signal: call.place.signal }, error);
  } finally {
    execution.activity.rested();
  }
}

/** What the function gives; at once where it is no promise. */
function called<T>(
  call: StepCall<T>,
  attempt: number,
  startedAt: number,
  seen: StepHandle,
): T | Promise<Awaited<T>> {
  const { place, key, fn, options, frame } = call;
  if (options?.timeout === undefined) {
    const result = seen.run(() => fn({ signal: place.signal, attempt }));
    return isThenable(result) ? settled(call, attempt, startedAt, result) : result;
  }
  const limit = limited(place.signal, options.timeout, frame.execution, key);
  const result = seen.run(() => fn({ signal: limit.signal, attempt }));
  return settled(call, attempt, startedAt, result, limit);
}

/** It is failed from outside where it runs out of time, or does not heed its signal. */
function settled<T>(
  { path, frame }: StepCall<T>,
  attempt: number,
  startedAt: number,
  result: T,
  limit?: Limit,
): Promise<Awaited<T>> {
  const { execution } = frame;
  return new Promise((resolve, reject) => {
    const unit: OpenUnit = { path, kind: "run", attempt, startedAt, abandon };
    execution.activity.opened(unit);
    limit?.over.then(abandon, () => {});
    Promise.resolve(result).then((value) => {
      close();
      resolve(value);
    }, abandon);

    function abandon(error: unknown): void {
      close();
      reject(error);
    }

    function close(): void {
      limit?.end();
      execution.activity.closed(unit);
    }
  });
}

function isThenable(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}

interface Limit {
  readonly signal: AbortSignal;
  /** Resolves with the error when the time is over. */
  readonly over: Promise<DOMException>;
  end(): void;
}

function limited(parent: AbortSignal, timeout: number, execution: Execution, key: string): Limit {
  const linked = linkSignals(parent);
  const done = new AbortController();
  const over = execution.around.clock.sleep(timeout, done.signal).then(() => {
    const error = timeoutError(`step ${key}: expected it to end within ${timeout} ms, got no end`);
    linked.abort(error);
    return error;
  });
  over.catch(() => {});
  return {
    signal: linked.signal,
    over,
    end() {
      done.abort();
      linked[Symbol.dispose]();
    },
  };
}
