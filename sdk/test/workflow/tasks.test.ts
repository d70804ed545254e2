import { beforeEach, describe, expect, test } from "vitest";
import { TestClock } from "../../src/testing.ts";
import {
  each,
  error,
  ok,
  parallel,
  race,
  setState,
  skip,
  TasksFailed,
  type Work,
  workflow,
} from "../../src/workflow/index.ts";
import { hear, settled } from "./hearing.ts";

let clock: TestClock;

beforeEach(() => {
  clock = new TestClock();
});

/** Tasks that take so long, and then give their number or throw it. */
function taking(times: readonly number[], failing: readonly number[] = []) {
  const aborted: number[] = [];
  let atOnce = 0;
  let most = 0;
  const tasks = times.map((ms, index) => async ({ signal }: Work) => {
    most = Math.max(most, ++atOnce);
    signal.addEventListener("abort", () => void aborted.push(index));
    try {
      await clock.sleep(ms, signal);
    } finally {
      atOnce -= 1;
    }
    if (failing.includes(index)) throw new Error(`task ${index}`);
    return index;
  });
  return { tasks, aborted, most: () => most };
}

const initialState = { items: [1, 2, 3, 4], kept: [] as number[] };

describe("parallel", () => {
  test("gives results in the order of the tasks, not of their ends", async () => {
    const { tasks } = taking([30, 10, 20]);
    const started = workflow("all", { initialState }, parallel(tasks, { collectAs: "results" })).start({
      clock,
    });
    await settled();
    await clock.advance(30);
    expect((await started.done).results).toEqual([0, 1, 2]);
  });

  test("makes its tasks from the state; none give an empty list", async () => {
    const squares = parallel((state: { items: number[] }) => state.items.map((item) => () => item * item), {
      collectAs: "squares",
    });
    const tree = workflow("squares", { initialState: { items: [1, 2, 3] } }, squares);
    expect((await tree.start().done).squares).toEqual([1, 4, 9]);
    expect((await tree.start({ initialState: { items: [] } }).done).squares).toEqual([]);
  });

  test("has no more under way than it may", async () => {
    const { tasks, most } = taking([10, 10, 10, 10, 10]);
    const started = workflow("some", { initialState }, parallel(tasks, { concurrency: 2 })).start({ clock });
    await settled();
    await clock.advance(29);
    expect(started.status).toBe("running");
    await clock.advance(1);
    await started.done;
    expect(most()).toBe(2);
    expect(started.state).toBe(initialState);
  });

  test("fails fast, aborts the others, and keeps what had come", async () => {
    const { tasks, aborted } = taking([10, 20, 30], [1]);
    const started = workflow("fast", { initialState }, parallel(tasks, { collectAs: "results" })).start({
      clock,
    });
    const heard = hear(started);
    await settled();
    await clock.advance(20);
    await heard.over;
    expect(heard.ends).toMatchObject([
      { type: "error", state: { results: [0, undefined, undefined] }, path: ["results"] },
    ]);
    const failed = heard.ends[0]?.error as TasksFailed;
    expect(failed).toBeInstanceOf(TasksFailed);
    expect(failed).toMatchObject({
      message: "parallel results: 1 of 3 tasks failed: task 1",
      cause: { message: "task 1" },
      results: [{ status: "fulfilled", value: 0 }, { status: "rejected" }, undefined],
    });
    expect(aborted).toEqual([0, 1, 2]);
  });

  test("collects failures where that is wanted", async () => {
    const { tasks } = taking([10, 20, 30], [1]);
    const all = parallel(tasks, { collectAs: "results", policy: "collect" });
    const started = workflow("collect", { initialState }, all).start({ clock });
    await settled();
    await clock.advance(30);
    expect((await started.done).results).toMatchObject([
      { status: "fulfilled", value: 0 },
      { status: "rejected", reason: { message: "task 1" } },
      { status: "fulfilled", value: 2 },
    ]);
  });

  test.each([
    ["fail-fast", "failed"],
    ["collect", "succeeded"],
  ] as const)("that takes too long: %s", async (policy, status) => {
    const { tasks } = taking([10, 1000]);
    const all = parallel(tasks, { collectAs: "results", timeout: 100, policy: policy as "collect" });
    const started = workflow("late", { initialState }, all).start({ clock });
    const heard = hear(started);
    await settled();
    await clock.advance(100);
    await heard.over;
    expect(heard.ends).toHaveLength(1);
    expect(started.status).toBe(status);
    if (status === "failed") expect(heard.ends[0]?.error).toMatchObject({ cause: { name: "TimeoutError" } });
    else
      expect(heard.ends[0]?.state).toMatchObject({
        results: [{ value: 0 }, { reason: { name: "TimeoutError" } }],
      });
  });

  test.each([
    ["that are no functions", () => [1], "expected tasks to be functions, got number as task 1"],
    ["that are no list", () => "tasks", "expected an array of tasks, got string"],
  ])("tasks %s fail the run", async (_, tasks, message) => {
    const started = workflow(
      "bad",
      { initialState },
      parallel(tasks as never, { collectAs: "results" }),
    ).start();
    await expect(started.done).rejects.toThrow(message);
  });

  test("a task that throws at once has failed", async () => {
    const boom = () => {
      throw new Error("boom");
    };
    await expect(workflow("bad", { initialState }, parallel([boom])).start().done).rejects.toThrow("boom");
  });
});

