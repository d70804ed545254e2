// Runs in a journal: another process goes on where one was left.
import { beforeEach, describe, expect, test } from "vitest";
import { JournalUnavailable, memoryJournal } from "../../src/run/index.ts";
import { flowsOf, setupForTests, TestClock } from "../../src/testing.ts";
import {
  compensate,
  debounce,
  each,
  error,
  type Journal,
  ok,
  parallel,
  repeat,
  run,
  type Step,
  setState,
  wait,
  waitUntil,
  workflow,
} from "../../src/workflow/index.ts";
import { hear, settled } from "./hearing.ts";

let clock: TestClock;
let journal: Journal;
let log: string[];

beforeEach(() => {
  clock = new TestClock();
  journal = memoryJournal({ clock });
  log = [];
});

interface State {
  n: number;
  list: number[];
}
const initialState: State = { n: 0, list: [1, 2, 3] };
const add = setState((state: State) => ({ ...state, n: state.n + 1 }));
const LEASE = 1000;

const note = (name: string) =>
  run<State>(name, (state) => {
    log.push(`${name} ${state.n}`);
    return ok;
  });

/** One that never ends the first time, as if its process died, and does the second. */
function dying(name: string) {
  let calls = 0;
  return run<State>(name, (state, { attempt }) => {
    log.push(`${name} ${state.n} attempt ${attempt}`);
    calls += 1;
    return calls === 1 ? new Promise<never>(() => {}) : ok;
  });
}

function tree(...steps: Step<State>[]) {
  return workflow("kept", { initialState }, ...steps);
}

type Tree = ReturnType<typeof tree>;

/** Nothing of the run happens in this process any more, as if it had died. */
function kill(run: object) {
  (run as { machine: { release(reason: unknown): void } }).machine.release(undefined);
}

/** The process has died: its lease runs out, and another one takes what it left. */
async function taken(of: Tree, from: object) {
  kill(from);
  await clock.advance(2 * LEASE);
  const runs = await of.recover({ journal, clock, leaseMs: LEASE });
  expect(runs).toHaveLength(1);
  await settled();
  return runs[0] as ReturnType<Tree["start"]>;
}

