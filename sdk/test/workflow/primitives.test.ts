import { beforeEach, expect, test } from "vitest";
import { TestClock } from "../../src/testing.ts";
import {
  debounce,
  ok,
  repeat,
  run,
  sequence,
  setState,
  wait,
  waitUntil,
  when,
  workflow,
} from "../../src/workflow/index.ts";
import { hear, settled } from "./hearing.ts";

let clock: TestClock;

beforeEach(() => {
  clock = new TestClock();
});

interface Count {
  n: number;
  on?: boolean;
}

const initialState: Count = { n: 0 };
const add = setState((state: Count) => ({ ...state, n: state.n + 1 }));

test("a sequence takes its steps in order, and each change is a message, the end the last", async () => {
  const started = workflow("count", { initialState }, sequence(add, add), add).start({ tag: "t" });
  const heard = hear(started);
  expect(await started.done).toEqual({ n: 3 });
  await heard.over;
  expect(heard.messages.map(({ type, state, status, tag }) => [type, state.n, status, tag])).toEqual([
    ["state", 0, "running", "t"],
    ["state", 1, "running", "t"],
    ["state", 2, "running", "t"],
    ["state", 3, "running", "t"],
    ["done", 3, "succeeded", "t"],
  ]);
});

test("an empty workflow and an empty sequence do nothing", async () => {
  const started = workflow("nothing", { initialState }, sequence()).start();
  const heard = hear(started);
  expect(await started.done).toBe(initialState);
  await heard.over;
  expect(heard.messages.map(({ type }) => type)).toEqual(["state", "done"]);
});

test("a state that stays the same is no message", async () => {
  const started = workflow(
    "same",
    { initialState },
    setState((state) => state),
  ).start();
  const heard = hear(started);
  await heard.over;
  expect(heard.messages.map(({ type }) => type)).toEqual(["state", "done"]);
});

test("setState puts the state that it returns in the place of the old one", async () => {
  const started = workflow(
    "set",
    { initialState },
    setState("the answer", () => ({ n: 42 })),
  ).start();
  expect(await started.done).toEqual({ n: 42 });
});

test("wait lets its time go by; a signal changes the state, not the timer", async () => {
  const started = workflow("wait", { initialState }, wait(100), add).start({ clock });
  await settled();
  await clock.advance(60);
  started.signal((state) => ({ ...state, n: 10 }));
  await clock.advance(39);
  expect(started.snapshot()).toMatchObject({
    state: { n: 10 },
    status: "running",
    node: "0.0",
    path: ["wait"],
  });
  await clock.advance(1);
  expect(started.status).toBe("succeeded");
  expect(started.state).toEqual({ n: 11 });
});

test("waitUntil passes at once where its condition holds", async () => {
  const started = workflow(
    "until",
    { initialState: { on: true } },
    waitUntil((state) => state.on),
  ).start({ clock });
  await started.done;
});

test("nothing passes waitUntil by itself; a signal does, and is asked again after each", async () => {
  const started = workflow(
    "until",
    { initialState },
    waitUntil((state) => state.n >= 2),
    add,
  ).start({ clock });
  await settled();
  await clock.advance(50);
  expect(started.status).toBe("running");
  started.signal((state) => ({ ...state, n: 1 }));
  await settled();
  expect(started.status).toBe("running");
  started.signal((state) => ({ ...state, n: 2 }));
  expect(await started.done).toEqual({ n: 3 });
});

test("a condition that held for one signal only has held", async () => {
  const started = workflow(
    "pulse",
    { initialState },
    waitUntil((state) => state.on),
    add,
  ).start();
  await settled();
  started.signal((state) => ({ ...state, on: true }));
  expect(started.state).toEqual({ n: 1, on: true });
});

test.each([
  ["fails", undefined, "failed"],
  ["goes on where that is wanted", "goOn", "succeeded"],
] as const)("waitUntil that is over its time %s", async (_, onTimeout, status) => {
  const steps = waitUntil((state: Count) => state.on, { timeout: 100, onTimeout });
  const started = workflow("late", { initialState }, steps).start({ clock });
  started.done.catch(() => {});
  await settled();
  await clock.advance(99);
  expect(started.status).toBe("running");
  await clock.advance(1);
  await settled();
  expect(started.status).toBe(status);
});

test("debounce passes once the state was still for so long: each change starts it again", async () => {
  const started = workflow("still", { initialState }, debounce(40)).start({ clock });
  await settled();
  for (let change = 0; change < 10; change += 1) {
    await clock.advance(10);
    started.signal((state) => ({ ...state, n: state.n + 1 }));
  }
  await clock.advance(39);
  expect(started.status).toBe("running");
  await clock.advance(1);
  await settled();
  expect(started.status).toBe("succeeded");
});

test("a signal that changes nothing does not start a debounce again", async () => {
  const started = workflow("still", { initialState }, debounce(40)).start({ clock });
  await settled();
  await clock.advance(30);
  started.signal((state) => state);
  await clock.advance(10);
  await settled();
  expect(started.status).toBe("succeeded");
});

