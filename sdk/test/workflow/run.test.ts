import { beforeEach, describe, expect, test } from "vitest";
import { TestClock } from "../../src/testing.ts";
import {
  error,
  ok,
  type RunOptions,
  type RunOutcome,
  repeat,
  retry,
  run,
  StepFailed,
  workflow,
} from "../../src/workflow/index.ts";
import { hear, settled } from "./hearing.ts";

let clock: TestClock;

beforeEach(() => {
  clock = new TestClock();
});

interface Tries {
  tries: number;
}
const initialState: Tries = { tries: 0 };

/** A workflow of one run, whose attempts are told what to do by a list. */
function trying(does: readonly (() => unknown)[], options: RunOptions = {}) {
  const seen: { attempt: number; state: Tries; at: number }[] = [];
  const work = run(
    "work",
    async (state: Tries, { attempt }) => {
      seen.push({ attempt, state, at: clock.now() });
      return does[attempt - 1]?.() as RunOutcome<Tries>;
    },
    options,
  );
  return { tree: workflow("trying", { initialState }, work), seen };
}

const fail = () => error("no");
const boom = () => {
  throw new Error("boom");
};

test.each([
  ["ok", () => ok, { tries: 0 }],
  ["ok()", () => ok(), { tries: 0 }],
  ["ok(state)", () => ok({ tries: 7 }), { tries: 7 }],
  ["ok(fn)", () => ok((state: Tries) => ({ tries: state.tries + 1 })), { tries: 1 }],
])("%s goes on", async (_, does, state) => {
  const { tree } = trying([does]);
  expect(await tree.start().done).toEqual(state);
});

test("what is not async may be returned at once", async () => {
  const tree = workflow(
    "sync",
    { initialState },
    repeat(
      run("step", (state) => ok({ tries: state.tries + 1 })),
      { times: 100 },
    ),
  );
  expect(await tree.start().done).toEqual({ tries: 100 });
});

test("attempts 1, 2, 3: retry keeps its state, error and a throw go back to the one before", async () => {
  const { tree, seen } = trying([() => retry({ tries: 10 }), fail, boom, () => ok({ tries: 99 })], {
    retries: 3,
    baseDelay: 0,
  });
  expect(await tree.start({ clock }).done).toEqual({ tries: 99 });
  expect(seen.map(({ attempt, state }) => [attempt, state.tries])).toEqual([
    [1, 0],
    [2, 10],
    [3, 10],
    [4, 10],
  ]);
});

test("exhausted retries give the error once, and the run fails with it", async () => {
  const { tree, seen } = trying([boom, boom, boom], { retries: 2, baseDelay: 0 });
  const started = tree.start({ clock });
  const heard = hear(started);
  await expect(started.done).rejects.toThrow("boom");
  await heard.over;
  expect(seen).toHaveLength(3);
  expect(heard.ends).toMatchObject([
    {
      type: "error",
      status: "failed",
      error: { message: "boom" },
      state: { tries: 0 },
      node: "0.0",
      path: ["work"],
    },
  ]);
});

test("a reason that is no error is one, with the reason in it; an error stays itself", async () => {
  await expect(trying([fail]).tree.start().done).rejects.toMatchObject({
    name: "StepFailed",
    message: "no",
    reason: "no",
  });
  const own = new RangeError("mine");
  await expect(trying([() => error(own)]).tree.start().done).rejects.toBe(own);
  await expect(trying([() => error({ code: 7 })]).tree.start().done).rejects.toThrow('{"code":7}');
});

test("retry that may not be tried again fails, with its state kept", async () => {
  const started = trying([() => retry({ tries: 5 })]).tree.start();
  await expect(started.done).rejects.toBeInstanceOf(StepFailed);
  expect(started.state).toEqual({ tries: 5 });
});

test.each([
  ["exponential", [20, 40, 80]],
  ["linear", [20, 40, 60]],
  ["fixed", [20, 20, 20]],
] as const)("%s delays", async (backoff, delays) => {
  const { tree, seen } = trying([fail, fail, fail, () => ok], { retries: 3, backoff, baseDelay: 20 });
  const started = tree.start({ clock });
  await settled();
  await clock.advance(1000);
  await started.done;
  expect(seen.slice(1).map(({ at }, index) => at - (seen[index]?.at ?? 0))).toEqual(delays);
});