/** A journal whose leases are not renewed, as those of a dead process. */
function ofTheDead(): Journal {
  return new Proxy(journal, {
    get(target, key) {
      if (key === "renew")
        return async (leases: unknown[]) => leases.map(() => ({ state: "kept", cancelReason: undefined }));
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function begin(of: Tree) {
  const started = of.start({
    id: "r",
    journal: ofTheDead(),
    clock,
    leaseMs: LEASE,
    labels: { plan: "team" },
    tag: "t",
  });
  await settled();
  await started.saved();
  return started;
}

test("without a crash it is as without a journal, and its end is kept", async () => {
  const kept = tree(note("a"), add, note("b"));
  const started = kept.start({ id: "r", journal, clock });
  expect((await started.done).n).toBe(1);
  expect(log).toEqual(["a 0", "b 1"]);
  expect(await journal.read("r")).toMatchObject({ status: "succeeded" });
});

test("what was done is not done again; what was under way is, with the state that it began with", async () => {
  const kept = tree(note("a"), add, dying("b"), note("c"));
  const started = await begin(kept);
  const again = await taken(kept, started);
  expect((await again.done).n).toBe(1);
  expect(log).toEqual(["a 0", "b 1 attempt 1", "b 1 attempt 2", "c 1"]);
  expect(again).toMatchObject({ id: "r", tag: "t" });
});

test("the process that stood still learns that it has lost the run, and does nothing more", async () => {
  const kept = tree(wait(5 * LEASE), note("a"));
  const lost = kept.start({ id: "r", journal, clock, leaseMs: LEASE });
  const heard = hear(lost);
  await settled();
  await lost.saved();
  // Someone else claims it, though it is still leased: as after a stand-still of this process.
  await journal.cancel("r", "someone wants it");
  await clock.advance(LEASE);
  await settled();
  await heard.over;
  expect(heard.ends).toMatchObject([{ type: "error", status: "cancelled", reason: "someone wants it" }]);
});

test("a signal is kept, also one during an attempt", async () => {
  const kept = tree(
    dying("a"),
    waitUntil((state) => state.n === 3),
    note("b"),
  );
  const started = await begin(kept);
  started.signal((state) => ({ ...state, n: 2 }));
  await started.saved();
  const again = await taken(kept, started);
  expect(log).toEqual(["a 0 attempt 1", "a 2 attempt 2"]);
  again.signal((state) => ({ ...state, n: 3 }));
  await again.done;
  expect(log.at(-1)).toBe("b 3");
});

describe("timers go on with their rest", () => {
  test.each([
    ["wait", wait<State>(10_000)],
    ["waitUntil", waitUntil<State>(() => false, { timeout: 10_000, onTimeout: "goOn" })],
    ["debounce", debounce<State>(10_000)],
    [
      "retry delay",
      run<State>("try", (_, { attempt }) => (attempt === 1 ? error("no") : ok), {
        retries: 1,
        baseDelay: 10_000,
      }),
    ],
  ])("%s", async (_, step) => {
    const kept = tree(step);
    const started = await begin(kept);
    await clock.advance(6000);
    started.signal((state) => state);
    await started.saved();
    const again = await taken(kept, started);
    // What it had still to wait when it was last kept.
    await clock.advance(3999);
    expect(again.status).toBe("running");
    await clock.advance(1);
    await settled();
    expect(again.status).toBe("succeeded");
  });
});

test("a debounce that was extended stays so", async () => {
  const kept = tree(debounce(10_000, { maxWait: 15_000 }));
  const started = await begin(kept);
  await clock.advance(9000);
  started.signal((state) => ({ ...state, n: 1 }));
  await started.saved();
  const again = await taken(kept, started);
  await clock.advance(5999);
  expect(again.status).toBe("running");
  await clock.advance(1);
  await settled();
  expect(again.status).toBe("succeeded");
});

test("rounds of a repeat are counted on", async () => {
  const rounds = workflow("kept", { initialState }, repeat(repeatBody(), { times: 5 }));
  const started = await begin(rounds as never);
  await clock.advance(100);
  await settled();
  await started.saved();
  expect(started.state.n).toBe(2);
  const again = await taken(rounds as never, started);
  await clock.advance(10_000);
  expect((await again.done).n).toBe(5);
});

function repeatBody(): Step<State> {
  return workflow("body", { initialState }, add, wait(100));
}

test("tasks that had ended are not run again", async () => {
  const open = Promise.withResolvers<void>();
  let calls = 0;
  const kept = tree(
    parallel<State>([
      () => void log.push("a"),
      () => {
        log.push("b");
        calls += 1;
        return calls === 1 ? open.promise : undefined;
      },
    ]) as Step<State>,
  );
  const started = await begin(kept);
  const again = await taken(kept, started);
  await again.done;
  expect(log).toEqual(["a", "b", "b"]);
});

test("items that had ended are not taken again, and each is kept before the next begins", async () => {
  let calls = 0;
  const kept = tree(
    each("list", (item: number, state: State) => {
      log.push(`item ${item} ${state.n}`);
      calls += 1;
      return calls === 2 ? new Promise<never>(() => {}) : ok({ ...state, n: state.n + item });
    }) as Step<State>,
  );
  const started = await begin(kept);
  const again = await taken(kept, started);
  expect((await again.done).n).toBe(6);
  expect(log).toEqual(["item 1 0", "item 2 1", "item 2 1", "item 3 3"]);
});

test("what was to be undone is undone by who goes on", async () => {
  const saga = compensate(note("a"), () => void log.push("undo a"));
  let calls = 0;
  const fails = run<State>("b", () => {
    calls += 1;
    return calls === 1 ? new Promise<never>(() => {}) : error("no");
  });
  const kept = tree(saga, fails);
  const started = await begin(kept);
  const again = await taken(kept, started);
  await expect(again.done).rejects.toThrow("no");
  expect(log).toEqual(["a 0", "undo a"]);
});

test("a paused run is found paused, with the rest of its time", async () => {
  const kept = tree(wait(10_000));
  const started = await begin(kept);
  await clock.advance(4000);
  started.pause();
  await started.saved();
  const again = await taken(kept, started);
  expect(again.status).toBe("paused");
  await clock.advance(100_000);
  again.resume();
  await settled();
  await clock.advance(5999);
  expect(again.status).toBe("running");
  await clock.advance(1);
  await settled();
  expect(again.status).toBe("succeeded");
});

test("an id joins what is there: it goes on, or tells how it ended", async () => {
  const kept = tree(add, wait(100), add);
  kill(await begin(kept));
  const joined = kept.start({ id: "r", journal, clock, leaseMs: LEASE, initialState: { n: 50, list: [] } });
  joined.signal((state) => ({ ...state, n: state.n + 10 }));
  await clock.advance(3 * LEASE);
  await settled();
  await clock.advance(100);
  expect((await joined.done).n).toBe(12);
  const late = kept.start({ id: "r", journal, clock });
  const heard = hear(late);
  expect((await late.done).n).toBe(12);
  await heard.over;
  expect(heard.ends).toMatchObject([{ type: "done", state: { n: 12 }, status: "succeeded" }]);
});

test("the failure of a run is told to who asks for it again", async () => {
  const kept = tree(run("a", () => error("no")));
  await expect(kept.start({ id: "r", journal, clock }).done).rejects.toThrow("no");
  const again = kept.start({ id: "r", journal, clock });
  await expect(again.done).rejects.toMatchObject({ message: "no" });
  expect(again.snapshot()).toMatchObject({ status: "failed", node: "0.0", path: ["a"], state: initialState });
});

test("the id of another workflow, and another version of it, are refused", async () => {
  await begin(tree(wait(100)));
  const other = workflow("other", { initialState }).start({ id: "r", journal, clock });
  await expect(other.done).rejects.toThrow("in use by a run of another flow");
  const newer = workflow("kept", { initialState, version: 2 }, wait(100)).start({ id: "r", journal, clock });
  await expect(newer.done).rejects.toThrow("the program has changed");
});

test("a run that is given back is another's at once", async () => {
  const kept = tree(add, wait(100), add);
  const started = kept.start({ id: "r", journal, clock });
  await settled();
  await started.release();
  await expect(started.done).rejects.toMatchObject({ name: "RunLeft" });
  const [again] = await kept.recover({ journal, clock });
  await settled();
  await clock.advance(100);
  expect((await again?.done)?.n).toBe(2);
});

test("a state that can't be kept fails the run, and says what in it", async () => {
  const kept = tree(
    setState((state) => ({ ...state, socket: () => {} })),
    wait(100),
  );
  const started = kept.start({ id: "r", journal, clock });
  const heard = hear(started);
  await heard.over;
  expect(heard.ends).toMatchObject([{ type: "error", error: { name: "NotEncodable" } }]);
  expect(await journal.read("r")).toMatchObject({ status: "failed" });
});

test("what is asked before the journal has answered is done after it", async () => {
  const kept = tree(wait(100), add);
  const paused = kept.start({ id: "p", journal, clock });
  paused.pause();
  paused.signal((state) => ({ ...state, n: 7 }));
  await settled();
  expect(paused).toMatchObject({ status: "paused", state: { n: 7 } });
  await paused.stop();
  const stopped = kept.start({ id: "s", journal, clock });
  await stopped.stop();
  expect(await journal.read("s")).toMatchObject({ status: "cancelled" });
});

test("stop does not wait for a run that another process has", async () => {
  const kept = tree(wait(100_000));
  const owner = kept.start({ id: "r", journal, clock, leaseMs: LEASE });
  await settled();
  const other = kept.start({ id: "r", journal, clock, leaseMs: LEASE });
  await settled();
  await other.stop();
  expect(other.status).toBe("cancelled");
  await expect(other.done).rejects.toMatchObject({ name: "RunLeft" });
  expect(owner.status).toBe("running");
  await owner.stop();
});

test("the journal's cancel reaches a run in another process, with its next lease", async () => {
  const kept = tree(wait(100_000));
  const owner = kept.start({ id: "r", journal, clock, leaseMs: LEASE });
  const done = owner.done.catch((error: unknown) => error);
  await owner.saved();
  await journal.cancel("r", "customer left");
  await clock.advance(LEASE / 3);
  expect(await done).toMatchObject({ name: "AbortError", message: "customer left" });
  expect(owner.status).toBe("cancelled");
});

test("a handle that waits for a run in another process keeps what it is asked, and its cancel ends the waiting alone", async () => {
  const kept = tree(wait(100_000));
  const owner = kept.start({ id: "r", journal, clock, leaseMs: LEASE });
  await settled();
  const other = kept.start({ id: "r", journal, clock, leaseMs: LEASE });
  other.signal((state) => ({ ...state, n: 7 }));
  await settled();
  expect(owner.state.n).toBe(0);
  await other.cancel("no longer wanted");
  await expect(other.done).rejects.toMatchObject({ name: "RunLeft" });
  expect(owner.status).toBe("running");
  await owner.stop();
});

test("a tree that has other steps does not go on with the run, which stays for the one that has", async () => {
  const kept = tree(add, wait(1000), add);
  kill(await begin(kept));
  await clock.advance(2 * LEASE);
  const changed = tree(add, add, wait(1000));
  const [wrong] = await changed.recover({ journal, clock, leaseMs: LEASE });
  await expect(wrong?.done).rejects.toThrow(
    "expected the tree that it was begun with, as it was journaled, got one with other steps",
  );
  await clock.advance(60_000);
  const [right] = await kept.recover({ journal, clock, leaseMs: LEASE });
  await settled();
  await clock.advance(1000);
  expect((await right?.done)?.n).toBe(2);
});

test("saved resolves also where the run ends meanwhile", async () => {
  const started = tree(wait(10), add).start({ id: "r", journal, clock });
  await settled();
  started.signal((state) => ({ ...state, n: 5 }));
  const saved = started.saved();
  await started.stop();
  await saved;
  await started.saved();
  expect(await journal.read("r")).toMatchObject({ status: "cancelled" });
});

test("a journal that is out of reach is waited for, and nothing goes on without it", async () => {
  let away = true;
  const flaky = new Proxy(journal, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (key === "write" && away) return () => Promise.reject(new JournalUnavailable("test", "it is away"));
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const started = tree(note("a")).start({ id: "r", journal: flaky, clock });
  await settled();
  expect(log).toEqual([]);
  away = false;
  await started.done;
  expect(log).toEqual(["a 0"]);
});

test("what the dead process did and had not sent is said by who goes on; it is one flow", async () => {
  const weir = await setupForTests({ clock });
  try {
    const kept = tree(note("a"), dying("b"), note("c"));
    const started = await begin(kept);
    // Nothing of it was sent.
    weir.exporter.reset();
    const again = await taken(kept, started);
    await again.done;
    expect(flowsOf(weir.exporter)).toMatchObject([
      {
        id: "r",
        status: "succeeded",
        events: [{ name: "taken over" }],
        steps: [
          { name: "a", status: "succeeded" },
          { name: "b", attempt: 1 },
          { name: "b", status: "succeeded", attempt: 2 },
          { name: "c", status: "succeeded" },
        ],
      },
    ]);
  } finally {
    await weir.shutdown();
  }
});