test("debounce waits no longer than maxWait", async () => {
  const started = workflow("still", { initialState }, debounce(40, { maxWait: 100 })).start({ clock });
  await settled();
  for (let change = 0; change < 9; change += 1) {
    await clock.advance(10);
    started.signal((state) => ({ ...state, n: state.n + 1 }));
  }
  await clock.advance(9);
  expect(started.status).toBe("running");
  await clock.advance(1);
  await settled();
  expect(started.status).toBe("succeeded");
});

test("a debounce leaves no timer behind for the next", async () => {
  const started = workflow("twice", { initialState }, debounce(60), debounce(100)).start({ clock });
  await settled();
  await clock.advance(30);
  started.signal((state) => ({ ...state, n: 1 }));
  await clock.advance(60);
  await settled();
  expect(started.snapshot().node).toBe("0.1");
  await clock.advance(99);
  expect(started.status).toBe("running");
  await clock.advance(1);
  await settled();
  expect(started.status).toBe("succeeded");
});

test("repeat goes round for ever, until a condition holds, or so many times", async () => {
  const until = workflow("until", { initialState }, repeat(add, { until: (state) => state.n === 7 }));
  expect(await until.start().done).toEqual({ n: 7 });
  const times = workflow("times", { initialState }, repeat(add, { times: 3 }));
  expect(await times.start().done).toEqual({ n: 3 });
  const never = workflow("never", { initialState }, repeat(add, { times: 0 }));
  expect(await never.start().done).toEqual({ n: 0 });
  const forEver = workflow("for_ever", { initialState }, repeat(wait(1), add)).start({ clock });
  await settled();
  await clock.advance(1000);
  await settled();
  await forEver.stop();
  expect(forEver.state.n).toBe(1000);
});

test("repeat and sequence nest", async () => {
  const tree = repeat(sequence(repeat(add, { times: 3 }), sequence(add, sequence(add))), { times: 4 });
  expect(await workflow("nested", { initialState }, tree).start().done).toEqual({ n: 20 });
});

test("a tree may be ten thousand steps deep: nothing recurses", async () => {
  let tree = add;
  for (let depth = 0; depth < 10_000; depth += 1) tree = sequence(tree);
  const deep = workflow("deep", { initialState }, tree);
  expect(await deep.start().done).toEqual({ n: 1 });
});

test("a repeat that never waits leaves the process its turns, and can be stopped", async () => {
  const busy = workflow("busy", { initialState }, repeat(add)).start();
  let turns = 0;
  await new Promise<void>((resolve) => {
    const turn = () => {
      turns += 1;
      if (turns === 20) resolve();
      else setTimeout(turn, 0);
    };
    turn();
  });
  await busy.stop();
  const { n } = busy.state;
  expect(n).toBeGreaterThan(20);
  await settled();
  expect(busy.state.n).toBe(n);
});

test("when goes one way or the other, or none", async () => {
  const way = (n: number) => setState((state: Count) => ({ ...state, n }));
  const tree = workflow(
    "way",
    { initialState },
    when((state) => state.on, way(1), way(2)),
    when((state) => state.n === 2, add),
    when((state) => state.n === 2, way(9)),
  );
  expect(await tree.start({ initialState: { n: 0, on: true } }).done).toEqual({ n: 1, on: true });
  expect(await tree.start().done).toEqual({ n: 3 });
});

test("a workflow is a step of another, with its state or with one of its own", async () => {
  const inner = workflow(
    "inner",
    { initialState },
    add,
    run("work", (state) => ok({ ...state, n: state.n + 10 })),
  );
  const same = workflow("same", { initialState }, inner, add);
  expect(await same.start().done).toEqual({ n: 12 });
  const own = workflow(
    "own",
    { initialState: { name: "outer" } as { name: string; part?: Count } },
    inner.under("part"),
  );
  const started = own.start();
  expect(await started.done).toEqual({ name: "outer", part: { n: 11 } });
  expect(own.describe().root.children).toMatchObject([
    { type: "workflow", name: "inner", children: [{ type: "sequence" }] },
  ]);
});

test("a signal reaches the outer state while a workflow with a state of its own is at work", async () => {
  const inner = workflow("inner", { initialState }, wait(10), add, wait(10));
  const outer = workflow(
    "outer",
    { initialState: { seen: 0 } as { seen: number; part?: Count } },
    inner.under("part"),
  );
  const started = outer.start({ clock });
  await settled();
  started.signal((state) => ({ ...state, seen: 1 }));
  await clock.advance(10);
  started.signal((state) => ({ ...state, part: { n: 100 } }));
  await clock.advance(10);
  expect(await started.done).toEqual({ seen: 1, part: { n: 100 } });
});

test("a thousand runs at once do not get in each other's way", async () => {
  const one = workflow(
    "one",
    { initialState },
    wait(10),
    waitUntil((state) => state.on),
    add,
  );
  const runs = Array.from({ length: 1000 }, (_, n) => one.start({ clock, initialState: { n } }));
  await settled();
  await clock.advance(10);
  for (const [index, each] of runs.entries())
    if (index % 2 === 0) each.signal((state) => ({ ...state, on: true }));
  await settled();
  expect(runs.filter(({ status }) => status === "succeeded")).toHaveLength(500);
  expect(runs.every(({ state }, index) => state.n === (index % 2 === 0 ? index + 1 : index))).toBe(true);
  await Promise.all(runs.map((each) => each.stop()));
});
