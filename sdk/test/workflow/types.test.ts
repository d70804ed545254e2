// What the compiler knows; vitest only runs what stands outside of functions that nobody calls.
import { expectTypeOf, test } from "vitest";
import * as z from "zod";
import {
  compensate,
  custom,
  debounce,
  each,
  error,
  type Message,
  ok,
  on,
  parallel,
  race,
  repeat,
  retry,
  run,
  type Step,
  sequence,
  setState,
  skip,
  waitUntil,
  when,
  workflow,
} from "../../src/workflow/index.ts";

const initialState = { urls: ["a"], done: [] as string[], dirty: false as boolean | "processing" };
type State = typeof initialState;

test("the state reaches each function, however deep it stands", () => {
  workflow(
    "deep",
    { initialState },
    repeat(
      waitUntil((state) => {
        expectTypeOf(state).toEqualTypeOf<State>();
        return state.dirty;
      }),
      sequence(
        debounce(5),
        when(
          (state) => state.dirty === "processing",
          setState((state) => ({ ...state, dirty: false })),
        ),
      ),
      run("push", async (state, { signal, attempt, runId, tenant }) => {
        expectTypeOf(state).toEqualTypeOf<State>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        expectTypeOf([attempt, runId, tenant]).toEqualTypeOf<(string | number)[]>();
        return ok({ ...state, dirty: "processing" as const });
      }),
    ),
  );
});

test("what is collected is in the state of the steps after it, and of the end", () => {
  const tree = workflow(
    "collect",
    { initialState },
    parallel((state) => state.urls.map((url) => async () => ({ url, size: url.length })), {
      collectAs: "fetched",
    }),
    each("fetched", (page, state) => {
      expectTypeOf(page).toEqualTypeOf<{ url: string; size: number }>();
      return page.size > 9 ? skip("too large") : ok({ ...state, done: [...state.done, page.url] });
    }),
    race([() => 1, async () => "one"], { collectAs: "first" }),
    setState((state) => {
      expectTypeOf(state.first).toEqualTypeOf<string | number>();
      return state;
    }),
    parallel([() => 7], { collectAs: "settled", policy: "collect" }),
  );
  const last = () => tree.start().done;
  expectTypeOf<Awaited<ReturnType<typeof last>>["fetched"]>().toEqualTypeOf<
    { url: string; size: number }[]
  >();
  expectTypeOf<Awaited<ReturnType<typeof last>>["settled"]>().toEqualTypeOf<PromiseSettledResult<number>[]>();
});

// biome-ignore format: an error must stand on the line below the words that expect it
test("what can't be meant is refused", () => {
  const options = { initialState };
  const bad = () => {
    // @ts-expect-error the key is not in the state
    workflow("a", options, each("nowhere", () => ok));
    // @ts-expect-error the state has another type there
    workflow("a", options, setState((state) => ({ ...state, dirty: "dirty" })));
    // @ts-expect-error it is collected later
    workflow("a", options, setState((state) => ({ ...state, done: state.fetched })), parallel([], { collectAs: "fetched" }));
    // @ts-expect-error a plain state is no outcome
    workflow("a", options, run("push", (state) => state));
    // @ts-expect-error run has no skip
    workflow("a", options, run("push", () => skip()));
    // @ts-expect-error each has no retry
    workflow("a", options, each("urls", () => retry()));
    // @ts-expect-error of several items at once ok takes a function
    workflow("a", options, each("urls", (_, state) => ok(state), { concurrency: 2 }));
    // @ts-expect-error the other way has another state
    workflow("a", options, when((state) => state.dirty, setState((state: { other: 1 }) => state)));
  };
  void bad;
  const tree = workflow("a", { initialState });
  const wrong = () => {
    // @ts-expect-error another state
    tree.start({ initialState: { urls: 1 } });
    // @ts-expect-error no signal was declared
    tree.start().send("approve");
    // @ts-expect-error it returns no state
    tree.start().signal(() => {});
  };
  void wrong;
});

test("errors and outcomes without a state fit everywhere", () => {
  workflow(
    "all",
    { initialState },
    run("a", () => error("no")),
    run("b", () => retry()),
    run("c", async () => ok),
    run("d", () => ok((state) => ({ ...state, dirty: true }))),
    compensate(
      run("e", () => ok),
      (state) => void state.urls,
    ),
    each("urls", async () => error("no")),
  );
});

test("signals, their payloads and the messages", () => {
  const signals = {
    approve: z.object({ by: z.string(), cents: z.string().transform(Number) }),
    touch: on(custom<void>(), (state: State) => ({ ...state, dirty: true })),
    rename: on(z.string(), (state: State, title) => ({ ...state, done: [title.trim()] })),
  };
  const tree = workflow(
    "signals",
    { initialState, signals },
    waitUntil((state) => state.approve?.cents === 3),
  );
  const calls = () => {
    const started = tree.start();
    started.send("approve", { by: "sam", cents: "3" });
    started.send("touch");
    started.send("rename", "x");
    // @ts-expect-error the payload is missing
    started.send("rename");
    // @ts-expect-error not what the schema takes
    started.send("approve", { by: "sam", cents: 3 });
    expectTypeOf(started.state.approve).toEqualTypeOf<{ by: string; cents: number } | undefined>();
    // @ts-expect-error what it does is declared: it puts nothing into the state
    void started.state.rename;
    expectTypeOf(started.messages().next()).resolves.toMatchTypeOf<
      IteratorResult<Message<typeof started.state>>
    >();
  };
  void calls;
});

test("steps are values, and fit where their state does", () => {
  const push: Step<State> = run("push", () => ok);
  expectTypeOf(sequence(push, push)).toEqualTypeOf<Step<State>>();
  const inner = workflow(
    "inner",
    { initialState: { n: 1 } },
    setState((state) => ({ n: state.n + 1 })),
  );
  workflow("outer", { initialState: { n: 1 } }, inner);
  workflow("outer", { initialState: {} as { part?: { n: number } } }, inner.under("part"));
  // @ts-expect-error the states differ
  workflow("outer", { initialState: { m: 1 } }, inner);
});
