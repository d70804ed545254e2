/** What is saved of a job, and what bad text gets. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  custom,
  ErrorHandler,
  ErrorStrategy,
  Graph,
  GraphMismatch,
  JobFileInvalid,
  JobFileNewer,
  JobState,
  NotEncodable,
  routine,
} from "../../src/graph/index.ts";
import { TestClock } from "../../src/testing.ts";
import { graphOf, type Item, item, node, source } from "./routines.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-graph-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A job with something of everything in it. */
async function richState(): Promise<JobState> {
  const graph = rich();
  const job = graph.execute({
    entry: "source",
    params: { id: 6 },
    id: "job-1",
    tenant: "acme-corp",
    labels: { plan: "team", seats: 3, trial: false },
  });
  while (job.status === "running") await new Promise((resolve) => setImmediate(resolve));
  return job.state;
}

function rich() {
  const graph = graphOf(
    [
      source(),
      node("work", ({ id }, { state, shared, emit, pause }) => {
        state.set("seen", new Set([id]));
        shared.update<number>("sum", (sum = 0) => sum + id);
        if (id === 1) throw new RangeError("row 1", { cause: new Error("bad") });
        void emit("out", { id });
        if (id === 4) pause("half", { at: new Date(0), list: [1n] });
      }),
    ],
    ["source>work"],
  );
  const rows = custom<unknown>();
  graph.addRoutine(
    routine("odd", { in: item, out: { rows } }, ({ id }, { emit }) => {
      void emit("rows", { id, at: new Date(id), none: undefined, big: 2n ** 70n });
    }),
  );
  graph.addRoutine(routine("join", { in: item, join: "all" }, () => {}));
  graph.addRoutine(
    routine("sum", { in: item, merge: (sum: number | undefined, { id }: Item) => (sum ?? 0) + id }, () => {}),
  );
  graph.addRoutine(routine("rest", { in: rows }, () => {}));
  for (const [from, event, to] of [
    ["source", "out", "odd"],
    ["source", "out", "join"],
    ["work", "out", "join"],
    ["source", "out", "sum"],
    ["odd", "rows", "rest"],
  ] as const)
    graph.connect({ source: from, event, target: to, slot: "in" });
  graph.setErrorHandler(new ErrorHandler({ strategy: ErrorStrategy.SKIP }));
  return graph;
}

test("everything comes back as it was, from text and from a file", async () => {
  const state = await richState();
  expect(state).toMatchObject({
    status: "paused",
    reason: "half",
    labels: { plan: "team", seats: 3, trial: false },
  });
  expect(state.deadLetters).toMatchObject([
    { payload: { id: 1 }, skipped: true, error: { message: "row 1" } },
  ]);
  expect(state.routine("work").values).toEqual(new Map([["seen", new Set([4])]]));
  expect(state.pending.length).toBeGreaterThan(5);
  const again = JobState.load(state.serialize());
  expect(again.data()).toEqual(state.data());
  expect(again.deadLetters[0]?.error).toBeInstanceOf(RangeError);
  expect(again.serialize()).toBe(state.serialize());
  expect(JobState.load(Buffer.from(state.serialize())).data()).toEqual(state.data());
  const path = join(folder, "job.json");
  await state.save(path);
  expect((await JobState.read(path)).data()).toEqual(state.data());
  expect(await rich().resume(await JobState.read(path)).done).toMatchObject({ status: "succeeded" });
});

test("save writes beside and renames: what can't be written leaves the earlier file as it was, and nothing else", async () => {
  const path = join(folder, "job.json");
  const good = await richState();
  await good.save(path);
  const before = readFileSync(path, "utf8");
  const bad = new JobState({ ...good.data(), shared: [["fn", () => {}]] });
  expect(() => bad.serialize()).toThrow(NotEncodable);
  await expect(bad.save(path)).rejects.toThrow(
    /expected a value that can be kept, got one that can't at \.shared\[0\]\[1\]/,
  );
  await expect(good.save(join(folder, "none", "job.json"))).rejects.toThrow(/ENOENT/);
  expect(readFileSync(path, "utf8")).toBe(before);
  expect(readdirSync(folder)).toEqual(["job.json"]);
  await Promise.all(Array.from({ length: 8 }, () => good.save(path)));
  expect(readdirSync(folder)).toEqual(["job.json"]);
  if (process.getuid?.() === 0) return;
  chmodSync(folder, 0o500);
  await expect(good.save(path)).rejects.toThrow(/EACCES/);
  chmodSync(folder, 0o700);
});

