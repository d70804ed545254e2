/** Jobs in a journal: they outlive their process, and each finished delivery is finished once. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  ErrorHandler,
  ErrorStrategy,
  Graph,
  GraphMismatch,
  IllegalMove,
  type Job,
  JobState,
  type Journal,
  LeaseLost,
  memoryJournal,
  RunUnknown,
  routine,
  ValueTooLarge,
} from "../../src/graph/index.ts";
import { TestClock } from "../../src/testing.ts";
import { collector, graphOf, type Item, item, node, source } from "./routines.ts";

let clock: TestClock;
let journal: Journal;

beforeEach(() => {
  clock = new TestClock();
  journal = memoryJournal({ clock });
});
afterEach(() => journal.close());

const LEASE = 15_000;
const FOUR = { entry: "source", params: { id: 4 }, id: "job-1", tenant: "acme-corp" };

/** As one process has it. With `stuck` it stands still where that says so: neither its handler goes on nor its timers. */
function process(stuck?: (id: number) => boolean) {
  const done: number[] = [];
  const written: number[] = [];
  const own = stuck === undefined ? clock : new TestClock();
  const graph = graphOf(
    [
      source(),
      node("work", async ({ id }, { emit, state, shared }) => {
        if (stuck?.(id)) await new Promise(() => {});
        state.update<number>("count", (count = 0) => count + 1);
        shared.set(`row ${id}`, new Date(id));
        done.push(id);
        void emit("out", { id });
      }),
      collector("write", written),
    ],
    ["source>work", "work>write"],
    { journal, clock: own },
  );
  return { graph, done, written, own };
}

async function until(what: () => boolean): Promise<void> {
  while (!what()) await sleep(1);
}

test("another process goes on where the first one stood still: nothing is lost, nothing that was finished is done again", async () => {
  const first = process((id) => id === 3);
  const stopped = first.graph.execute(FOUR);
  await until(() => first.done.length === 2);
  await sleep(5);
  const second = process();
  expect(await second.graph.recover()).toEqual([]);
  await clock.advance(LEASE * 3);
  const [job] = await second.graph.recover();
  const state = await (job as Job).done;
  expect(state).toMatchObject({
    id: "job-1",
    tenant: "acme-corp",
    status: "succeeded",
    entry: { params: { id: 4 } },
  });
  expect(first.done).toEqual([1, 2]);
  expect(second.done).toEqual([3, 4]);
  expect([...first.written, ...second.written].toSorted()).toEqual([1, 2, 3, 4]);
  expect(state.routine("work")).toMatchObject({ succeeded: 4, failures: 0 });
  expect(state.routine("work").values.get("count")).toBe(4);
  expect([...state.shared.keys()]).toEqual(["row 1", "row 2", "row 3", "row 4"]);
  expect(state.shared.get("row 1")).toEqual(new Date(1));
  await first.own.advance(LEASE);
  await expect(stopped.done).rejects.toThrow(LeaseLost);
});

test("the same id joins the job that is under way, or gives the end of the one that was", async () => {
  const first = process((id) => id === 3);
  const one = first.graph.execute(FOUR);
  one.done.catch(() => {});
  await until(() => first.done.length === 2);
  const second = process();
  const joined = second.graph.execute(FOUR);
  await sleep(5);
  expect(second.done).toEqual([]);
  for (let at = 0; at < 8; at += 1) await clock.advance(LEASE / 2);
  expect((await joined.done).status).toBe("succeeded");
  expect(second.done).toEqual([3, 4]);
  const third = process();
  const again = await third.graph.execute(FOUR).done;
  expect(again).toMatchObject({ status: "succeeded", numbers: { succeeded: 9 } });
  expect(third.done).toEqual([]);
  await expect(third.graph.execute({ ...FOUR, tenant: "globex" }).done).rejects.toThrow(
    /in use by a run of another tenant/,
  );
});