test("delays are linear from 100 ms unless said otherwise, are capped, and leave some to chance", async () => {
  const plain = trying([fail, fail, () => ok], { retries: 2 });
  plain.tree.start({ clock });
  await settled();
  await clock.advance(10_000);
  expect(plain.seen.map(({ at }) => at - (plain.seen[0]?.at ?? 0))).toEqual([0, 100, 300]);
  const capped = trying([fail, fail, fail, () => ok], {
    retries: 3,
    backoff: "exponential",
    maxDelay: 150,
    jitter: 0.5,
  });
  capped.tree.start({ clock, random: () => 0.5 });
  await settled();
  await clock.advance(10_000);
  expect(capped.seen.map(({ at }) => at - (capped.seen[0]?.at ?? 0))).toEqual([0, 75, 187.5, 300]);
});

test("an attempt that takes too long is aborted and tried again", async () => {
  const signals: AbortSignal[] = [];
  const work = run(
    "slow",
    (_: Tries, { signal, attempt }) => {
      signals.push(signal);
      return attempt === 1 ? new Promise<never>(() => {}) : ok({ tries: attempt });
    },
    { retries: 1, timeout: 50, baseDelay: 10 },
  );
  const started = workflow("slow", { initialState }, work).start({ clock });
  await settled();
  await clock.advance(49);
  expect(signals[0]?.aborted).toBe(false);
  await clock.advance(1);
  expect(signals[0]?.reason).toMatchObject({ name: "TimeoutError" });
  await clock.advance(10);
  expect(await started.done).toEqual({ tries: 2 });
});

test("a result that comes after its time is of no account", async () => {
  const late = Promise.withResolvers<RunOutcome<Tries>>();
  const work = run("late", (_: Tries, { attempt }) => (attempt === 1 ? late.promise : ok({ tries: 2 })), {
    retries: 1,
    timeout: 50,
    baseDelay: 100,
  });
  const started = workflow("late", { initialState }, work).start({ clock });
  await settled();
  await clock.advance(50);
  late.resolve(ok({ tries: 1 }));
  await settled();
  expect(started.status).toBe("running");
  await clock.advance(100);
  expect(await started.done).toEqual({ tries: 2 });
});

test("retryIf decides which errors are tried again", async () => {
  const { tree, seen } = trying([boom, boom], { retries: 5, baseDelay: 0, retryIf: () => false });
  await expect(tree.start().done).rejects.toThrow("boom");
  expect(seen).toHaveLength(1);
});

describe("anything else that is returned is an error at once, without a retry", () => {
  test.each([
    ["nothing", () => undefined, "got undefined"],
    ["null", () => null, "got null"],
    ["a state without ok", () => ({ tries: 1 }), "got object"],
    ["text", () => "ok", "got string"],
    ["a list", () => [], "got an array"],
  ])("%s", async (_, does, message) => {
    const { tree, seen } = trying([does], { retries: 3 });
    const started = tree.start();
    const heard = hear(started);
    await heard.over;
    expect(seen).toHaveLength(1);
    expect(heard.ends).toHaveLength(1);
    expect(String(heard.ends[0]?.error)).toMatch(
      `expected one of ok(), retry(), error() to be returned, ${message}`,
    );
  });
});

test("an AbortError that the work throws cancels the run", async () => {
  const abort = () => {
    throw new DOMException("enough", "AbortError");
  };
  const started = trying([abort], { retries: 3 }).tree.start();
  await expect(started.done).rejects.toThrow("enough");
  expect(started.status).toBe("cancelled");
});

test("the work knows its run, and the function its name", async () => {
  const tree = workflow(
    "named",
    { initialState },
    run(async function push(_, { runId, tenant, attempt }) {
      return error(`${runId} ${tenant} ${attempt}`);
    }),
  );
  const started = tree.start({ id: "r-1", tenant: "acme-corp" });
  await expect(started.done).rejects.toThrow("r-1 acme-corp 1");
  expect(started.snapshot().path).toEqual(["push"]);
});