test("who reads the file while it is saved anew finds the one or the other, whole", async () => {
  const path = join(folder, "job.json");
  const state = await richState();
  await state.save(path);
  let isSaving = true;
  const saving = (async () => {
    for (let at = 0; at < 5; at += 1) await state.save(path);
  })().finally(() => {
    isSaving = false;
  });
  while (isSaving) {
    JobState.load(readFileSync(path));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await saving;
});

test("any payload that can be sent can be saved and comes back the same", () => {
  const value = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
  });
  fc.assert(
    fc.property(fc.array(value, { maxLength: 4 }), (payloads) => {
      const graph = new Graph("any");
      graph.addRoutine(routine("a", { in: custom<unknown>() }, () => {}));
      const states: JobState[] = [];
      for (const payload of payloads) {
        try {
          states.push(graph.execute({ entry: "a", params: payload }).state);
        } catch (error) {
          expect(error).toMatchObject({ name: "NotCopyable" });
        }
      }
      for (const state of states) {
        const again = JobState.load(state.serialize());
        expect(again.pending).toEqual(state.pending);
        expect(again.entry.params).toEqual(state.entry.params);
      }
    }),
    { numRuns: 60 },
  );
});

test("text that was cut off anywhere is refused with a named error", async () => {
  const text = (await richState()).serialize();
  const cuts = [0, 1, 10, text.indexOf("\n"), text.indexOf("\n") + 1, text.length >> 1, text.length - 3];
  for (const cut of cuts)
    expect(() => JobState.load(text.slice(0, cut)), `cut at ${cut}`).toThrow(JobFileInvalid);
  expect(() => JobState.load(text.slice(0, text.length >> 1))).toThrow(/it was cut off/);
});

test("a newer version is refused by its number, before anything else is read", () => {
  const body = "[]";
  const text = `{"weir":"graph job","version":3,"length":${body.length}}\n${body}`;
  expect(() => JobState.load(text)).toThrow(JobFileNewer);
  expect(() => JobState.load(text)).toThrow(/expected version 2 or older, got 3/);
});

test.each([
  ["nothing", ""],
  ["something else", '{"status":"paused"}'],
  ["bytes that are no text", new Uint8Array([0xff, 0xfe, 0x00])],
  ["a list", "[1,2,3]\n"],
  ["a page", "<html>"],
])("%s is no job", (_, text) => {
  expect(() => JobState.load(text)).toThrow(/expected (a first line such as|UTF-8)/);
});

function textOf(body: unknown): string {
  const text = JSON.stringify(body);
  return `{"weir":"graph job","version":1,"length":${text.length}}\n${text}`;
}

