/** What becomes of deliveries that fail, and of their jobs. */
import { expect, test } from "vitest";
import { ErrorHandler, ErrorStrategy, type Job } from "../../src/graph/index.ts";
import { TestClock } from "../../src/testing.ts";
import { collector, graphOf, node, source } from "./routines.ts";

const { STOP, CONTINUE, SKIP, RETRY } = ErrorStrategy;

class BadRow extends Error {
  override readonly name = "BadRow";
}

/** Fails for ids that are told. */
function failing(ids: readonly number[], tries: number[] = [], options: Parameters<typeof node>[2] = {}) {
  return node(
    "check",
    ({ id }, { emit }) => {
      tries.push(id);
      if (ids.includes(id)) throw new BadRow(`row ${id}`);
      void emit("out", { id });
    },
    options,
  );
}

function graphWith(check: ReturnType<typeof failing>, handler?: ErrorHandler, clock?: TestClock) {
  const written: number[] = [];
  const graph = graphOf([source(), check, collector("write", written)], ["source>check", "check>write"], {
    clock,
  });
  if (handler !== undefined) graph.setErrorHandler(handler);
  return { graph, written };
}

const THREE = { entry: "source", params: { id: 3 } };

test.each([
  ["no handler", undefined],
  ["STOP", new ErrorHandler({ strategy: STOP })],
])("%s: the job fails at the first failure, and what had not begun is pending", async (_, handler) => {
  const { graph, written } = graphWith(failing([2]), handler);
  const state = await graph.execute(THREE).done;
  expect(state).toMatchObject({ status: "failed", error: { name: "BadRow", message: "row 2" } });
  expect(written).toEqual([]);
  expect(state.pending).toMatchObject([
    { slot: "check.in", payload: { id: 3 } },
    { slot: "write.in", payload: { id: 1 } },
  ]);
  expect(state.deadLetters).toMatchObject([
    {
      routine: "check",
      slot: "in",
      connection: "source.out>check.in",
      payload: { id: 2 },
      attempts: 1,
      skipped: false,
    },
  ]);
  expect(state.routine("check")).toMatchObject({ status: "failed", failures: 1, failed: 1 });
});

test("CONTINUE: all else is done, and the job fails in the end", async () => {
  const { graph, written } = graphWith(failing([2]), new ErrorHandler({ strategy: CONTINUE }));
  const state = await graph.execute(THREE).done;
  expect(state).toMatchObject({ status: "failed", error: { message: "row 2" }, pending: [] });
  expect(written).toEqual([1, 3]);
  expect(state.deadLetters).toMatchObject([{ payload: { id: 2 }, skipped: false }]);
});

test("SKIP: the delivery is given up, and the job succeeds", async () => {
  const { graph, written } = graphWith(failing([2]), new ErrorHandler({ strategy: SKIP }));
  const state = await graph.execute(THREE).done;
  expect(state).toMatchObject({ status: "succeeded", error: undefined });
  expect(written).toEqual([1, 3]);
  expect(state.deadLetters).toMatchObject([
    { payload: { id: 2 }, skipped: true, error: { message: "row 2" } },
  ]);
  expect(state.routine("check")).toMatchObject({ status: "succeeded", failures: 1, skipped: 1, failed: 0 });
});

async function settled(job: Job, clock: TestClock): Promise<void> {
  for (let at = 0; at < 50 && job.status === "running"; at += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(0);
  }
}

test("RETRY: 1, 2 and 4 times the delay, then what comes after", async () => {
  const clock = new TestClock();
  const began = clock.now();
  const at: number[] = [];
  const graph = graphOf(
    [
      node("a", (_, { attempt }) => {
        at.push(clock.now() - began);
        throw new BadRow(`attempt ${attempt}`);
      }),
    ],
    [],
    { clock },
  );
  graph.setErrorHandler(new ErrorHandler({ strategy: RETRY, maxRetries: 3, retryDelay: 1_000 }));
  const job = graph.execute({ entry: "a", params: { id: 1 } });
  await settled(job, clock);
  await clock.advance(60_000);
  const state = await job.done;
  expect(at).toEqual([0, 1_000, 3_000, 7_000]);
  expect(state).toMatchObject({ status: "failed", error: { message: "attempt 4" } });
  expect(state.routine("a")).toMatchObject({ count: 4, failures: 4, retries: 3, failed: 1 });
  expect(state.deadLetters).toMatchObject([{ attempts: 4 }]);
});

test("a delay has a cap and a share of chance", async () => {
  const clock = new TestClock();
  const began = clock.now();
  const at: number[] = [];
  const graph = graphOf(
    [
      node("a", () => {
        at.push(clock.now() - began);
        throw new BadRow("no");
      }),
    ],
    [],
    { clock, random: () => 0.5 },
  );
  graph.setErrorHandler(
    new ErrorHandler({ strategy: RETRY, maxRetries: 3, retryDelay: 1_000, maxDelay: 1_500, jitter: 0.5 }),
  );
  const job = graph.execute({ entry: "a", params: { id: 1 } });
  await settled(job, clock);
  await clock.advance(60_000);
  await job.done;
  expect(at).toEqual([0, 750, 1_875, 3_000]);
});

