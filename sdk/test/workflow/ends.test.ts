// How a run ends: every failure is one message, every stop too, and the work that was under way is told.
import { beforeEach, describe, expect, test } from "vitest";
import { TestClock } from "../../src/testing.ts";
import {
  compensate,
  debounce,
  each,
  error,
  ok,
  parallel,
  race,
  repeat,
  run,
  type Step,
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

interface State {
  list: number[];
  n: number;
}
const initialState: State = { list: [1, 2], n: 0 };

const boom = (): never => {
  throw new Error("boom");
};

type Steps = readonly (readonly [what: string, step: Step<State>])[];

const raising: Steps = [
  ["setState", setState(boom)],
  ["waitUntil", waitUntil(boom)],
  ["when", when(boom, wait(1))],
  [
    "repeat's until",
    repeat(
      setState<State>((state) => ({ ...state })),
      { until: boom },
    ),
  ],
  ["run", run("work", boom)],
  ["an async run", run("work", async () => boom())],
  ["parallel, making its tasks", parallel<State>(boom)],
  ["a task of parallel", parallel<State>([boom])],
  ["race, making its tasks", race<State>(boom)],
  ["a task of race", race<State>([boom])],
  ["an item of each", each("list", boom) as Step<State>],
  ["an async item of each", each("list", async () => boom()) as Step<State>],
  ["run's retryIf", run("work", () => error("no"), { retries: 1, retryIf: boom })],
  ["ok's function", run("work", () => ok(boom) as never)],
  ["nothing returned by setState", setState((() => {}) as never)],
  ["a promise returned by setState", setState((async () => initialState) as never)],
  ["a promise returned by waitUntil", waitUntil(async () => false)],
  ["a state that is none in ok", run("work", () => ok(7) as never)],
];

test.each(raising)("%s that raises is one error, with the path and the state", async (_, step) => {
  const started = workflow("raises", { initialState }, sequence(step)).start({ clock });
  const heard = hear(started);
  await settled();
  await clock.advance(10);
  await heard.over;
  expect(heard.ends).toHaveLength(1);
  const [end] = heard.ends;
  expect(end).toMatchObject({ type: "error", status: "failed", state: { n: 0 } });
  expect(end?.error).toBeInstanceOf(Error);
  expect(end?.path.length).toBeGreaterThan(0);
  await expect(started.done).rejects.toBe(end?.error);
});

test("a signal's function that raises fails the run, wherever it stands, and whoever sent it goes on", async () => {
  for (const step of [
    wait<State>(10),
    waitUntil<State>(() => false),
    debounce<State>(10),
    run<State>("work", () => new Promise(() => {})),
  ]) {
    const started = workflow("raises", { initialState }, step).start({ clock });
    const heard = hear(started);
    await settled();
    started.signal(boom);
    await heard.over;
    expect(heard.ends).toMatchObject([{ type: "error", error: { message: "boom" }, state: initialState }]);
  }
});

test("a signal that raises only when it is put on top of a result fails the run once", async () => {
  const work = Promise.withResolvers<ReturnType<typeof ok<State>>>();
  const started = workflow(
    "raises",
    { initialState },
    run<State>("work", () => work.promise),
  ).start();
  const heard = hear(started);
  await settled();
  let calls = 0;
  started.signal((state) => (++calls === 1 ? { ...state, n: 1 } : boom()));
  work.resolve(ok({ ...initialState, n: 5 }));
  await heard.over;
  expect(heard.ends).toMatchObject([
    { type: "error", error: { message: "boom" }, state: { n: 1 }, path: ["work"] },
  ]);
});

const work = () => new Promise<never>(() => {});

const lasting: Steps = [
  ["wait", wait(1000)],
  ["waitUntil", waitUntil(() => false)],
  ["waitUntil with a timeout", waitUntil(() => false, { timeout: 1000 })],
  ["debounce", debounce(1000)],
  ["run", run("work", work)],
  ["run's retry delay", run("work", () => error("no"), { retries: 1, baseDelay: 1000 })],
  ["parallel", parallel<State>([work, work])],
  ["race", race<State>([work, work], { timeout: 1000 })],
  ["each", each("list", work) as Step<State>],
  ["each, several at once", each("list", work, { concurrency: 2 }) as Step<State>],
  ["a repeat that never waits", repeat(setState((state: State) => ({ ...state, n: state.n + 1 })))],
  ["deep inside", sequence(repeat(when(() => true, sequence(wait(1000)))))],
];

describe.each(lasting)("%s", (_, step) => {
  test("stop ends it at once, with one message", async () => {
    const started = workflow("stops", { initialState }, step).start({ clock });
    const heard = hear(started);
    await settled();
    await started.stop("enough");
    await heard.over;
    expect(heard.ends).toMatchObject([{ type: "done", status: "cancelled", reason: "enough" }]);
    expect(await started.done).toBe(started.state);
    const { state } = started;
    await clock.advance(10_000);
    await settled();
    expect(started.state).toBe(state);
    await started.stop();
    expect(heard.ends).toHaveLength(1);
  });

  test("cancel ends it too, and says why", async () => {
    const started = workflow("cancels", { initialState }, step).start({ clock });
    const heard = hear(started);
    await settled();
    await started.cancel("not wanted");
    await heard.over;
    expect(heard.ends).toMatchObject([{ type: "error", status: "cancelled", reason: "not wanted" }]);
    await expect(started.done).rejects.toMatchObject({ name: "AbortError", message: "not wanted" });
  });
});

test.each([
  ["run", run<State>],
  ["parallel", (_: string, fn: Parameters<typeof run>[0]) => parallel<State>([fn as never])],
  ["race", (_: string, fn: Parameters<typeof run>[0]) => race<State>([fn as never])],
] as const)("work of %s that is under way is aborted by stop", async (_, make) => {
  const signals: AbortSignal[] = [];
  const fn = (...args: unknown[]) => {
    signals.push((args.at(-1) as { signal: AbortSignal }).signal);
    return work();
  };
  const started = workflow(
    "stops",
    { initialState },
    (make as never as (name: string, fn: unknown) => Step<State>)("work", fn),
  ).start();
  await settled();
  await started.stop("enough");
  expect(signals.map(({ aborted, reason }) => [aborted, reason.message])).toEqual([[true, "enough"]]);
});

test("a signal of an AbortController cancels a run, also one that had aborted before", async () => {
  const controller = new AbortController();
  const tree = workflow("aborts", { initialState }, wait(1000));
  const started = tree.start({ clock, signal: controller.signal });
  await settled();
  controller.abort(new Error("shut down"));
  await expect(started.done).rejects.toThrow("shut down");
  await expect(tree.start({ clock, signal: controller.signal }).done).rejects.toThrow("shut down");
});

test.each(["stop", "cancel", "pause"] as const)("%s from within a step", async (how) => {
  const started = workflow(
    "own",
    { initialState },
    repeat(
      setState((state) => {
        if (state.n === 3) void started[how]("enough");
        return { ...state, n: state.n + 1 };
      }),
    ),
  ).start();
  await settled();
  expect(started.status).toBe(how === "pause" ? "paused" : "cancelled");
  const { n } = started.state;
  expect(n).toBe(how === "stop" ? 3 : 4);
  await settled();
  expect(started.state.n).toBe(n);
  await started.stop();
});

test("await using stops the run", async () => {
  const tree = workflow("scoped", { initialState }, wait(1000));
  let seen: ReturnType<typeof tree.start>;
  {
    await using started = tree.start({ clock });
    seen = started;
  }
  expect(seen.status).toBe("cancelled");
});

test("a subscriber who comes late gets how it stands, or how it ended", async () => {
  const started = workflow(
    "late",
    { initialState },
    wait(10),
    setState((state) => ({ ...state, n: 1 })),
  ).start({ clock });
  await settled();
  const first = hear(started);
  await settled();
  expect(first.messages).toMatchObject([{ type: "state", state: { n: 0 }, path: ["wait"], node: "0.0" }]);
  await clock.advance(10);
  await first.over;
  const late = hear(started);
  await late.over;
  expect(late.messages).toMatchObject([{ type: "done", state: { n: 1 }, status: "succeeded" }]);
});

test("a slow subscriber misses states in between, and is told how many; never the last or the end", async () => {
  const count = workflow(
    "count",
    { initialState },
    repeat(
      setState((state) => ({ ...state, n: state.n + 1 })),
      { times: 1000 },
    ),
  );
  const started = count.start();
  const messages = started.messages({ limit: 4 });
  await started.done;
  const got = [];
  for await (const { type, state, skipped } of messages) got.push([type, state.n, skipped]);
  expect(got).toEqual([
    ["state", 998, 998],
    ["state", 999, undefined],
    ["state", 1000, undefined],
    ["done", 1000, undefined],
  ]);
});

test("leaving the loop ends a subscription, and no other", async () => {
  const started = workflow("two", { initialState }, wait(10)).start({ clock });
  const other = hear(started);
  for await (const message of started.messages()) {
    expect(message.type).toBe("state");
    break;
  }
  await settled();
  await clock.advance(10);
  await other.over;
  expect(other.ends).toHaveLength(1);
});

describe("pause", () => {
  test("lets waits stand still, and they go on with their rest", async () => {
    const started = workflow("pause", { initialState }, wait(100)).start({ clock });
    const heard = hear(started);
    await settled();
    await clock.advance(60);
    started.pause("for a break");
    started.pause();
    expect(started.snapshot()).toMatchObject({ status: "paused", reason: "for a break" });
    await clock.advance(10_000);
    expect(started.status).toBe("paused");
    started.resume();
    expect(started.status).toBe("running");
    await clock.advance(39);
    expect(started.status).toBe("running");
    await clock.advance(1);
    await heard.over;
    expect(heard.messages.map(({ status }) => status)).toEqual(["running", "paused", "running", "succeeded"]);
  });

  test("lets work go on, and its result wait; signals change the state at once", async () => {
    const done = Promise.withResolvers<ReturnType<typeof ok<State>>>();
    const started = workflow(
      "pause",
      { initialState },
      run<State>("work", () => done.promise),
    ).start({ clock });
    await settled();
    started.pause();
    started.signal((state) => ({ ...state, n: state.n + 1 }));
    expect(started.state.n).toBe(1);
    done.resolve(ok({ ...initialState, n: 10 }));
    await settled();
    expect(started.state.n).toBe(1);
    started.resume();
    expect((await started.done).n).toBe(11);
  });

  test("a debounce is still for what is left of it, a change in the pause starts it again", async () => {
    const started = workflow("pause", { initialState }, debounce(100)).start({ clock });
    await settled();
    await clock.advance(60);
    started.pause();
    await clock.advance(500);
    started.resume();
    await clock.advance(39);
    expect(started.status).toBe("running");
    started.pause();
    await clock.advance(500);
    started.signal((state) => ({ ...state, n: 1 }));
    await clock.advance(500);
    started.resume();
    await clock.advance(99);
    expect(started.status).toBe("running");
    await clock.advance(1);
    await settled();
    expect(started.status).toBe("succeeded");
  });

  test("before the first step, and of a condition that came to hold", async () => {
    const started = workflow(
      "pause",
      { initialState },
      waitUntil((state) => state.n > 0),
    ).start({ clock });
    started.pause();
    await settled();
    started.signal((state) => ({ ...state, n: 1 }));
    await settled();
    expect(started.status).toBe("paused");
    started.resume();
    await started.done;
  });

  test("a paused run can be stopped and cancelled; one that has ended can't be paused", async () => {
    const tree = workflow("pause", { initialState }, wait(10));
    const stopped = tree.start({ clock });
    stopped.pause();
    await stopped.stop();
    const cancelled = tree.start({ clock });
    cancelled.pause();
    await cancelled.cancel("no");
    expect([stopped.status, cancelled.status]).toEqual(["cancelled", "cancelled"]);
    expect(() => stopped.pause()).toThrow("it has ended");
    expect(() => stopped.resume()).toThrow("it has ended");
  });
});

describe("compensate", () => {
  const log: string[] = [];
  const step = (name: string) =>
    compensate(
      run<State>(name, () => {
        log.push(name);
        return ok;
      }),
      ({ n }) => void log.push(`undo ${name} ${n}`),
    );
  beforeEach(() => void log.splice(0));

  test("undoes what succeeded, the newest first, with the state as it is then", async () => {
    const add = setState((state: State) => ({ ...state, n: state.n + 1 }));
    const started = workflow(
      "saga",
      { initialState },
      step("a"),
      add,
      step("b"),
      add,
      run("c", boom),
    ).start();
    const heard = hear(started);
    await heard.over;
    expect(log).toEqual(["a", "b", "undo b 2", "undo a 2"]);
    expect(heard.ends).toMatchObject([
      { type: "error", error: { message: "boom" }, path: ["c"], node: "0.4" },
    ]);
  });

  test("undoes nothing when all went well, and what itself failed is not undone", async () => {
    await workflow("saga", { initialState }, step("a")).start().done;
    const own = compensate(run<State>("b", boom), () => void log.push("undo b"));
    await expect(workflow("saga", { initialState }, step("a"), own).start().done).rejects.toThrow("boom");
    expect(log).toEqual(["a", "a", "undo a 0"]);
  });

  test("cancel undoes, stop does not", async () => {
    const tree = workflow("saga", { initialState }, step("a"), wait(100));
    const cancelled = tree.start({ clock });
    await settled();
    await cancelled.cancel();
    const stopped = tree.start({ clock });
    await settled();
    await stopped.stop();
    expect(log).toEqual(["a", "undo a 0", "a"]);
  });

  test("what can't be undone does not keep the rest from it", async () => {
    const stuck = compensate(step("b"), () => boom());
    const started = workflow(
      "saga",
      { initialState },
      step("a"),
      stuck,
      run("c", () => error("no")),
    ).start();
    await expect(started.done).rejects.toThrow("no");
    expect(log).toEqual(["a", "b", "undo b 0", "undo a 0"]);
  });

  test("an undo may be a step of its own, with retries", async () => {
    let tries = 0;
    const undo = run<State>(
      "refund",
      () => {
        tries += 1;
        return tries < 3 ? error("away") : ok;
      },
      { retries: 5, baseDelay: 10 },
    );
    const started = workflow(
      "saga",
      { initialState },
      compensate(
        run<State>("charge", () => ok),
        undo,
      ),
      run("c", boom),
    ).start({ clock });
    const heard = hear(started);
    await settled();
    await clock.advance(100);
    await heard.over;
    expect(tries).toBe(3);
    expect(heard.ends).toMatchObject([{ error: { message: "boom" } }]);
  });

  test("a round of a repeat that is over is not undone by a later one", async () => {
    const round = sequence<State, State, State, State>(
      step("a"),
      setState((state) => ({ ...state, n: state.n + 1 })),
      when((state) => state.n === 3, run("c", boom)),
    );
    await expect(workflow("saga", { initialState }, repeat(round)).start().done).rejects.toThrow("boom");
    expect(log).toEqual(["a", "a", "a", "undo a 3"]);
  });
});