test("hostile text makes nothing and calls nothing", async () => {
  const good = JSON.parse((await richState()).serialize().split("\n")[1] ?? "") as {
    job: string;
    pending: object;
  };
  const bodies: unknown[] = [
    { ...good, job: '[{"a":1},["Function","process.exit(1)"]]' },
    { ...good, job: '[["os.system","rm -rf /"]]' },
    { ...good, job: "[[-1,-2,-3,1e999]]" },
    { ...good, job: '[{"__proto__":1},{"polluted":2},true]' },
    { ...good, job: good.job.replace('"id"', '"__proto__"') },
    { ...good, job: '["job"]' },
    { ...good, job: 7 },
    { ...good, pending: null },
    { ...good, pending: { names: ["a"], payloads: [], deliveries: [[0, 5, -1, 0, 0]] } },
    { ...good, pending: { names: ["a"], payloads: [[1, "[["]], deliveries: [] } },
    {
      ...good,
      pending: {
        names: ["a"],
        payloads: [[0, JSON.parse('{"__proto__":{"polluted":true}}')]],
        deliveries: [],
      },
    },
    { ...good, pending: { names: ["a"], payloads: [[0, 1]], deliveries: [[0, 0, -1, 3, 0]] } },
    { ...good, pending: { names: ["a"], payloads: [[0, 1]], deliveries: [["x", 0, -1, 0, 0]] } },
    { ...good, pending: { names: ["a"], payloads: [[0, 1]], deliveries: [[9e9, 0, -1, 0, 0]] } },
    {
      ...good,
      pending: {
        names: ["a"],
        payloads: [[0, 1]],
        deliveries: [
          [0, 0, -1, 0, 0],
          [0, 0, -1, 0, 0],
        ],
      },
    },
    null,
    [],
    "x",
  ];
  for (const body of bodies)
    expect(() => JobState.load(textOf(body)), JSON.stringify(body)?.slice(0, 80)).toThrow(JobFileInvalid);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(() => JobState.load(textOf({ ...good, job: good.job.replace('"paused"', '"napping"') }))).toThrow(
    /job state at \.status: expected running, .*, got "napping"/,
  );
});

test("bytes changed at random never do more than throw a named error", async () => {
  const text = (await richState()).serialize();
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 3 }), (at, put) => {
      const changed = text.slice(0, at) + put + text.slice(at + put.length);
      try {
        JobState.load(changed).serialize();
      } catch (error) {
        expect(
          [JobFileInvalid, JobFileNewer].some((each) => error instanceof each),
          String(error),
        ).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

test("a job of another graph, another version, or one that lacks what it needs is not begun", async () => {
  const state = await richState();
  expect(() => new Graph("other").resume(state)).toThrow(/at least one routine/);
  const other = new Graph("other");
  other.addRoutine(node("source"));
  expect(() => other.resume(state)).toThrow(GraphMismatch);
  expect(() => other.resume(state)).toThrow(
    /expected a job that graph other in version 1 can go on with, got one of graph test in version 1/,
  );
  const newer = graphOf([source()], [], { version: 2 });
  expect(() => newer.resume(state)).toThrow(/got one of graph test in version 1/);
  const poorer = graphOf([source(), node("work")], ["source>work"]);
  expect(() => poorer.resume(state)).toThrow(/got one that needs (slot|connection) /);
  expect(() => rich().resume({} as JobState)).toThrow(/expected a JobState or an id, got object/);
});

test("a file of another kind is refused by read", async () => {
  const path = join(folder, "job.json");
  writeFileSync(path, Buffer.alloc(1000));
  await expect(JobState.read(path)).rejects.toThrow(JobFileInvalid);
});

test("numbers: count, failures, min, avg, p95 and max of each routine and of the job", async () => {
  const clock = new TestClock();
  const graph = graphOf(
    [
      source(),
      node("work", async ({ id }) => {
        await clock.advance(id);
        if (id === 50) throw new Error("once");
      }),
    ],
    ["source>work"],
    { clock },
  );
  graph.setErrorHandler(new ErrorHandler({ strategy: ErrorStrategy.SKIP }));
  const state = await graph.execute({ entry: "source", params: { id: 100 } }).done;
  const work = state.routine("work");
  expect(work).toMatchObject({
    count: 100,
    succeeded: 99,
    failures: 1,
    skipped: 1,
    min: 1,
    avg: 50.5,
    max: 100,
  });
  expect(work.p95).toBeGreaterThan(90);
  expect(work.p95).toBeLessThanOrEqual(100);
  expect(state.numbers).toMatchObject({ count: 101, min: 0, max: 100 });
  expect([...state.routines.keys()]).toEqual(["source", "work"]);
  expect(state.history.filter(({ routine, kind }) => routine === "work" && kind === "failed")).toMatchObject([
    { ms: 50 },
  ]);
  expect(JobState.load(state.serialize()).routine("work")).toEqual(work);
});
