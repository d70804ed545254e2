/** Joins and batches: what belongs together comes together. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  custom,
  Graph,
  type GraphOptions,
  JobState,
  JoinIncomplete,
  type JoinOptions,
  routine,
} from "../../src/graph/index.ts";
import type { AnyRoutines } from "../../src/graph/typed.ts";
import { TestClock } from "../../src/testing.ts";
import { type Item, item, node, source } from "./routines.ts";

/** `source` to each of `branches`, and all of them to a join. */
function joining(
  join: NonNullable<JoinOptions<Item>["need"]> | JoinOptions<Item>,
  branches: ReturnType<typeof node>[],
  options?: GraphOptions<AnyRoutines>,
) {
  const got: unknown[] = [];
  const graph = new Graph("joining", options);
  graph.addRoutine(source());
  graph.addRoutine(
    routine("join", { in: item, join }, ({ parts, missing }) => {
      got.push([parts.map(({ source, payload }) => `${source}${payload.id}`).join(" "), ...missing]);
    }),
  );
  for (const branch of branches) {
    graph.addRoutine(branch);
    graph.connect({ source: "source", event: "out", target: branch.name, slot: "in" });
    graph.connect({ source: branch.name, event: "out", target: "join", slot: "in" });
  }
  return { graph, got };
}

const TWO = { entry: "source", params: { id: 2 } };

test("all: the first of each connection together, then the second of each", async () => {
  const { graph, got } = joining("all", [node("a"), node("b"), node("c")]);
  const { status, numbers } = await graph.execute(TWO).done;
  expect(status).toBe("succeeded");
  expect(got).toEqual([["a1 b1 c1"], ["a2 b2 c2"]]);
  expect(numbers.succeeded).toBe(1 + 6 + 2);
});

test("any: the first goes on, the others are late", async () => {
  const { graph, got } = joining("any", [node("a"), node("b"), node("c")]);
  const state = await graph.execute(TWO).done;
  expect(state.status).toBe("succeeded");
  expect(got).toEqual([
    ["a1", "b.out", "c.out"],
    ["a2", "b.out", "c.out"],
  ]);
  expect(state.history.filter(({ kind }) => kind === "late")).toHaveLength(4);
  expect(state.pending).toEqual([]);
});

test("n of m", async () => {
  const { graph, got } = joining(2, [node("a"), node("b"), node("c")]);
  await graph.execute(TWO).done;
  expect(got).toEqual([
    ["a1 b1", "c.out"],
    ["a2 b2", "c.out"],
  ]);
});

test("by a key: what belongs together, in whatever order it comes", async () => {
  const backwards = node("b", ({ id }, { emit, state }) => {
    const before = state.get<number>("before");
    if (before === undefined) state.set("before", id);
    else {
      void emit("out", { id });
      void emit("out", { id: before });
    }
  });
  const { graph, got } = joining({ by: ({ id }) => id }, [node("a"), backwards]);
  const { status } = await graph.execute(TWO).done;
  expect(status).toBe("succeeded");
  expect(got).toEqual([["a2 b2"], ["a1 b1"]]);
});

const mute = () => node("b", () => {});

test("what can't become complete any more fails the job, and says what is missing", async () => {
  const { graph, got } = joining("all", [node("a"), mute()]);
  const { status, error, deadLetters } = await graph.execute(TWO).done;
  expect({ status, got }).toEqual({ status: "failed", got: [] });
  expect(error).toBeInstanceOf(JoinIncomplete);
  expect(error).toMatchObject({ slot: "join.in", missing: ["b.out"] });
  expect((error as Error).message).toMatch(/got none from b\.out/);
  expect(deadLetters).toHaveLength(2);
});

test("or goes on with what there is", async () => {
  const { graph, got } = joining({ incomplete: "deliver" }, [node("a"), mute()]);
  expect((await graph.execute(TWO).done).status).toBe("succeeded");
  expect(got).toEqual([
    ["a1", "b.out"],
    ["a2", "b.out"],
  ]);
});

test("a timeout: after it the join fails or goes on, and what comes then is late", async () => {
  for (const incomplete of ["fail", "deliver"] as const) {
    const clock = new TestClock();
    const slow = node("b", async (given, { emit }) => {
      await clock.sleep(60_000);
      void emit("out", given);
    });
    const { graph, got } = joining({ timeout: 10_000, incomplete }, [node("a"), slow], {
      clock,
      concurrent: 4,
    });
    const job = graph.execute({ entry: "source", params: { id: 1 } });
    await sleep(5);
    await clock.advance(9_999);
    expect(got).toEqual([]);
    await clock.advance(1);
    await sleep(5);
    if (incomplete === "deliver") {
      expect(got).toEqual([["a1", "b.out"]]);
      await clock.advance(50_000);
      expect(await job.done).toMatchObject({ status: "succeeded" });
      expect((await job.done).history.some(({ kind }) => kind === "late")).toBe(true);
    } else {
      await clock.advance(50_000);
      expect((await job.done).error).toMatchObject({
        name: "JoinIncomplete",
        message: expect.stringContaining("within 10000 ms"),
      });
    }
  }
});

