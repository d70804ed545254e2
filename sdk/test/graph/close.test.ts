/** A graph that is closed: what it had in hand goes on in another process at once, and nothing waits for a lease. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  ErrorHandler,
  ErrorStrategy,
  GraphClosed,
  type Job,
  JobLeft,
  type Journal,
  memoryJournal,
} from "../../src/graph/index.ts";
import { TestClock } from "../../src/testing.ts";
import { graphOf, node, source } from "./routines.ts";

let clock: TestClock;
let journal: Journal;

beforeEach(() => {
  clock = new TestClock();
  journal = memoryJournal({ clock });
});
afterEach(() => journal.close());

const FOUR = { entry: "source", params: { id: 4 }, id: "job-1" };

/** @param wait what the handler of an item waits for */
function process(
  wait: (id: number, signal: AbortSignal) => unknown = () => {},
  own: Journal | null = journal,
) {
  const begun: number[] = [];
  const done: number[] = [];
  const work = node("work", async ({ id }, { signal }) => {
    begun.push(id);
    await wait(id, signal);
    done.push(id);
  });
  const graph = graphOf([source(), work], ["source>work"], { journal: own ?? undefined, clock });
  return { graph, begun, done };
}

async function until(what: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(what()).toBe(true));
}

test("what a handler has in hand is finished, and the rest goes on in another process at once", async () => {
  const third = Promise.withResolvers<void>();
  const first = process((id) => (id === 3 ? third.promise : undefined));
  const job = first.graph.execute(FOUR);
  await until(() => first.begun.length === 3);
  const closed = first.graph.close();
  await sleep(2);
  expect(await journal.read("job-1")).toMatchObject({ owner: expect.any(String) });
  third.resolve();
  await closed;
  await expect(job.done).rejects.toThrow(JobLeft);
  expect(await journal.read("job-1")).toMatchObject({
    status: "running",
    owner: undefined,
    dueAt: clock.now(),
  });
  const second = process();
  const [again] = await second.graph.recover();
  expect((await (again as Job).done).numbers).toMatchObject({ succeeded: 5, failures: 0 });
  expect([first.done, second.done]).toEqual([[1, 2, 3], [4]]);
});

test("a handler that does not end is told to stop when the grace is over, and its delivery is handled anew", async () => {
  const signals: AbortSignal[] = [];
  const first = process((_, signal) => {
    signals.push(signal);
    return new Promise(() => {});
  });
  const job = first.graph.execute({ ...FOUR, params: { id: 1 } });
  await until(() => signals.length === 1);
  const closed = first.graph.close({ grace: 3_000 });
  await clock.advance(2_999);
  expect(signals[0]?.aborted).toBe(false);
  await clock.advance(1);
  expect(signals[0]?.aborted).toBe(true);
  await clock.advance(5_000);
  await closed;
  await expect(job.done).rejects.toThrow(JobLeft);
  const attempts: number[] = [];
  const work = node("work", (_, { attempt }) => void attempts.push(attempt));
  const [again] = await graphOf([source(), work], ["source>work"], { journal, clock }).recover();
  expect(await (again as Job).done).toMatchObject({ status: "succeeded" });
  expect(attempts).toEqual([1]);
});

test("a wait for another try is no work: nobody waits for it, and the tries count on", async () => {
  const attempts: number[] = [];
  const make = () => {
    const graph = graphOf(
      [
        node("a", (_, { attempt }) => {
          attempts.push(attempt);
          if (attempt === 1) throw new RangeError("not yet");
        }),
      ],
      [],
      { journal, clock },
    );
    return graph.setErrorHandler(new ErrorHandler({ strategy: ErrorStrategy.RETRY, retryDelay: 60_000 }));
  };
  const graph = make();
  graph.execute({ entry: "a", params: { id: 1 }, id: "job-1" });
  await until(() => attempts.length === 1);
  await sleep(2);
  await graph.close();
  const [again] = await make().recover();
  expect(await (again as Job).done).toMatchObject({ status: "succeeded", numbers: { retries: 1 } });
  expect(attempts).toEqual([1, 2]);
});

test("a job that is only just begun is given back as it was begun", async () => {
  const first = process();
  const job = first.graph.execute(FOUR);
  await first.graph.close();
  await expect(job.done).rejects.toThrow(JobLeft);
  expect(first.begun).toEqual([]);
  const second = process();
  const [again] = await second.graph.recover();
  expect((await (again as Job).done).status).toBe("succeeded");
});