test("a pause is kept: resumed by its id in another process, cancelled there, or in the same one", async () => {
  const first = process();
  const job = first.graph.execute(FOUR);
  await job.pause("audit", { by: "sam" });
  const second = process();
  expect(await second.graph.recover()).toEqual([]);
  const resumed = await second.graph.resume("job-1");
  expect(resumed.state).toMatchObject({
    status: "running",
    pauses: [{ reason: "audit", checkpoint: { by: "sam" } }],
  });
  await resumed.pause("again");
  await expect(job.resume().then(() => job.done)).resolves.toMatchObject({ status: "succeeded" });
  await expect(second.graph.resume("job-1")).rejects.toThrow(IllegalMove);
  await expect(second.graph.resume("nobody")).rejects.toThrow(RunUnknown);

  const other = first.graph.execute({ ...FOUR, id: "job-2" });
  await other.pause();
  await journal.cancel("job-2", "no longer wanted");
  const [cancelled] = await second.graph.recover();
  expect(await (cancelled as Job).done).toMatchObject({ status: "cancelled", reason: "no longer wanted" });
});

test("a lease that goes with a pause is not one that was lost", async () => {
  const answered = Promise.withResolvers<void>();
  const slow: Journal = Object.assign(Object.create(journal) as Journal, {
    name: "slow",
    open: journal.open.bind(journal),
    write: journal.write.bind(journal),
    renew: journal.renew.bind(journal),
    park: async (...args: Parameters<Journal["park"]>) => {
      await journal.park(...args);
      await answered.promise;
    },
  });
  const graph = graphOf([source(), node("work")], ["source>work"], { journal: slow, clock });
  const job = graph.execute(FOUR);
  const paused = job.pause();
  await vi.waitFor(async () => expect(await journal.read("job-1")).toMatchObject({ status: "paused" }));
  // It is renewed before the answer is there.
  await clock.advance(LEASE);
  answered.resolve();
  expect((await paused).status).toBe("paused");
});

test("a checkpoint that the journal can't keep is refused, and the job goes on", async () => {
  const first = process();
  const job = first.graph.execute(FOUR);
  await expect(job.pause("too much", "x".repeat(2 ** 21))).rejects.toThrow(ValueTooLarge);
  expect(await job.done).toMatchObject({ status: "succeeded", pauses: [] });
});

test("a journal that fails for good ends the job here, and says why", async () => {
  const broken: Journal = Object.assign(Object.create(journal) as Journal, {
    name: "broken",
    open: journal.open.bind(journal),
    renew: journal.renew.bind(journal),
    write: () => Promise.reject(new RangeError("not a journal any more")),
  });
  const graph = graphOf([source()], [], { journal: broken, clock });
  await expect(graph.execute(FOUR).done).rejects.toThrow(/not a journal any more/);
});

test("cancelled from another process while it runs", async () => {
  const begun: number[] = [];
  const graph = graphOf(
    [
      source(),
      node("work", ({ id }) => {
        begun.push(id);
        return id === 2 ? new Promise(() => {}) : undefined;
      }),
    ],
    ["source>work"],
    { journal, clock },
  );
  const job = graph.execute(FOUR);
  await until(() => begun.length === 2);
  await journal.cancel("job-1", "customer left");
  // It is told when its lease is renewed; its handler does not heed its signal.
  await clock.advance(LEASE / 3);
  await sleep(2);
  await clock.advance(5_000);
  expect(await job.done).toMatchObject({ status: "cancelled", reason: "customer left" });
  expect(await journal.read("job-1")).toMatchObject({ status: "cancelled" });
});

test("one that was to be cancelled, and is lost again while it is, harms nobody who did not ask", async () => {
  const first = process((id) => id === 3);
  const stopped = first.graph.execute(FOUR);
  stopped.done.catch(() => {});
  await until(() => first.done.length === 2);
  await journal.cancel("job-1", "no longer wanted");
  await clock.advance(LEASE * 3);
  vi.spyOn(journal, "end").mockImplementation(async ({ runId, token }) => {
    throw new LeaseLost(runId, token);
  });
  const { graph } = process();
  const unheard: unknown[] = [];
  const hear = (error: unknown) => unheard.push(error);
  globalThis.process.on("unhandledRejection", hear);
  try {
    const [job] = await graph.recover();
    await expect((job as Job).done).rejects.toBeInstanceOf(LeaseLost);
    await sleep(5);
    expect(unheard).toEqual([]);
  } finally {
    globalThis.process.off("unhandledRejection", hear);
  }
});