test("what an attempt emitted leaves only when it succeeds", async () => {
  const { graph, written } = graphWith(
    node("check", ({ id }, { emit, attempt, state }) => {
      void emit("out", { id: id * 10 + attempt });
      state.set("last", id);
      if (attempt < 3) throw new BadRow("again");
    }),
    new ErrorHandler({ strategy: RETRY, retryDelay: 0 }),
  );
  const state = await graph.execute(THREE).done;
  expect(written).toEqual([13, 23, 33]);
  expect(state.status).toBe("succeeded");
  expect(state.routine("check")).toMatchObject({ succeeded: 3, failures: 6, retries: 6 });
});

test("order over a connection is kept over retries", async () => {
  let first = true;
  const { graph, written } = graphWith(
    node("check", ({ id }, { emit }) => {
      if (id === 1 && first) {
        first = false;
        throw new BadRow("once");
      }
      void emit("out", { id });
    }),
    new ErrorHandler({ strategy: RETRY, retryDelay: 0 }),
  );
  await graph.execute(THREE).done;
  expect(written).toEqual([1, 2, 3]);
});

test.each([
  ["classes", [RangeError]],
  ["a function", (error: unknown) => error instanceof RangeError],
])("an error that is not to be tried again is not, told by %s", async (_, retryOn) => {
  const tries: number[] = [];
  const { graph } = graphWith(
    failing([2], tries),
    new ErrorHandler({ strategy: RETRY, retryOn, otherwise: SKIP }),
  );
  const state = await graph.execute(THREE).done;
  expect(tries).toEqual([1, 2, 3]);
  expect(state).toMatchObject({ status: "succeeded", deadLetters: [{ attempts: 1 }] });
});

test("after the last retry comes what otherwise says", async () => {
  for (const [otherwise, status] of [
    [STOP, "failed"],
    [CONTINUE, "failed"],
    [SKIP, "succeeded"],
  ] as const) {
    const tries: number[] = [];
    const { graph } = graphWith(
      failing([2], tries),
      new ErrorHandler({ strategy: RETRY, maxRetries: 1, retryDelay: 0, otherwise }),
    );
    const state = await graph.execute(THREE).done;
    expect(state.status).toBe(status);
    expect(tries).toEqual(otherwise === STOP ? [1, 2, 2] : [1, 2, 2, 3]);
  }
});

test("a budget for the job as a whole, anew for each job", async () => {
  const tries: number[] = [];
  const handler = new ErrorHandler({
    strategy: RETRY,
    maxRetries: 9,
    maxRetriesPerJob: 3,
    retryDelay: 0,
    otherwise: SKIP,
  });
  const { graph } = graphWith(failing([1, 2, 3], tries), handler);
  for (let round = 0; round < 2; round += 1) {
    tries.length = 0;
    const state = await graph.execute(THREE).done;
    expect(tries).toEqual([1, 1, 1, 1, 2, 3]);
    expect(state.routine("check").retries).toBe(3);
  }
});

test("the routine's own handler goes before the graph's, whatever that says", async () => {
  const check = failing([2]);
  check.setErrorHandler(new ErrorHandler({ strategy: SKIP }));
  const { graph } = graphWith(check, new ErrorHandler({ strategy: STOP }));
  expect((await graph.execute(THREE).done).status).toBe("succeeded");
});

test("an inner graph's handler goes before the outer's, and after a routine's", async () => {
  const inner = graphOf([failing([2])], []);
  inner.setErrorHandler(new ErrorHandler({ strategy: SKIP }));
  const outer = graphOf([source()], []);
  outer.addGraph(inner, "inner");
  outer.connect({ source: "source", event: "out", target: "inner/check", slot: "in" });
  expect((await outer.execute(THREE).done).status).toBe("succeeded");
});

test("an optional routine neither stops nor fails the job; a critical one stops it whatever the handler says", async () => {
  const optional = graphWith(failing([2], [], { optional: true }));
  expect(await optional.graph.execute(THREE).done).toMatchObject({
    status: "succeeded",
    deadLetters: [{ skipped: true }],
  });
  expect(optional.written).toEqual([1, 3]);
  const critical = graphWith(failing([2], [], { critical: true }), new ErrorHandler({ strategy: SKIP }));
  expect(await critical.graph.execute(THREE).done).toMatchObject({
    status: "failed",
    deadLetters: [{ skipped: false }],
  });
});

test("a failure deep downstream is the job's", async () => {
  const names = Array.from({ length: 30 }, (_, at) => `r${at}`);
  const graph = graphOf(
    [
      ...names.map((name) => node(name)),
      node("end", async () => {
        throw new BadRow("deep");
      }),
    ],
    [...names, "end"].slice(1).map((name, at) => `${names[at]}>${name}`),
  );
  expect(await graph.execute({ entry: "r0", params: { id: 1 } }).done).toMatchObject({
    status: "failed",
    error: { message: "deep" },
  });
});

