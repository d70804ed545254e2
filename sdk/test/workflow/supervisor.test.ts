import { beforeEach, expect, test, vi } from "vitest";
import { TestClock } from "../../src/testing.ts";
import {
  createSupervisor,
  ok,
  repeat,
  run,
  setState,
  wait,
  waitUntil,
  workflow,
} from "../../src/workflow/index.ts";
import { hear, settled } from "./hearing.ts";

let clock: TestClock;

beforeEach(() => {
  clock = new TestClock();
});

interface State {
  n: number;
  crash: boolean;
}
const initialState: State = { n: 0, crash: false };

/** Counts its rounds, and crashes when it is told to. */
const counting = workflow(
  "counting",
  { initialState },
  repeat(
    wait(10),
    run("round", (state) => {
      if (state.crash) throw new Error("crashed");
      return ok({ ...state, n: state.n + 1 });
    }),
  ),
);
const crash = (state: State) => ({ ...state, crash: true });
const restart = { max: 2, within: 1000, backoff: "fixed", baseDelay: 50 } as const;

test("one run for each key", async () => {
  await using supervisor = createSupervisor({ clock });
  const one = supervisor.start("a", counting, { id: "a-1", tenant: "acme-corp" });
  expect(supervisor.start("a", counting)).toBe(one);
  const other = supervisor.start("b", counting);
  expect(other).not.toBe(one);
  expect(supervisor.list().map(({ key }) => key)).toEqual(["a", "b"]);
  expect(supervisor.get("a")).toBe(one);
  expect(one.run).toMatchObject({ id: "a-1", tenant: "acme-corp" });
  await supervisor.stop("a");
  expect(supervisor.list().map(({ key }) => key)).toEqual(["b"]);
  expect(supervisor.start("a", counting)).not.toBe(one);
  await supervisor.stopAll();
  expect(supervisor.list()).toEqual([]);
});

test("one that has come to its end is not started again", async () => {
  const supervisor = createSupervisor({ clock });
  const short = supervisor.start(
    "a",
    workflow(
      "short",
      { initialState },
      setState((state) => ({ ...state, n: 7 })),
    ),
  );
  expect(await short.done).toMatchObject({ n: 7 });
  expect(short.restarts).toBe(0);
  expect(supervisor.get("a")).toBeUndefined();
});

test("one that crashed begins again from the initial state, after a delay", async () => {
  const onRestart = vi.fn();
  const supervisor = createSupervisor({ clock, restart, onRestart });
  const one = supervisor.start("a", counting);
  await settled();
  await clock.advance(30);
  const { run: before } = one;
  one.signal(crash);
  await clock.advance(10);
  expect(onRestart).toHaveBeenCalledWith(
    expect.objectContaining({
      key: "a",
      restarts: 1,
      error: expect.objectContaining({ message: "crashed" }),
    }),
  );
  expect([one.status, one.restarts, before.status]).toEqual(["running", 0, "failed"]);
  await clock.advance(50);
  expect(one.restarts).toBe(1);
  expect(one.run).not.toBe(before);
  expect(one.state).toEqual(initialState);
  await clock.advance(20);
  expect(one.state.n).toBe(2);
  await supervisor.stopAll();
});

test("or from the state that it crashed with", async () => {
  const supervisor = createSupervisor({ clock, restart: { ...restart, from: "last" } });
  const tree = workflow(
    "once",
    { initialState },
    waitUntil((state) => state.n > 0),
    run("work", (_, { runId }) => {
      if (!runId.endsWith("#2")) throw new Error("crashed");
      return ok();
    }),
  );
  const one = supervisor.start("a", tree, { id: "a" });
  await settled();
  one.signal((state) => ({ ...state, n: 5 }));
  await settled();
  await clock.advance(50);
  expect((await one.done).n).toBe(5);
  expect(one.run.id).toBe("a#2");
});

test("one that crashes too often is given up, alone: the others feel nothing", async () => {
  const onGiveUp = vi.fn();
  const supervisor = createSupervisor({ clock, restart, onGiveUp });
  const good = supervisor.start("good", counting);
  const bad = supervisor.start("bad", counting, { initialState: { n: 0, crash: true } });
  const heard = hear(bad);
  await settled();
  await clock.advance(1000);
  await heard.over;
  expect(bad.restarts).toBe(2);
  expect(bad.status).toBe("failed");
  expect(onGiveUp).toHaveBeenCalledTimes(1);
  expect(onGiveUp).toHaveBeenCalledWith(expect.objectContaining({ key: "bad", restarts: 2 }));
  expect(heard.messages.map(({ type, status }) => `${type} ${status}`)).toEqual([
    "state running",
    "state failed",
    "state running",
    "state failed",
    "state running",
    "error failed",
  ]);
  await expect(bad.done).rejects.toThrow("crashed");
  expect(supervisor.list().map(({ key }) => key)).toEqual(["good"]);
  expect(good.state.n).toBe(100);
  await supervisor.stopAll();
});

test("crashes that lie further apart than the time count alone", async () => {
  const supervisor = createSupervisor({ clock, restart });
  const one = supervisor.start("a", counting);
  await settled();
  for (let crashes = 0; crashes < 5; crashes += 1) {
    one.signal(crash);
    await clock.advance(1100);
  }
  expect(one.restarts).toBe(5);
  await supervisor.stopAll();
});

test("a signal that comes while nothing runs is for the run that comes next", async () => {
  const supervisor = createSupervisor({ clock, restart });
  const one = supervisor.start("a", counting);
  await settled();
  one.signal(crash);
  await clock.advance(10);
  one.signal((state) => ({ ...state, n: 100 }));
  await clock.advance(50);
  expect(one.state.n).toBe(100);
  await supervisor.stopAll();
  expect(() => one.signal(crash)).toThrow("takes no signals any more");
});

test.each(["stop", "cancel"] as const)("%s while it waits for its restart is its end", async (how) => {
  const supervisor = createSupervisor({ clock, restart });
  const one = supervisor.start("a", counting);
  const heard = hear(one);
  await settled();
  one.signal(crash);
  await clock.advance(10);
  await one[how]("enough");
  await heard.over;
  expect(heard.ends).toMatchObject([
    { type: how === "stop" ? "done" : "error", status: "cancelled", reason: "enough" },
  ]);
  await clock.advance(1000);
  expect(one.restarts).toBe(0);
});

test("a listener that throws harms nobody", async () => {
  const supervisor = createSupervisor({
    clock,
    restart,
    onRestart() {
      throw new Error("listener");
    },
  });
  const one = supervisor.start("a", counting);
  await settled();
  one.signal(crash);
  await clock.advance(60);
  expect(one.restarts).toBe(1);
  await supervisor.stopAll();
});

test.each<[object, string]>([
  [{ restart: { max: -1 } }, "expected max to be a whole number from 0, or Infinity, got -1"],
  [{ restart: { within: 0 } }, "expected within to be milliseconds above 0, got 0"],
  [{ restart: { from: "start" } }, 'expected from to be "initial" or "last", got "start"'],
  [{ restart: { backoff: "slow" } }, "expected backoff to be fixed, linear or exponential, got slow"],
  [{ onRestart: 7 }, "createSupervisor: onRestart: expected a function, got number"],
])("options %j are refused", (options, message) => {
  expect(() => createSupervisor(options)).toThrow(message);
});

test("a key that is none, and a workflow that is none, are refused", () => {
  const supervisor = createSupervisor();
  expect(() => supervisor.start("", counting)).toThrow("expected a key that is text and not empty");
  expect(() => supervisor.start("a", {} as never)).toThrow("expected a workflow made by workflow()");
});