test("parts wait over a pause, in another process too; late ones stay late", async () => {
  const pausing = node("c", (given, { emit, pause }) => {
    void emit("out", given);
    if (given.id === 1) pause("half");
  });
  for (const need of ["all", 2] as const) {
    const { graph } = joining(need, [node("a"), node("b"), pausing]);
    const job = graph.execute(TWO);
    while (job.status === "running") await sleep(1);
    const saved = job.serialize();
    const other = joining(need, [node("a"), node("b"), node("c")]);
    const { status } = await other.graph.resume(JobState.load(saved)).done;
    expect(status).toBe("succeeded");
    expect(other.got).toEqual(
      need === "all"
        ? [["a1 b1 c1"], ["a2 b2 c2"]]
        : [
            ["a1 b1", "c.out"],
            ["a2 b2", "c.out"],
          ],
    );
  }
});

test("joins after joins are told the end in their order", async () => {
  const got: unknown[] = [];
  const graph = new Graph("two joins");
  const joined = () => ({ in: item, out: { out: item }, join: { incomplete: "deliver" as const } });
  graph.addRoutine(source());
  graph.addRoutine(
    routine("last", joined(), ({ parts }) => void got.push(parts.map(({ source }) => source))),
  );
  graph.addRoutine(
    routine("first", joined(), ({ parts }, { emit }) => void emit("out", { id: parts.length })),
  );
  graph.addRoutine(mute(), "never");
  for (const [from, to] of [
    ["source", "first"],
    ["never", "first"],
    ["first", "last"],
    ["source", "last"],
  ] as const)
    graph.connect({ source: from, event: "out", target: to, slot: "in" });
  await graph.execute({ entry: "source", params: { id: 1 } }).done;
  expect(got).toEqual([["source", "first"]]);
});

function batching(batch: number | { size: number; wait?: number }, options?: GraphOptions<AnyRoutines>) {
  const got: number[][] = [];
  const graph = new Graph("batching", options);
  graph.addRoutine(source());
  graph.addRoutine(routine("write", { in: item, batch }, (rows) => void got.push(rows.map(({ id }) => id))));
  graph.connect({ source: "source", event: "out", target: "write", slot: "in" });
  return { graph, got };
}

test("batches are of the size that was asked for, and the rest comes in the end", async () => {
  const { graph, got } = batching(3);
  const { numbers } = await graph.execute({ entry: "source", params: { id: 7 } }).done;
  expect(got).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
  expect(numbers.succeeded).toBe(4);
});

test("a batch that has waited long enough is delivered as it is", async () => {
  const clock = new TestClock();
  const got: number[][] = [];
  const graph = new Graph("batching", { clock, concurrent: 2 });
  graph.addRoutine(
    node("slow", async (_, { emit }) => {
      void emit("out", { id: 1 });
    }),
  );
  graph.addRoutine(node("hold", () => clock.sleep(60_000)));
  graph.addRoutine(
    routine(
      "write",
      { in: item, batch: { size: 3, wait: 5_000 } },
      (rows) => void got.push(rows.map(({ id }) => id)),
    ),
  );
  graph.connect({ source: "slow", event: "out", target: "write", slot: "in" });
  graph.connect({ source: "slow", event: "out", target: "hold", slot: "in" });
  const job = graph.execute({ entry: "slow", params: { id: 1 } });
  await sleep(5);
  await clock.advance(4_999);
  expect(got).toEqual([]);
  await clock.advance(1);
  await sleep(5);
  expect(got).toEqual([[1]]);
  await clock.advance(60_000);
  expect((await job.done).status).toBe("succeeded");
});

test("a batch that fails is one delivery: tried again as a whole, and given up as a whole", async () => {
  const { graph } = batching(2);
  const failing = new Graph("failing");
  failing.addRoutine(source());
  const tries: number[][] = [];
  failing.addRoutine(
    routine("write", { in: item, batch: 2, optional: true }, (rows) => {
      tries.push(rows.map(({ id }) => id));
      throw new Error("no");
    }),
  );
  failing.connect({ source: "source", event: "out", target: "write", slot: "in" });
  const state = await failing.execute({ entry: "source", params: { id: 4 } }).done;
  expect(tries).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(state.deadLetters).toMatchObject([
    { payload: [{ id: 1 }, { id: 2 }] },
    { payload: [{ id: 3 }, { id: 4 }] },
  ]);
  expect(state.pending).toEqual([]);
  expect((await graph.execute(TWO).done).status).toBe("succeeded");
});

test("a key that is none fails its delivery", async () => {
  const { graph } = joining({ by: () => undefined as never }, [node("a")]);
  expect((await graph.execute(TWO).done).error).toMatchObject({
    message: "join of join.in: expected by to return text or a number, got undefined",
  });
});

test("a payload type of its own", async () => {
  const graph = new Graph("own");
  graph.addRoutine(
    routine("a", { in: custom<string>(), join: "all" }, ({ parts }) => parts[0]?.payload.length),
  );
  expect((await graph.execute({ entry: "a", params: "text" }).done).status).toBe("succeeded");
});