test("tries that failed count in the next process", async () => {
  const tries: number[] = [];
  const trying = (at: TestClock) => {
    const graph = graphOf(
      [
        node("a", (_, { attempt }) => {
          tries.push(attempt);
          throw new RangeError(`attempt ${attempt}`);
        }),
      ],
      [],
      { journal, clock: at },
    );
    graph.setErrorHandler(
      new ErrorHandler({ strategy: ErrorStrategy.RETRY, maxRetries: 2, retryDelay: 1_000 }),
    );
    return graph;
  };
  const first = trying(new TestClock()).execute({ entry: "a", params: { id: 1 }, id: "job-3" });
  first.done.catch(() => {});
  await until(() => tries.length === 1);
  await sleep(2);
  await clock.advance(LEASE * 3);
  const [job] = await trying(clock).recover();
  await until(() => tries.length === 2);
  await sleep(2);
  await clock.advance(2_000);
  expect(await (job as Job).done).toMatchObject({
    status: "failed",
    deadLetters: [{ attempts: 3, error: { message: "attempt 3" } }],
  });
  expect(tries).toEqual([1, 2, 3]);
  expect(await journal.read("job-3")).toMatchObject({ status: "failed" });
});

test("joins, batches and merges are taken up where they were", async () => {
  const make = (stuck: boolean) => {
    const got: unknown[] = [];
    const graph = new Graph("gathering", { journal, clock: stuck ? new TestClock() : clock });
    graph.addRoutine(source());
    graph.addRoutine(node("a"));
    graph.addRoutine(
      node("b", async (given, { emit }) => {
        if (stuck && given.id === 2) await new Promise(() => {});
        void emit("out", given);
      }),
    );
    graph.addRoutine(
      routine(
        "all",
        { in: item, join: "all" },
        ({ parts }) => void got.push(parts.map((part) => part.payload.id)),
      ),
    );
    graph.addRoutine(
      routine("any", { in: item, join: "any" }, ({ parts }) => void got.push(`any ${parts[0]?.payload.id}`)),
    );
    graph.addRoutine(
      routine("pairs", { in: item, batch: 2 }, (rows) => void got.push(`batch ${rows.map(({ id }) => id)}`)),
    );
    graph.addRoutine(
      routine(
        "sum",
        { in: item, merge: (sum: number | undefined, { id }: Item) => (sum ?? 0) + id },
        (sum) => void got.push(`sum ${sum}`),
      ),
    );
    const edges = ["source>a", "source>b", "a>all", "b>all", "a>any", "b>any", "b>pairs", "b>sum"];
    for (const edge of edges) {
      const [from = "", to = ""] = edge.split(">");
      graph.connect({ source: from, event: "out", target: to, slot: "in" });
    }
    return { graph, got };
  };
  const first = make(true);
  first.graph.execute({ ...FOUR, params: { id: 3 } }).done.catch(() => {});
  await sleep(20);
  expect(first.got).toEqual([]);
  await clock.advance(LEASE * 3);
  const second = make(false);
  const [job] = await second.graph.recover();
  const state = await (job as Job).done;
  expect(state.status).toBe("succeeded");
  expect(second.got.toSorted()).toEqual(
    [
      [1, 1],
      "any 1",
      "batch 1,2",
      "sum 1",
      [2, 2],
      "any 2",
      "sum 3",
      [3, 3],
      "any 3",
      "sum 6",
      "batch 3",
    ].toSorted(),
  );
});