test("what comes of a look into the journal goes back too, and a worker takes no more", async () => {
  const first = process();
  await first.graph.execute(FOUR).pause();
  const waiting = process();
  const [resumed, recovered] = [waiting.graph.resume("job-1"), waiting.graph.recover()];
  const worker = waiting.graph.worker();
  await waiting.graph.close();
  await expect((await resumed).done).rejects.toThrow(JobLeft);
  expect(await recovered).toEqual([]);
  expect(waiting.begun).toEqual([]);
  await worker.stop();
  const second = process();
  const [again] = await second.graph.recover();
  expect((await (again as Job).done).status).toBe("succeeded");
});

test("who waits for the job of another process waits no more, and that goes on", async () => {
  const third = Promise.withResolvers<void>();
  const first = process((id) => (id === 3 ? third.promise : undefined));
  const job = first.graph.execute(FOUR);
  await until(() => first.begun.length === 3);
  const second = process();
  const joined = second.graph.execute(FOUR);
  const resumed = second.graph.resume("job-1").catch((error: unknown) => error);
  await sleep(2);
  await second.graph.close();
  await expect(joined.done).rejects.toThrow(JobLeft);
  third.resolve();
  expect((await job.done).status).toBe("succeeded");
  expect(await resumed).toBeInstanceOf(Error);
  expect(second.begun).toEqual([]);
});

test("an end, a pause and a cancellation that come first are as they would be", async () => {
  const wait = Promise.withResolvers<void>();
  const { graph, begun } = process(() => wait.promise);
  const ends = graph.execute({ ...FOUR, id: "ends", params: { id: 1 } });
  const pauses = graph.execute({ ...FOUR, id: "pauses" });
  const stops = graph.execute({ ...FOUR, id: "stops" });
  await until(() => begun.length === 3);
  const paused = pauses.pause("audit");
  const cancelled = stops.cancel("no longer wanted");
  const closed = graph.close();
  wait.resolve();
  await closed;
  expect(await ends.done).toMatchObject({ status: "succeeded" });
  expect(await paused).toMatchObject({ status: "paused", reason: "audit" });
  expect(await cancelled).toMatchObject({ status: "cancelled", reason: "no longer wanted" });
  expect(await journal.read("pauses")).toMatchObject({ status: "paused" });
});

test("without a journal a job is cancelled", async () => {
  const wait = Promise.withResolvers<void>();
  const { graph, begun, done } = process(() => wait.promise, null);
  const job = graph.execute(FOUR);
  await until(() => begun.length === 1);
  const closed = graph.close();
  wait.resolve();
  await closed;
  expect(await job.done).toMatchObject({ status: "cancelled", reason: "its graph was closed" });
  expect([begun, done]).toEqual([[1], [1]]);
});

test("a journal that does not answer is not waited for: the job goes on when its lease has run out", async () => {
  const silent: Journal = Object.assign(Object.create(journal) as Journal, {
    name: "silent",
    open: journal.open.bind(journal),
    renew: journal.renew.bind(journal),
    write: journal.write.bind(journal),
    claimDue: () => new Promise(() => {}),
    park: () => new Promise(() => {}),
  });
  const { graph, begun } = process(() => undefined, silent);
  const job = graph.execute(FOUR);
  void graph.recover();
  const closed = graph.close({ grace: 0 });
  await sleep(2);
  await clock.advance(6_000);
  await closed;
  await expect(job.done).rejects.toThrow(JobLeft);
  expect(begun).toEqual([]);
  expect(await journal.read("job-1")).toMatchObject({ owner: expect.any(String) });
});

test("what is closed begins nothing more", async () => {
  const { graph } = process();
  const paused = graph.execute(FOUR);
  const state = await paused.pause();
  await using closing = graph;
  await closing.close();
  await graph.close();
  expect(() => graph.execute({ ...FOUR, id: "job-2" })).toThrow(GraphClosed);
  expect(() => graph.resume(state)).toThrow(/graph test: resume: expected a graph that is open/);
  expect(() => graph.worker()).toThrow(GraphClosed);
  await expect(graph.resume("job-1")).rejects.toThrow(GraphClosed);
  await expect(graph.recover()).rejects.toThrow(GraphClosed);
  await expect(paused.resume()).rejects.toThrow(GraphClosed);
  await expect(graph.close({ grace: -1 })).rejects.toThrow(
    /expected grace to be milliseconds from 0, got -1/,
  );
});