test("concurrent: a stop tells what runs beside, by its signal, and all errors are in the job", async () => {
  const told: unknown[] = [];
  const graph = graphOf(
    [
      source(),
      node("work", async ({ id }, { signal }) => {
        if (id === 3) throw new BadRow("row 3");
        await new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            told.push(id);
            reject(signal.reason);
          });
        });
      }),
    ],
    ["source>work"],
    { concurrent: 3 },
  );
  const state = await graph.execute({ entry: "source", params: { id: 5 } }).done;
  expect(told).toEqual([1, 2]);
  expect(state).toMatchObject({ status: "failed", error: { message: "row 3" } });
  expect(state.pending.map(({ payload, attempts }) => [payload, attempts])).toEqual([
    [{ id: 1 }, 0],
    [{ id: 2 }, 0],
    [{ id: 4 }, 0],
    [{ id: 5 }, 0],
  ]);
  graph.setErrorHandler(new ErrorHandler({ strategy: CONTINUE }));
  const all = graphOf([source(), failing([1, 2, 3])], ["source>check"], { concurrent: 3 });
  all.setErrorHandler(new ErrorHandler({ strategy: CONTINUE }));
  expect((await all.execute(THREE).done).deadLetters.map(({ error }) => (error as Error).message)).toEqual([
    "row 1",
    "row 2",
    "row 3",
  ]);
});

test("a handler that never settles fails when its time is over, and may be tried again", async () => {
  const clock = new TestClock();
  const signals: AbortSignal[] = [];
  const graph = graphOf(
    [
      node(
        "hang",
        (_, { signal, attempt }) => {
          signals.push(signal);
          return attempt === 1 ? new Promise(() => {}) : Promise.resolve();
        },
        { timeout: 5_000 },
      ),
    ],
    [],
    { clock },
  );
  graph.setErrorHandler(new ErrorHandler({ strategy: RETRY, retryDelay: 1_000 }));
  const job = graph.execute({ entry: "hang", params: { id: 1 } });
  await settled(job, clock);
  await clock.advance(5_000);
  expect(signals[0]?.aborted).toBe(true);
  await clock.advance(1_000);
  const state = await job.done;
  expect(state.status).toBe("succeeded");
  expect(state.history.find(({ kind }) => kind === "failed")).toMatchObject({
    ms: 5_000,
    error: {
      type: "TimeoutError",
      message: "hang.in: expected its handler to end within 5000 ms, got no end",
    },
  });
});

test("an AbortError of the handler's own cancels the job, and is not tried again", async () => {
  const tries: number[] = [];
  const graph = graphOf(
    [
      node("a", ({ id }) => {
        tries.push(id);
        throw new DOMException("customer hung up", "AbortError");
      }),
    ],
    [],
  );
  graph.setErrorHandler(new ErrorHandler({ strategy: RETRY, retryDelay: 0 }));
  expect(await graph.execute({ entry: "a", params: { id: 1 } }).done).toMatchObject({
    status: "cancelled",
    reason: "customer hung up",
  });
  expect(tries).toEqual([1]);
});

test("what is thrown may be anything", async () => {
  const graph = graphOf(
    [
      node("a", () => {
        throw undefined;
      }),
    ],
    [],
  );
  const { status, deadLetters } = await graph.execute({ entry: "a", params: { id: 1 } }).done;
  expect({ status, deadLetters }).toMatchObject({ status: "failed", deadLetters: [{ error: undefined }] });
});

test("dead letters are bounded, the newest stay, and those that went are counted", async () => {
  const graph = graphOf([source(), failing([1, 2, 3, 4])], ["source>check"], {
    deadLetterLimit: 2,
    historyLimit: 3,
  });
  graph.setErrorHandler(new ErrorHandler({ strategy: SKIP }));
  const state = await graph.execute({ entry: "source", params: { id: 4 } }).done;
  expect(state.deadLetters.map(({ payload }) => payload)).toEqual([{ id: 3 }, { id: 4 }]);
  expect(state.deadLettersDropped).toBe(2);
  expect(state.history).toHaveLength(3);
  expect(state.historyDropped).toBe(8);
});

test.each([
  [{ strategy: "explode" }, /strategy to be stop, continue, skip, retry, got explode/],
  [{ strategy: RETRY, maxRetries: -1 }, /maxRetries to be a whole number from 0, or Infinity, got -1/],
  [{ strategy: RETRY, maxRetriesPerJob: 0.5 }, /maxRetriesPerJob/],
  [{ strategy: RETRY, otherwise: RETRY }, /otherwise to be stop, continue, skip, got retry/],
  [{ strategy: RETRY, retryDelay: Number.NaN }, /ErrorHandler: expected baseDelay/],
  [{ strategy: RETRY, retryOn: ["BadRow"] }, /retryOn to be classes of errors or a function/],
])("a handler that can't be meant is an error: %j", (options, message) => {
  expect(() => new ErrorHandler(options as never)).toThrow(message);
});