describe("a join of two of three, without a key", () => {
  /** @param stuck rounds whose handlers end only when they are told to stop @param kept without a journal the third sends nothing */
  function joining(at: TestClock, stuck: readonly number[], kept: Journal | null = journal) {
    const got: string[] = [];
    const graph = new Graph("two of three", { journal: kept ?? undefined, clock: at, concurrent: 8 });
    graph.addRoutine(source());
    for (const name of ["a", "b"]) graph.addRoutine(node(name));
    graph.addRoutine(node("c", (given, { emit }) => kept && void emit("out", given)));
    const two = routine("two", { in: item, join: 2 }, async ({ parts }, { signal }) => {
      if (stuck.includes(parts[0]?.payload.id ?? 0)) await once(signal, "abort");
      signal.throwIfAborted();
      got.push(parts.map(({ source, payload }) => `${source}${payload.id}`).join(" "));
    });
    graph.addRoutine(two);
    for (const name of ["a", "b", "c"]) {
      graph.connect({ source: "source", event: "out", target: name, slot: "in" });
      graph.connect({ source: name, event: "out", target: "two", slot: "in" });
    }
    return { graph, got };
  }

  test("what was late is late again, and the rounds that it was late for come anew", async () => {
    const first = joining(new TestClock(), [1]);
    const job = first.graph.execute({ ...FOUR, params: { id: 3 } });
    job.done.catch(() => {});
    await until(() => job.state.history.filter(({ kind }) => kind === "late").length === 3);
    await until(() => first.got.length === 2);
    await sleep(5);
    await clock.advance(LEASE * 3);
    const second = joining(clock, []);
    const [again] = await second.graph.recover();
    const state = await (again as Job).done;
    expect([first.got, second.got]).toEqual([["a2 b2", "a3 b3"], ["a1 b1"]]);
    expect(state.pending).toEqual([]);
  });

  test("saved while a later round is over, an earlier one is what it was", async () => {
    const first = joining(clock, [1], null);
    const job = first.graph.execute({ ...FOUR, params: { id: 3 } });
    await until(() => first.got.length === 2);
    const saved = (await job.pause("now", undefined, { abort: true })).serialize();
    const second = joining(clock, [], null);
    const state = await second.graph.resume(JobState.load(saved)).done;
    expect([first.got, second.got]).toEqual([["a2 b2", "a3 b3"], ["a1 b1"]]);
    expect(state).toMatchObject({ status: "succeeded", pending: [] });
  });
});

test("a batch that was finished is finished with all that went into it", async () => {
  const make = (stuckAt: number, at: TestClock) => {
    const got: number[][] = [];
    const graph = new Graph("batching", { journal, clock: at });
    graph.addRoutine(source());
    graph.addRoutine(
      routine("write", { in: item, batch: 2 }, async (rows) => {
        if (rows[0]?.id === stuckAt) await new Promise(() => {});
        got.push(rows.map(({ id }) => id));
      }),
    );
    graph.connect({ source: "source", event: "out", target: "write", slot: "in" });
    return { graph, got };
  };
  const first = make(3, new TestClock());
  first.graph.execute(FOUR).done.catch(() => {});
  await until(() => first.got.length === 1);
  await sleep(5);
  await clock.advance(LEASE * 3);
  const second = make(0, clock);
  const [job] = await second.graph.recover();
  expect(await (job as Job).done).toMatchObject({ status: "succeeded", numbers: { succeeded: 3 } });
  expect([first.got, second.got]).toEqual([[[1, 2]], [[3, 4]]]);
});

test("a program that can't go on with a job leaves it as it was, and says so", async () => {
  const first = process((id) => id === 3);
  first.graph.execute(FOUR).done.catch(() => {});
  await until(() => first.done.length === 2);
  await sleep(5);
  await clock.advance(LEASE * 3);
  const poorer = graphOf([source(), node("other")], ["source>other"], { journal, clock });
  expect(await poorer.recover()).toEqual([]);
  expect(await journal.read("job-1")).toMatchObject({ status: "running", owner: undefined });
  await expect(poorer.resume("job-1")).rejects.toThrow(GraphMismatch);
  const second = process();
  const job = await second.graph.resume("job-1");
  expect((await job.done).status).toBe("succeeded");
  expect(second.done).toEqual([3, 4]);
});

describe("a worker", () => {
  test("takes the jobs of processes that die, until it is stopped", async () => {
    const first = process((id) => id === 1);
    first.graph.execute(FOUR).done.catch(() => {});
    first.graph.execute({ ...FOUR, id: "job-2" }).done.catch(() => {});
    await sleep(5);
    const second = process();
    await using worker = second.graph.worker({ concurrency: 1 });
    for (let at = 0; at < 8; at += 1) await clock.advance(LEASE / 2);
    await until(() => second.written.length === 8);
    expect(await journal.read("job-2")).toMatchObject({ status: "succeeded" });
    await worker.stop();
  });
});

test("without a journal there is nothing to recover", async () => {
  const graph = graphOf([source()], []);
  await expect(graph.recover()).rejects.toThrow(/recover: expected a graph with a journal, got one without/);
  expect(() => graph.worker()).toThrow(/expected a graph with a journal/);
  await expect(graph.resume("job-1")).rejects.toThrow(/expected a graph with a journal/);
});
