import { beforeEach, expect, test } from "vitest";
import * as z from "zod";
import { TestClock } from "../../src/testing.ts";
import {
  custom,
  debounce,
  each,
  error,
  ok,
  on,
  parallel,
  type RunOutcome,
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

interface Book {
  dirty: boolean | "processing";
  title: string;
}
const clean: Book = { dirty: false, title: "" };

/** The workflow of the contract, whose pushes end when the test says so. */
function syncing(retries = 0) {
  const pushes: { title: string; end(outcome: RunOutcome<Book>): void }[] = [];
  const tree = workflow(
    "sync_book",
    { initialState: clean },
    repeat(
      waitUntil((book) => book.dirty),
      debounce(500),
      setState((book) => ({ ...book, dirty: "processing" as const })),
      run(
        "push",
        (book) =>
          new Promise<RunOutcome<Book>>((end) => {
            pushes.push({ title: book.title, end: (outcome) => end(outcome) });
          }),
        { retries },
      ),
    ),
  );
  return { tree, pushes };
}

const typing = (title: string) => (book: Book) => ({ dirty: true, title: book.title + title });

test("a second change during the push is pushed by a second push", async () => {
  const { tree, pushes } = syncing();
  const started = tree.start({ clock });
  const heard = hear(started);
  started.signal(typing("a"));
  await clock.advance(500);
  expect(pushes.map(({ title }) => title)).toEqual(["a"]);
  started.signal(typing("b"));
  expect(started.state).toEqual({ dirty: true, title: "ab" });
  pushes[0]?.end(ok({ ...clean, title: "a" }));
  await settled();
  expect(started.state).toEqual({ dirty: true, title: "ab" });
  await clock.advance(500);
  expect(pushes.map(({ title }) => title)).toEqual(["a", "ab"]);
  pushes[1]?.end(ok({ ...clean, title: "ab" }));
  await settled();
  expect(started.state).toEqual({ dirty: false, title: "ab" });
  // At no time was it said that all is well while a change was not pushed.
  expect(heard.messages.map(({ state }) => [state.dirty, state.title])).toEqual([
    [false, ""],
    [true, "a"],
    ["processing", "a"],
    [true, "ab"],
    [true, "ab"],
    ["processing", "ab"],
    [false, "ab"],
  ]);
  await started.stop();
});

test("a signal in a retry delay stays, and the next attempt gets it", async () => {
  const { tree, pushes } = syncing(1);
  const started = tree.start({ clock });
  started.signal(typing("a"));
  await clock.advance(500);
  pushes[0]?.end(error("away"));
  await settled();
  started.signal(typing("b"));
  await clock.advance(100);
  expect(pushes[1]?.title).toBe("ab");
  started.signal(typing("c"));
  pushes[1]?.end(ok({ ...clean, title: "ab" }));
  await settled();
  expect(started.state).toEqual({ dirty: true, title: "abc" });
  await started.stop();
});

test("ok with a function gets the state with the signals in it, which are not called again", async () => {
  let calls = 0;
  const work = Promise.withResolvers<RunOutcome<Book>>();
  const tree = workflow(
    "by",
    { initialState: clean },
    run("work", () => work.promise),
  );
  const started = tree.start();
  await settled();
  started.signal((book) => {
    calls += 1;
    return { ...book, title: `${book.title}x` };
  });
  work.resolve(ok((book: Book) => ({ ...book, title: `${book.title}!` })));
  expect(await started.done).toEqual({ dirty: false, title: "x!" });
  expect(calls).toBe(1);
});

test("a signal during a parallel stays beside what is collected", async () => {
  const task = Promise.withResolvers<string>();
  const tree = workflow(
    "all",
    { initialState: clean },
    parallel([() => task.promise, () => "b"], { collectAs: "found" }),
  );
  const started = tree.start();
  await settled();
  started.signal(typing("x"));
  task.resolve("a");
  expect(await started.done).toEqual({ dirty: true, title: "x", found: ["a", "b"] });
});

test("signals during the items of each stay, whole states or not", async () => {
  const items = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const initialState = { list: [0, 1], done: [] as number[], signals: 0 };
  const tree = workflow(
    "items",
    { initialState },
    each("list", async (item, state) => {
      await items[item]?.promise;
      return ok({ ...state, done: [...state.done, item] });
    }),
  );
  const started = tree.start();
  await settled();
  started.signal((state) => ({ ...state, signals: state.signals + 1 }));
  items[0]?.resolve();
  await settled();
  started.signal((state) => ({ ...state, signals: state.signals + 1 }));
  items[1]?.resolve();
  expect(await started.done).toEqual({ list: [0, 1], done: [0, 1], signals: 2 });
});

test("what several items at once did adds up", async () => {
  const initialState = { list: [1, 2, 3, 4, 5], sum: 0 };
  const tree = workflow(
    "sum",
    { initialState },
    each("list", async (item) => ok((state: typeof initialState) => ({ ...state, sum: state.sum + item })), {
      concurrency: 3,
    }),
  );
  expect((await tree.start().done).sum).toBe(15);
});

test("a signal from within a step comes after the step", async () => {
  const started = workflow(
    "within",
    { initialState: { n: 0 } },
    setState((state) => {
      started.signal((now) => ({ n: now.n * 10 }));
      return { n: state.n + 1 };
    }),
  ).start();
  expect(await started.done).toEqual({ n: 10 });
});

test("a signal that comes at once comes after what the run does before it waits", async () => {
  const tree = workflow(
    "early",
    { initialState: { n: 0 } },
    setState(() => ({ n: 1 })),
    wait(10),
  );
  const started = tree.start({ clock });
  started.signal((state) => ({ n: state.n + 1 }));
  expect(started.state).toEqual({ n: 2 });
  await started.stop();
});

test("a run that signals another from within a step loses nothing", async () => {
  const other = workflow(
    "other",
    { initialState: { n: 0 } },
    waitUntil((state) => state.n > 2),
  ).start();
  const tree = workflow(
    "one",
    { initialState: { n: 0 } },
    repeat(
      setState((state) => {
        other.signal((now) => ({ n: now.n + 1 }));
        return { n: state.n + 1 };
      }),
      { times: 3 },
    ),
  );
  await tree.start().done;
  expect(await other.done).toEqual({ n: 3 });
});

const schemas = {
  approve: z.object({ by: z.string() }),
  rename: on(z.string().trim().min(1), (book: Book, title) => ({ ...book, title })),
  touch: on(custom<void>(), (book: Book) => ({ ...book, dirty: true })),
};

test("a declared signal puts its payload under its name, or does what it was declared to do", async () => {
  const tree = workflow(
    "declared",
    { initialState: clean, signals: schemas },
    waitUntil((book) => book.approve?.by === "sam"),
  );
  const started = tree.start();
  started.send("rename", "  Emma ");
  started.send("touch");
  expect(started.state).toEqual({ dirty: true, title: "Emma" });
  started.send("approve", { by: "sam" });
  expect(await started.done).toEqual({ dirty: true, title: "Emma", approve: { by: "sam" } });
});

test("what the schema refuses is thrown to who sent it, and the run feels nothing", async () => {
  const tree = workflow("declared", { initialState: clean, signals: schemas }, wait(10));
  const started = tree.start({ clock });
  expect(() => started.send("rename", " ")).toThrow("signal rename: expected what its schema allows, got");
  expect(() => started.send("approve", { by: 7 } as never)).toThrow("(at by)");
  expect(() => started.send("aprove" as "approve", { by: "sam" })).toThrow(
    'send: expected one of approve, rename, touch, got "aprove"',
  );
  expect(() => started.send("toString" as "touch")).toThrow('got "toString"');
  expect(() => started.signal("dirty" as never)).toThrow(
    "signal: expected a function of the state, got string",
  );
  expect(started.status).toBe("running");
  expect(started.state).toBe(clean);
  await started.stop();
});

test("a run that has ended takes no signal, and says so", async () => {
  const started = workflow("over", { initialState: clean }).start();
  await started.done;
  expect(() => started.signal((book) => book)).toThrow(/takes no signals any more/);
});

test("more signals during one piece of work than are remembered are refused, not lost", async () => {
  const tree = workflow(
    "many",
    { initialState: { n: 0 } },
    run("work", () => new Promise<never>(() => {})),
  );
  const started = tree.start();
  await settled();
  for (let n = 0; n < 10_000; n += 1) started.signal((state) => ({ n: state.n + 1 }));
  expect(() => started.signal((state) => ({ n: state.n + 1 }))).toThrow("at most 10000 signals");
  expect(started.state.n).toBe(10_000);
  await started.stop();
});