describe("race", () => {
  test("takes the first result, and aborts the others", async () => {
    const { tasks, aborted } = taking([30, 10, 20]);
    const started = workflow("race", { initialState }, race(tasks, { collectAs: "first" })).start({ clock });
    await settled();
    await clock.advance(10);
    expect((await started.done).first).toBe(1);
    await settled();
    expect(aborted).toEqual([0, 1, 2]);
  });

  test("a failure does not win", async () => {
    const { tasks } = taking([10, 20], [0]);
    const started = workflow("race", { initialState }, race(tasks, { collectAs: "first" })).start({ clock });
    await settled();
    await clock.advance(20);
    expect((await started.done).first).toBe(1);
  });

  test("where all fail it fails, with each of their errors", async () => {
    const { tasks } = taking([10, 20], [0, 1]);
    const started = workflow("race", { initialState }, race(tasks)).start({ clock });
    const heard = hear(started);
    await settled();
    await clock.advance(20);
    await heard.over;
    expect(heard.ends).toMatchObject([
      { type: "error", error: { errors: [{ message: "task 0" }, { message: "task 1" }] } },
    ]);
  });

  test("without a result in time it fails, and its tasks are aborted", async () => {
    const { tasks, aborted } = taking([100, 200]);
    const started = workflow(
      "race",
      { initialState },
      race(() => tasks, { timeout: 50 }),
    ).start({ clock });
    const heard = hear(started);
    await settled();
    await clock.advance(50);
    await heard.over;
    expect(heard.ends).toMatchObject([{ type: "error", error: { cause: { name: "TimeoutError" } } }]);
    expect(aborted).toEqual([0, 1]);
  });

  test("of nobody fails", async () => {
    await expect(workflow("race", { initialState }, race([])).start().done).rejects.toThrow(
      "at least one task",
    );
  });
});

describe("each", () => {
  test("goes on over what is skipped", async () => {
    const even = each("items", (item: number, state: typeof initialState) =>
      item % 2 === 0 ? ok({ ...state, kept: [...state.kept, item] }) : skip("odd"),
    );
    expect((await workflow("even", { initialState }, even).start().done).kept).toEqual([2, 4]);
  });

  test("an error ends it, with what the items before did", async () => {
    const taken: number[] = [];
    const until3 = each("items", async (item: number, state: typeof initialState) => {
      taken.push(item);
      return item === 3 ? error("three") : ok({ ...state, kept: [...state.kept, item] });
    });
    const started = workflow("three", { initialState }, until3).start();
    const heard = hear(started);
    await heard.over;
    expect(heard.ends).toMatchObject([
      { type: "error", error: { message: "three" }, state: { kept: [1, 2] }, path: ["items"] },
    ]);
    expect(taken).toEqual([1, 2, 3]);
  });

  test("takes the items that were there when it began", async () => {
    const grow = each("items", (item: number, state: typeof initialState) =>
      ok({ items: [...state.items, 9], kept: [...state.kept, item] }),
    );
    expect((await workflow("grow", { initialState }, grow).start().done).kept).toEqual([1, 2, 3, 4]);
  });

  test("has no more items under way than it may, and aborts them with the first error", async () => {
    const aborted: number[] = [];
    let most = 0;
    let atOnce = 0;
    const pairs = each(
      "items",
      async (item: number, _: typeof initialState, { signal }: Work) => {
        most = Math.max(most, ++atOnce);
        signal.addEventListener("abort", () => void aborted.push(item));
        await clock.sleep(item * 10, signal).finally(() => {
          atOnce -= 1;
        });
        return item === 3
          ? error("three")
          : ok((state: typeof initialState) => ({ ...state, kept: [...state.kept, item] }));
      },
      { concurrency: 2 },
    );
    const started = workflow("pairs", { initialState }, pairs).start({ clock });
    const heard = hear(started);
    await settled();
    await clock.advance(1000);
    await heard.over;
    expect(most).toBe(2);
    expect(heard.ends).toMatchObject([{ type: "error", state: { kept: [1, 2] } }]);
    expect(aborted).toContain(4);
  });

  test("a whole state from one of several items at once is refused: it would undo what others did", async () => {
    const whole = each("items", async (_item: number, state: typeof initialState) => ok(state) as never, {
      concurrency: 2,
    });
    await expect(workflow("whole", { initialState }, whole).start().done).rejects.toThrow(
      "write ok((state) =>",
    );
  });

  test.each([
    ["a key that is no list", { items: 7 }, "expected the state to have a list as items, got number"],
    ["a key that is not there", {}, "got undefined"],
  ])("%s fails the run", async (_, state, message) => {
    const tree = workflow(
      "bad",
      { initialState: state as unknown as typeof initialState },
      each("items", () => ok),
    );
    await expect(tree.start().done).rejects.toThrow(message);
  });

  test("an item that returns no helper's result fails the run", async () => {
    const started = workflow(
      "bad",
      { initialState },
      each("items", () => true as never),
    ).start();
    await expect(started.done).rejects.toThrow(
      "expected one of ok(), skip(), error() to be returned, got boolean",
    );
  });

  test("a hundred thousand items that are at once done are no recursion", async () => {
    const items = Array.from({ length: 100_000 }, (_, index) => index);
    const count = each("items", (_item: number, state: { items: number[]; n: number }) =>
      ok({ ...state, n: state.n + 1 }),
    );
    const tree = workflow(
      "count",
      { initialState: { items, n: 0 } },
      count,
      setState((state) => ({ ...state, items: [] })),
    );
    expect((await tree.start().done).n).toBe(100_000);
  });
});
