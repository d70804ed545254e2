/** pause, resume and cancel do what they say. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  ErrorHandler,
  ErrorStrategy,
  IllegalMove,
  JobState,
  JobTaken,
  NotCopyable,
} from "../../src/graph/index.ts";
import { TestClock } from "../../src/testing.ts";
import { collector, graphOf, node, source } from "./routines.ts";

/** `work` waits until it is let go. */
function held(concurrent = 1) {
  const begun: number[] = [];
  const written: number[] = [];
  let letGo = Promise.withResolvers<void>();
  const graph = graphOf(
    [
      source(),
      node("work", async ({ id }, { emit, signal }) => {
        begun.push(id);
        const stop = new Promise<never>((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
        await Promise.race([letGo.promise, stop]);
        void emit("out", { id });
      }),
      collector("write", written),
    ],
    ["source>work", "work>write"],
    { concurrent },
  );
  const free = () => {
    letGo.resolve();
  };
  const hold = () => {
    letGo = Promise.withResolvers();
  };
  return { graph, begun, written, free, hold };
}

const FIVE = { entry: "source", params: { id: 5 }, id: "job-1" };
const untilBegun = async (begun: readonly number[], count: number) => {
  while (begun.length < count) await sleep(1);
};

test("pause lets work in hand finish, begins nothing more, and resume goes on with all that was queued", async () => {
  const { graph, begun, written, free } = held(2);
  const job = graph.execute(FIVE);
  await untilBegun(begun, 2);
  const paused = job.pause("user asked", { step: 1 });
  await sleep(5);
  expect({ status: job.status, begun }).toEqual({ status: "running", begun: [1, 2] });
  free();
  const state = await paused;
  expect(state).toMatchObject({ status: "paused", reason: "user asked" });
  expect(state.pauses).toEqual([{ at: expect.any(Number), reason: "user asked", checkpoint: { step: 1 } }]);
  expect(state.pending.map(({ slot, payload }) => [slot, payload])).toEqual([
    ["work.in", { id: 3 }],
    ["work.in", { id: 4 }],
    ["work.in", { id: 5 }],
    ["write.in", { id: 1 }],
    ["write.in", { id: 2 }],
  ]);
  await sleep(5);
  expect(begun).toEqual([1, 2]);
  await job.resume();
  expect(job.status).toBe("running");
  const ended = await job.done;
  expect(ended.status).toBe("succeeded");
  expect(begun).toEqual([1, 2, 3, 4, 5]);
  expect(written.toSorted()).toEqual([1, 2, 3, 4, 5]);
  expect(ended.history.map(({ kind }) => kind).filter((kind) => kind !== "succeeded")).toEqual([
    "begun",
    "paused",
    "resumed",
    "ended",
  ]);
});

test("pause with abort tells what runs to stop, and it is handled anew, as if it had not been tried", async () => {
  const { graph, begun, written, free } = held(2);
  const job = graph.execute(FIVE);
  await untilBegun(begun, 2);
  const state = await job.pause("now", undefined, { abort: true });
  expect(state.pending.map(({ payload, attempts }) => [payload, attempts])).toEqual(
    [1, 2, 3, 4, 5].map((id) => [{ id }, 0]),
  );
  free();
  await job.resume();
  expect((await job.done).numbers).toMatchObject({ succeeded: 11, failures: 0 });
  expect(begun).toEqual([1, 2, 1, 2, 3, 4, 5]);
  expect(written).toEqual([1, 2, 3, 4, 5]);
});

test("a handler that does not heed its signal is left to itself, and what it does later changes nothing", async () => {
  const clock = new TestClock();
  const letGo = Promise.withResolvers<void>();
  let calls = 0;
  const written: number[] = [];
  const graph = graphOf(
    [
      node("deaf", async ({ id }, { emit }) => {
        calls += 1;
        if (calls === 1) await letGo.promise;
        void emit("out", { id });
      }),
      collector("write", written),
    ],
    ["deaf>write"],
    { clock, stopGrace: 1_000 },
  );
  const job = graph.execute({ entry: "deaf", params: { id: 1 } });
  while (calls === 0) await sleep(1);
  const paused = job.pause("now", undefined, { abort: true });
  await clock.advance(1_000);
  expect((await paused).pending).toMatchObject([{ slot: "deaf.in", attempts: 0 }]);
  letGo.resolve();
  await sleep(1);
  await job.resume();
  expect((await job.done).status).toBe("succeeded");
  expect({ calls, written }).toEqual({ calls: 2, written: [1] });
});

test("pause from inside a handler: what is queued stays, routines find the checkpoint, and no copy of it is theirs to change", async () => {
  const seen: unknown[] = [];
  const graph = graphOf(
    [
      source(),
      node("work", ({ id }, { pause, checkpoint }) => {
        seen.push([id, checkpoint]);
        if (id === 2) pause("enough", { at: [id] });
      }),
    ],
    ["source>work"],
  );
  const job = graph.execute(FIVE);
  while (job.status === "running") await sleep(1);
  expect(job.state).toMatchObject({ status: "paused", reason: "enough" });
  expect(seen).toEqual([
    [1, undefined],
    [2, undefined],
  ]);
  await job.resume();
  await job.done;
  expect(seen.slice(2)).toEqual([3, 4, 5].map((id) => [id, { at: [2] }]));
});

test("job.pause in a handler of the job does not wait for itself", async () => {
  const job: { pause?: () => Promise<unknown> } = {};
  const graph = graphOf([node("work", async () => void (await job.pause?.())), node("next")], ["work>next"]);
  const run = graph.execute({ entry: "work", params: { id: 1 } });
  job.pause = () => run.pause("inside");
  while (run.status === "running") await sleep(1);
  expect(run.status).toBe("paused");
});

test("a wait for a retry is cut by a pause, and what was tried counts after it", async () => {
  const clock = new TestClock();
  const attempts: number[] = [];
  const graph = graphOf(
    [
      node("a", (_, { attempt }) => {
        attempts.push(attempt);
        throw new Error("no");
      }),
    ],
    [],
    { clock },
  );
  graph.setErrorHandler(
    new ErrorHandler({ strategy: ErrorStrategy.RETRY, maxRetries: 2, retryDelay: 60_000 }),
  );
  const job = graph.execute({ entry: "a", params: { id: 1 } });
  while (attempts.length === 0) await sleep(1);
  const saved = (await job.pause("later")).serialize();
  expect(attempts).toEqual([1]);
  const again = graph.resume(JobState.load(saved));
  while (attempts.length === 1) await sleep(1);
  await clock.advance(120_000);
  expect(await again.done).toMatchObject({ status: "failed", deadLetters: [{ attempts: 3 }] });
  expect(attempts).toEqual([1, 2, 3]);
});

test("saved and resumed as another job object: nothing is lost, nothing is done twice, parameters are kept", async () => {
  const { graph, begun, written, free } = held();
  const job = graph.execute(FIVE);
  await untilBegun(begun, 1);
  const paused = job.pause();
  free();
  const saved = (await paused).serialize();
  const other = held();
  other.free();
  const again = other.graph.resume(JobState.load(saved));
  const state = await again.done;
  expect(state).toMatchObject({ id: "job-1", status: "succeeded", entry: { params: { id: 5 } } });
  expect([...begun, ...other.begun]).toEqual([1, 2, 3, 4, 5]);
  expect([...written, ...other.written].toSorted()).toEqual([1, 2, 3, 4, 5]);
  expect(state.numbers.succeeded).toBe(11);
});

test("a job that was paused before it began runs from its entry, with its parameters", async () => {
  const { graph, written, free } = held();
  free();
  const job = graph.execute(FIVE);
  await job.pause();
  await job.resume();
  await job.done;
  expect(written).toEqual([1, 2, 3, 4, 5]);
});

test("cancel tells what runs by its signal, waits for it, and ends; what was queued is not done", async () => {
  const { graph, begun, written } = held(2);
  const job = graph.execute(FIVE);
  await untilBegun(begun, 2);
  const [one, two] = await Promise.all([job.cancel("no longer wanted"), job.cancel("again")]);
  expect(one).toMatchObject({ status: "cancelled", reason: "no longer wanted", endedAt: expect.any(Date) });
  expect(two.status).toBe("cancelled");
  expect(one.pending).toHaveLength(5);
  expect(begun).toEqual([1, 2]);
  expect(written).toEqual([]);
});

test("cancel is bounded where a handler never ends, with queued work and many at once", async () => {
  const clock = new TestClock();
  let begun = 0;
  const graph = graphOf(
    [
      source(),
      node("deaf", () => {
        begun += 1;
        return new Promise(() => {});
      }),
    ],
    ["source>deaf"],
    { clock, concurrent: 3, stopGrace: 2_000 },
  );
  const job = graph.execute({ entry: "source", params: { id: 9 } });
  while (begun < 3) await sleep(1);
  const cancelled = job.cancel();
  await clock.advance(1_999);
  expect(job.status).toBe("running");
  await clock.advance(1);
  expect((await cancelled).status).toBe("cancelled");
});

test("cancel from inside a handler stops the job", async () => {
  const job: { cancel?: () => Promise<unknown> } = {};
  const graph = graphOf(
    [
      source(),
      node("work", ({ id }, { signal }) => {
        if (id === 2) {
          void job.cancel?.();
          expect(signal.aborted).toBe(true);
        }
      }),
    ],
    ["source>work"],
  );
  const run = graph.execute(FIVE);
  job.cancel = () => run.cancel("enough");
  expect(await run.done).toMatchObject({ status: "cancelled", pending: [{ payload: { id: 3 } }, {}, {}] });
});

test("a pause that is overtaken by the job's failure says so", async () => {
  let fail = (): void => {};
  const graph = graphOf(
    [
      node(
        "a",
        () =>
          new Promise((_, reject) => {
            fail = () => reject(new Error("no"));
          }),
      ),
    ],
    [],
  );
  const job = graph.execute({ entry: "a", params: { id: 1 } });
  await sleep(5);
  const paused = job.pause();
  fail();
  await expect(paused).rejects.toThrow(IllegalMove);
  expect((await job.done).status).toBe("failed");
});

test("illegal moves are errors that say where the job stands", async () => {
  const graph = graphOf([node("a")], []);
  const done = graph.execute({ entry: "a", params: { id: 1 }, id: "done" });
  await expect(done.resume()).rejects.toThrow(IllegalMove);
  const state = await done.done;
  await expect(done.pause()).rejects.toThrow(
    /run done: expected a move that is open to a run that is succeeded, got paused/,
  );
  await expect(done.resume()).rejects.toThrow(/got running: it has ended/);
  await expect(done.cancel()).rejects.toThrow(IllegalMove);
  expect(() => graph.resume(state)).toThrow(IllegalMove);
  const cancelled = graph.execute({ entry: "a", params: { id: 1 }, id: "cancelled" });
  const text = (await cancelled.cancel()).serialize();
  expect(() => graph.resume(JobState.load(text))).toThrow(/run cancelled: .* is cancelled, got running/);
  const paused = graph.execute({ entry: "a", params: { id: 1 }, id: "paused" });
  await paused.pause();
  await expect(paused.pause()).rejects.toThrow(IllegalMove);
  await expect(graph.execute({ entry: "a", params: { id: 1 } }).pause("no", { fn() {} })).rejects.toThrow(
    NotCopyable,
  );
});

test("one job is one job: its id is not begun again, and a handle that was handed over follows", async () => {
  const { graph, free } = held();
  const job = graph.execute(FIVE);
  expect(() => graph.execute(FIVE)).toThrow(JobTaken);
  expect(() => graph.resume(job.state)).toThrow(JobTaken);
  const saved = (await job.pause()).serialize();
  const again = graph.resume(JobState.load(saved));
  await expect(job.resume()).rejects.toThrow(JobTaken);
  free();
  expect((await job.done).status).toBe("succeeded");
  expect(await job.done).toBe(await again.done);
});
