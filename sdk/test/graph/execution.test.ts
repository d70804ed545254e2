/** How a job runs: order, payloads, state, concurrency, cycles, nesting. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { z } from "zod";
import {
  type Appended,
  CycleBound,
  custom,
  EmitOutside,
  Graph,
  NotCopyable,
  QueueFull,
  Routine,
  routine,
  ValueInvalid,
} from "../../src/graph/index.ts";
import { collector, graphOf, type Item, item, node, source } from "./routines.ts";

test("linear, branching and converging graphs deliver each payload once over each connection, in order", async () => {
  const order: string[] = [];
  const tell = (name: string) =>
    node(name, (given, { emit }) => {
      order.push(`${name}${given.id}`);
      void emit("out", given);
    });
  const graph = graphOf(
    [source(), tell("a"), tell("b"), tell("c"), tell("d")],
    ["source>a", "source>b", "a>c", "b>c", "c>d"],
  );
  const state = await graph.execute({ entry: "source", params: { id: 2 } }).done;
  expect(state.status).toBe("succeeded");
  expect(order.join(" ")).toBe("a1 b1 a2 b2 c1 c1 c2 c2 d1 d1 d2 d2");
  expect(state.history.map(({ kind, routine, delivery }) => [kind, routine, delivery]).slice(0, 4)).toEqual([
    ["begun", undefined, undefined],
    ["succeeded", "source", 0],
    ["succeeded", "a", 1],
    ["succeeded", "b", 2],
  ]);
  expect(state.history.at(-1)).toMatchObject({ kind: "ended" });
  expect(state.routine("c")).toMatchObject({ status: "succeeded", succeeded: 4, failures: 0, pending: 0 });
  expect(state.numbers).toMatchObject({ count: 13, succeeded: 13 });
});

test("execute returns before the first handler runs, and handlers see the job that they are in", async () => {
  const seen: unknown[] = [];
  const graph = graphOf(
    [
      node("a", (_, ctx) => {
        seen.push([ctx.job.id, ctx.job.tenant, ctx.routine, ctx.slot, ctx.source, ctx.attempt, ctx.delivery]);
        void ctx.emit("out", { id: 1 });
      }),
      node("b", (_, ctx) => void seen.push(ctx.source)),
    ],
    ["a>b"],
  );
  const job = graph.execute({ entry: "a", params: { id: 1 }, id: "job-1", tenant: "acme-corp" });
  expect(seen).toEqual([]);
  expect(job).toMatchObject({ id: "job-1", tenant: "acme-corp", status: "running" });
  await job.done;
  expect(seen).toEqual([["job-1", "acme-corp", "a", "in", undefined, 1, 0], { routine: "a", event: "out" }]);
});

test("two jobs of one graph know nothing of each other, also where they run at the same time", async () => {
  const graph = graphOf(
    [
      source(),
      node("count", async ({ id }, { state, shared, emit }) => {
        await sleep(1);
        const sum = state.update<number>("sum", (sum = 0) => sum + id);
        shared.set("sum", sum);
        void emit("out", { id: sum });
      }),
    ],
    ["source>count"],
  );
  const [one, two] = await Promise.all([
    graph.execute({ entry: "source", params: { id: 3 } }).done,
    graph.execute({ entry: "source", params: { id: 4 } }).done,
  ]);
  expect(one.routine("count").values.get("sum")).toBe(6);
  expect(two.routine("count").values.get("sum")).toBe(10);
  expect([one.shared.get("sum"), two.shared.get("sum")]).toEqual([6, 10]);
  expect(one.routine("count").succeeded).toBe(3);
});

test("payloads are nobody's to change: siblings, the sender and the history see what was sent", async () => {
  const got: unknown[] = [];
  const thrown: unknown[] = [];
  type Rich = { list: number[]; at: Date; tags: Map<string, number[]> };
  const rich = custom<Rich>();
  const graph = new Graph("rich");
  graph.addRoutine(
    routine("send", { in: item, out: { rich } }, (_, { emit }) => {
      const payload = { list: [1], at: new Date(0), tags: new Map([["a", [1]]]) };
      void emit("rich", payload);
      payload.list.push(2);
      payload.at.setTime(1);
      payload.tags.clear();
    }),
  );
  for (const name of ["one", "two"])
    graph.addRoutine(
      routine(name, { in: rich }, (payload) => {
        got.push({ list: [...payload.list], at: payload.at.getTime(), tags: payload.tags.size });
        payload.at.setTime(7);
        payload.tags.clear();
        try {
          payload.list.push(9);
        } catch (error) {
          thrown.push(error);
        }
      }),
    );
  for (const target of ["one", "two"]) graph.connect({ source: "send", event: "rich", target, slot: "in" });
  const { status } = await graph.execute({ entry: "send", params: { id: 1 } }).done;
  expect(status).toBe("succeeded");
  expect(got).toEqual(Array(2).fill({ list: [1], at: 0, tags: 1 }));
  expect(thrown).toEqual([expect.any(TypeError), expect.any(TypeError)]);
});

test("a handler that writes into its payload is told so: it is frozen, as its siblings share it", async () => {
  const got: unknown[] = [];
  const graph = graphOf(
    [
      source(),
      node(
        "bad",
        (given) => {
          given.id = 9;
        },
        { optional: true },
      ),
      node("good", (given) => void got.push(given)),
    ],
    ["source>bad", "source>good"],
  );
  const state = await graph.execute({ entry: "source", params: { id: 1 } }).done;
  expect(got).toEqual([{ id: 1 }]);
  expect(state.deadLetters).toMatchObject([
    { routine: "bad", payload: { id: 1 }, error: { name: "TypeError" } },
  ]);
});

test.each([
  ["a function", { id: 1, done: () => {} }, /event a\.out: .* at \.done: it is the function done/],
  [
    "an object of a class",
    { id: 1, graph: new Graph("g") },
    /at \.graph: it is an object of the class Graph/,
  ],
  ["a promise", { list: [Promise.resolve()] }, /at \.list\[0\]: it is a promise that was not awaited/],
  ["a symbol", Symbol("s"), /it is a symbol/],
])("%s can't be sent: the attempt fails with an error that says where it is", async (_, payload, message) => {
  const got: number[] = [];
  const graph = graphOf(
    [node("a", (_given, { emit }) => void emit("out", payload as never)), collector("b", got)],
    ["a>b"],
  );
  const { status, error } = await graph.execute({ entry: "a", params: { id: 1 } }).done;
  expect(status).toBe("failed");
  expect(error).toBeInstanceOf(NotCopyable);
  expect((error as Error).message).toMatch(message);
  expect(() => graph.execute({ entry: "a", params: payload as never })).toThrow(NotCopyable);
});

test("what is shared, cyclic, or of another kind comes through as it was", async () => {
  const got: unknown[] = [];
  const any = custom<unknown>();
  const graph = new Graph("kinds");
  graph.addRoutine(routine("a", { in: any, out: { any } }, (given, { emit }) => void emit("any", given)));
  graph.addRoutine(routine("b", { in: any }, (given) => void got.push(given)));
  graph.connect({ source: "a", event: "any", target: "b", slot: "in" });
  const loop: Record<string, unknown> = {
    n: 1n,
    bytes: Buffer.from("abc"),
    words: new Set(["x"]),
    none: undefined,
  };
  loop["self"] = loop;
  const cause = new RangeError("row 7");
  const params = [
    loop,
    loop,
    new TypeError("bad", { cause }),
    new URL("http://x/"),
    new Float32Array([1]),
    /a+/g,
  ];
  const { status } = await graph.execute({ entry: "a", params }).done;
  expect(status).toBe("succeeded");
  const [first, second, error] = got[0] as [typeof loop, typeof loop, TypeError];
  expect(got[0]).toEqual(params);
  expect(first).toBe(second);
  expect(first["self"]).toBe(first);
  expect(error).toBeInstanceOf(TypeError);
  expect(error.cause).toEqual(cause);
});

test("a mapping renames what it names, and the rest passes; the old name is gone", async () => {
  const got: unknown[] = [];
  const graph = new Graph("map");
  graph.addRoutine(
    routine(
      "a",
      { in: item, out: { row: custom<{ row: string; line: string; at: number }>() } },
      (_, { emit }) => void emit("row", { row: "x", line: "old", at: 7 }),
    ),
  );
  graph.addRoutine(
    routine("b", { in: custom<{ line: string; at: number }>() }, (given) => void got.push(given)),
  );
  graph.connect({
    source: "a",
    event: "row",
    target: "b",
    slot: "in",
    paramMapping: { row: "line", none: "other" },
  });
  await graph.execute({ entry: "a", params: { id: 1 } }).done;
  expect(got).toEqual([{ line: "x", at: 7 }]);
});

test("merge: override gives the newest, append all so far, a function what it makes; each for its job alone", async () => {
  const got: unknown[] = [];
  const graph = new Graph("merge");
  graph.addRoutine(source());
  graph.addRoutine(routine("last", { in: item, merge: "override" }, (given) => void got.push(given)));
  graph.addRoutine(
    routine("all", { in: item, merge: "append" }, (given: Appended<Item>) => void got.push(given)),
  );
  graph.addRoutine(
    routine(
      "sum",
      { in: item, merge: (sum: number | undefined, { id }: Item) => (sum ?? 0) + id },
      (sum) => void got.push(sum),
    ),
  );
  for (const target of ["last", "all", "sum"])
    graph.connect({ source: "source", event: "out", target, slot: "in" });
  for (let round = 0; round < 2; round += 1) {
    got.length = 0;
    await graph.execute({ entry: "source", params: { id: 3 } }).done;
    expect(got.filter((each) => typeof each === "number")).toEqual([1, 3, 6]);
    expect(got.filter((each) => typeof each !== "number")).toEqual([
      { id: 1 },
      { id: [1] },
      { id: 2 },
      { id: [1, 2] },
      { id: 3 },
      { id: [1, 2, 3] },
    ]);
  }
});

test("what failed is not merged", async () => {
  const got: number[] = [];
  let calls = 0;
  const graph = new Graph("merge");
  graph.addRoutine(source());
  graph.addRoutine(
    routine(
      "sum",
      { in: item, merge: (sum: number | undefined, { id }: Item) => (sum ?? 0) + id, optional: true },
      (sum) => {
        calls += 1;
        if (calls === 2) throw new Error("no");
        got.push(sum);
      },
    ),
  );
  graph.connect({ source: "source", event: "out", target: "sum", slot: "in" });
  await graph.execute({ entry: "source", params: { id: 3 } }).done;
  expect(got).toEqual([1, 4]);
});

test("a schema checks what comes, and what does not fit is not tried again", async () => {
  const got: unknown[] = [];
  const graph = new Graph("schema");
  graph.addRoutine(
    routine("a", { in: z.object({ id: z.coerce.number().min(1) }) }, ({ id }) => void got.push(id)),
  );
  expect((await graph.execute({ entry: "a", params: { id: "7" } as never }).done).status).toBe("succeeded");
  expect(got).toEqual([7]);
  const { error } = await graph.execute({ entry: "a", params: { id: 0 } }).done;
  expect(error).toBeInstanceOf(ValueInvalid);
});

test("concurrent: as many at once as allowed and no more, in the order in which they were sent", async () => {
  const begun: number[] = [];
  let now = 0;
  let most = 0;
  const graph = graphOf(
    [
      source(),
      node("work", async ({ id }) => {
        begun.push(id);
        most = Math.max(most, ++now);
        await sleep(id % 3);
        now -= 1;
      }),
    ],
    ["source>work"],
    { concurrent: 4 },
  );
  const { status } = await graph.execute({ entry: "source", params: { id: 40 } }).done;
  expect(status).toBe("succeeded");
  expect(most).toBe(4);
  expect(begun).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
  await graph.execute({ entry: "source", params: { id: 5 }, concurrent: 1 }).done;
  most = 0;
  await graph.execute({ entry: "source", params: { id: 5 }, concurrent: 2 }).done;
  expect(most).toBe(2);
});

test("a slot with a bound of its own keeps its order, and does not keep others from running", async () => {
  const order: string[] = [];
  let inSlow = 0;
  const graph = graphOf(
    [
      source(),
      node(
        "slow",
        async ({ id }) => {
          inSlow += 1;
          expect(inSlow).toBe(1);
          await sleep(2);
          order.push(`slow${id}`);
          inSlow -= 1;
        },
        { concurrency: 1 },
      ),
      node("quick", ({ id }) => void order.push(`quick${id}`)),
    ],
    ["source>slow", "source>quick"],
    { concurrent: 3 },
  );
  const { status } = await graph.execute({ entry: "source", params: { id: 4 } }).done;
  expect(status).toBe("succeeded");
  expect(order.filter((each) => each.startsWith("slow"))).toEqual(["slow1", "slow2", "slow3", "slow4"]);
  expect(order.indexOf("quick4")).toBeLessThan(order.indexOf("slow4"));
});

test("an update that another delivery overtook is made again: nothing is lost", async () => {
  const graph = graphOf(
    [
      source(),
      node("count", async (_, { shared }) => {
        shared.update<number>("count", (count = 0) => count + 1);
        await sleep(1);
      }),
    ],
    ["source>count"],
    { concurrent: 8 },
  );
  const state = await graph.execute({ entry: "source", params: { id: 50 } }).done;
  expect(state.shared.get("count")).toBe(50);
});

test("emit waits while the queue is crowded and others work it off, and never for nobody", async () => {
  let resolved = 0;
  let waited = 0;
  const graph = graphOf(
    [
      source(),
      node("many", async (given, { emit }) => {
        for (let at = 0; at < 3; at += 1) {
          const before = resolved;
          const room = emit("out", given);
          await Promise.resolve();
          await room;
          if (resolved !== before) waited += 1;
        }
      }),
      node("sink", async () => {
        await sleep(1);
        resolved += 1;
      }),
    ],
    ["source>many", "many>sink"],
    { concurrent: 3, crowd: 4 },
  );
  const { status, numbers } = await graph.execute({ entry: "source", params: { id: 12 } }).done;
  expect({ status, succeeded: numbers.succeeded }).toEqual({ status: "succeeded", succeeded: 1 + 12 + 36 });
  expect(waited).toBeGreaterThan(0);
});

test("more than the queue may hold fails the attempt that sends it", async () => {
  const graph = graphOf([source(), collector("sink", [])], ["source>sink"], { maxQueued: 10 });
  expect((await graph.execute({ entry: "source", params: { id: 10 } }).done).status).toBe("succeeded");
  const { error, pending } = await graph.execute({ entry: "source", params: { id: 11 } }).done;
  expect(error).toBeInstanceOf(QueueFull);
  expect(pending).toEqual([]);
});

test("a cycle goes round as often as its bound allows, and says where it was cut", async () => {
  const seen: number[] = [];
  const graph = graphOf(
    [
      node("a", ({ id }, { emit }) => {
        seen.push(id);
        void emit("out", { id: id + 1 });
      }),
    ],
    [],
  );
  graph.connect({ source: "a", event: "out", target: "a", slot: "in", maxTurns: 3 });
  const state = await graph.execute({ entry: "a", params: { id: 0 } }).done;
  expect(seen).toEqual([0, 1, 2, 3]);
  expect(state.status).toBe("failed");
  expect(state.error).toBeInstanceOf(CycleBound);
  expect(state.error).toMatchObject({ connection: "a.out>a.in", maxTurns: 3 });
  expect(state.deadLetters).toMatchObject([{ routine: "a", payload: { id: 4 } }]);
});

test("a retry loop that ends in time is no failure", async () => {
  const graph = graphOf(
    [
      node("check", ({ id }, { emit }) => void (id < 3 && emit("out", { id }))),
      node("mend", ({ id }, { emit }) => void emit("out", { id: id + 1 })),
    ],
    ["check>mend"],
  );
  graph.connect({ source: "mend", event: "out", target: "check", slot: "in", maxTurns: 5 });
  const state = await graph.execute({ entry: "check", params: { id: 0 } }).done;
  expect(state).toMatchObject({ status: "succeeded", deadLetters: [] });
  expect(state.routine("check").succeeded).toBe(4);
});

test("a chain of 10,000 routines and a fan-out of 10,000 run to their ends", async () => {
  const chain = new Graph("chain");
  for (let at = 0; at < 10_000; at += 1) {
    chain.addRoutine(node("pass"), `r${at}`);
    if (at > 0) chain.connect({ source: `r${at - 1}`, event: "out", target: `r${at}`, slot: "in" });
  }
  const state = await chain.execute({ entry: "r0", params: { id: 7 } }).done;
  expect(state).toMatchObject({ status: "succeeded", numbers: { succeeded: 10_000 }, historyDropped: 9_002 });
  expect(state.history).toHaveLength(1_000);
  const fan = graphOf([source(), collector("sink", [])], ["source>sink"]);
  expect((await fan.execute({ entry: "source", params: { id: 10_000 } }).done).numbers.succeeded).toBe(
    10_001,
  );
});

test("timers and sockets get their turn beside a job that never waits", async () => {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 1);
  const graph = graphOf([source(), node("a"), node("b"), collector("c", [])], ["source>a", "a>b", "b>c"]);
  await graph.execute({ entry: "source", params: { id: 60_000 } }).done;
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(3);
});

test("a graph in a graph: its routines are there under its id, more than once if need be", async () => {
  const inner = graphOf(
    [
      node("double", ({ id }, { emit }) => void emit("out", { id: id * 2 })),
      node("inc", ({ id }, { emit }) => void emit("out", { id: id + 1 })),
    ],
    ["double>inc"],
  );
  const got: number[] = [];
  const outer = graphOf([source(), collector("sink", got)], []);
  for (const id of ["one", "two"]) outer.addGraph(inner, id);
  outer.connect({ source: "source", event: "out", target: "one/double", slot: "in" });
  outer.connect({ source: "one/inc", event: "out", target: "two/double", slot: "in" });
  outer.connect({ source: "two/inc", event: "out", target: "sink", slot: "in" });
  expect(() => outer.addGraph(inner, "one")).toThrow(/expected a new id, got one/);
  const state = await outer.execute({ entry: "source", params: { id: 3 } }).done;
  expect(got).toEqual([7, 11, 15]);
  expect(state.routine("two/inc").succeeded).toBe(3);
  expect(outer.describe().nodes.map(({ id }) => id)).toContain("one/double");
});

test("a graph that is changed while a job runs changes the jobs after it", async () => {
  const got: number[] = [];
  const graph = graphOf([source(), node("pass"), collector("sink", got)], ["source>pass", "pass>sink"]);
  const job = graph.execute({ entry: "source", params: { id: 2 } });
  graph.disconnect("pass.out>sink.in");
  await job.done;
  expect(got).toEqual([1, 2]);
  await graph.execute({ entry: "source", params: { id: 2 } }).done;
  expect(got).toEqual([1, 2]);
});

test("emit is for the running handler of its routine", async () => {
  class Late extends Routine {
    output = this.defineEvent<Item>("output");
    other: Routine | undefined;
    leftover: Promise<unknown> | undefined;
    input = this.defineSlot<Item>("input", () => {
      this.leftover = sleep(1).then(() => this.output.emit({ id: 1 }));
    });
  }
  const late = new Late();
  const graph = new Graph("late");
  graph.addRoutine(late, "late");
  expect((await graph.execute({ entry: "late", params: { id: 1 } }).done).status).toBe("succeeded");
  await expect(late.leftover).rejects.toThrow(/this handler has ended already/);
  expect(() => late.output.emit({ id: 1 })).toThrow(EmitOutside);
  graph.addRoutine(node("thief", () => void late.output.emit({ id: 1 })));
  const { error } = await graph.execute({ entry: "thief", params: { id: 1 } }).done;
  expect(error).toMatchObject({ name: "EmitOutside" });
});

test("configuration is the routine's, frozen", async () => {
  class Configured extends Routine<{ factor: number }> {
    input = this.defineSlot<Item>("input", ({ id }, { shared }) =>
      shared.set("result", id * this.config.factor),
    );
  }
  const given = { factor: 3 };
  const routine = new Configured({ config: given });
  given.factor = 4;
  const graph = new Graph("configured");
  graph.addRoutine(routine, "configured");
  const state = await graph.execute({ entry: "configured", params: { id: 5 } }).done;
  expect(state.shared.get("result")).toBe(15);
});
