/** `ctx.parallel` and `ctx.parallelSettled`. */
import { abortError, linkSignals } from "../run/index.ts";
import type { Counts, ParallelOptions, Work } from "./context.ts";
import { applyExtensions } from "./extension.ts";
import type { Frame } from "./frame.ts";
import type { Place } from "./place.ts";

interface Result {
  readonly results: readonly unknown[];
  readonly counts: Counts;
}

/** @param settled gives all ends, instead of failing with the first failure */
export async function parallel(
  frame: Frame,
  place: Place,
  work: readonly Work[],
  { concurrency = Number.POSITIVE_INFINITY }: ParallelOptions = {},
  settled: boolean,
): Promise<Result> {
  const call = settled ? "ctx.parallelSettled" : "ctx.parallel";
  if (!Array.isArray(work)) throw new TypeError(`${call}: expected an array of work, got ${typeof work}`);
  if (!(concurrency >= 1 && (Number.isSafeInteger(concurrency) || concurrency === Number.POSITIVE_INFINITY)))
    throw new RangeError(`${call}: expected concurrency to be a whole number from 1, got ${concurrency}`);
  const operation = { flow: frame.flow.name, runId: frame.runId, total: work.length, concurrency, settled };
  const { extensions } = frame.execution.around;
  return await applyExtensions(extensions, "parallel", operation, () =>
    done(place, work, concurrency, settled),
  );
}

async function done(
  place: Place,
  work: readonly Work[],
  concurrency: number,
  settled: boolean,
): Promise<Result> {
  const linked = linkSignals(place.signal);
  const branch = place.branches(linked.signal);
  const ends: PromiseSettledResult<unknown>[] = [];
  let failure: { readonly error: unknown } | undefined;
  const failed = (error: unknown) => {
    if (failure !== undefined || settled) return;
    failure = { error };
    linked.abort(abortError("another piece of parallel work failed"));
    for (const each of work) cancel(each);
  };
  const end = async (index: number) => {
    const each = work[index] as Work;
    try {
      const value = await (typeof each === "function" ? branch(index).run(() => each(linked.signal)) : each);
      ends[index] = { status: "fulfilled", value };
    } catch (reason) {
      ends[index] = { status: "rejected", reason };
      failed(reason);
    }
  };
  const waiting = work.keys().filter((index) => typeof work[index] === "function");
  const lane = async () => {
    for (const index of waiting) {
      // What has succeeded is replayed all the same while the run is undone: it says what undoes it.
      if (failure !== undefined && place.execution.undoing === undefined) return;
      await end(index);
    }
  };
  const begun = [...work.keys()].filter((index) => typeof work[index] !== "function").map(end);
  const lanes = Array.from({ length: Math.min(concurrency, work.length) }, lane);
  await Promise.all([...begun, ...lanes]).finally(() => linked[Symbol.dispose]());
  if (failure !== undefined) throw failure.error;
  return { results: settled ? ends : ends.map(valueIn), counts: counted(ends) };
}

function valueIn(end: PromiseSettledResult<unknown>): unknown {
  return (end as PromiseFulfilledResult<unknown>).value;
}

function counted(ends: readonly PromiseSettledResult<unknown>[]): Counts {
  const succeeded = ends.filter(({ status }) => status === "fulfilled").length;
  return { total: ends.length, succeeded, failed: ends.length - succeeded };
}

/** A run that is under way can be told to stop. */
function cancel(work: Work): void {
  const handle = work as { cancel?: unknown };
  if (typeof work === "function" || typeof handle.cancel !== "function") return;
  Promise.resolve(handle.cancel("another piece of parallel work failed")).catch(() => {});
}
