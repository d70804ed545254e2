import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { FlowSummary } from "../src/flow.ts";
import { ChangesByFlow } from "../src/live/changes-by-flow.ts";
import { Hub, type HubOptions, type Sink } from "../src/live/hub.ts";
import { KnownFlows } from "../src/live/known.ts";
import { Ring } from "../src/live/ring.ts";
import { matcher } from "../src/matcher.ts";
import type { FlowFilter } from "../src/store.ts";
import { aFlow, aStep, createFakeStore, type FakeStore, START } from "./fake-store.ts";

describe("matcher", () => {
  const failed: Partial<FlowSummary> = {
    status: "failed",
    health: null,
    currentSteps: [],
    currentSince: null,
    failedStep: "validate",
    error: { type: "ValueError", message: "Bad Row 7", stack: "at secret.js" },
  };

  test.each<[FlowFilter, Partial<FlowSummary>, boolean]>([
    [{}, {}, true],
    [{ tenant: [], name: [], status: [], health: [], step: [], labels: {}, q: "" }, {}, true],
    [{ tenant: ["other", "acme-corp"] }, {}, true],
    [{ tenant: ["acme"] }, {}, false],
    [{ name: ["data_import"] }, {}, true],
    [{ name: ["report"] }, {}, false],
    [{ status: ["failed", "running"] }, {}, true],
    [{ status: ["failed"] }, {}, false],
    [{ health: ["ok"] }, {}, true],
    [{ health: ["lost"] }, {}, false],
    [{ health: ["ok", "stalled", "lost"] }, failed, false],
    [{ step: ["validate"] }, {}, true],
    [{ step: ["validate"] }, failed, true],
    [{ step: ["store"] }, {}, false],
    [{ labels: { env: ["test", "production"] } }, {}, true],
    [{ labels: { env: ["test"] } }, {}, false],
    [{ labels: { env: ["production"], region: ["eu"] } }, {}, false],
    [{ labels: { constructor: ["x"] } }, {}, false],
    [{ from: START }, {}, true],
    [{ from: START + 1 }, {}, false],
    [{ to: START + 1 }, {}, true],
    [{ to: START }, {}, false],
    [{ q: "ORDER" }, {}, true],
    [{ q: "import" }, {}, true],
    [{ q: "PROD" }, {}, true],
    [{ q: "bad row" }, failed, true],
    [{ q: "valueerror" }, failed, true],
    [{ q: "secret" }, failed, false],
    [{ q: "acme" }, {}, false],
    [{ tenant: ["acme-corp"], status: ["failed"], q: "row 7" }, failed, true],
    [{ tenant: ["other"], status: ["failed"], q: "row 7" }, failed, false],
  ])("%j of %j: %j", (filter, changed, expected) => {
    expect(matcher(filter)(aFlow(changed))).toBe(expected);
  });
});

describe("ring", () => {
  const item = (text: string) => ({ bytes: Buffer.from(text) });
  const texts = (items: { bytes: Buffer }[] | undefined) => items?.map(({ bytes }) => bytes.toString());

  test("gives what came after, and says when some of it is gone", () => {
    const ring = new Ring(3, 1000);
    expect(ring.after(0)).toEqual([]);
    for (const text of ["a", "b", "c", "d"]) ring.push(item(text));
    expect(ring.last).toBe(4);
    expect(texts(ring.after(1))).toEqual(["b", "c", "d"]);
    expect(texts(ring.after(4))).toEqual([]);
    expect(ring.after(0)).toBeUndefined();
    expect(ring.after(5)).toBeUndefined();
  });

  test("is bounded in bytes, and stays right when it is long", () => {
    const ring = new Ring(100_000, 50);
    for (let i = 1; i <= 5_000; i++) ring.push(item(String(i).padStart(10, "0")));
    expect(texts(ring.after(4_995))).toEqual(
      [4996, 4997, 4998, 4999, 5000].map((i) => String(i).padStart(10, "0")),
    );
    expect(ring.after(4_994)).toBeUndefined();
    ring.push(item("x".repeat(60)));
    expect(ring.after(ring.last)).toEqual([]);
    expect(ring.after(ring.last - 1)).toBeUndefined();
  });

  test("knows no earlier number once cleared", () => {
    const ring = new Ring(10, 1000);
    ring.push(item("a"));
    ring.clear();
    expect(ring.after(1)).toBeUndefined();
    expect(ring.after(ring.last)).toEqual([]);
  });
});

describe("flows as readers last heard of them", () => {
  test("one that began since and is not remembered any more may have been heard of; a new one was not", () => {
    const known = new KnownFlows(1, START);
    const [early, late] = [
      aFlow({ id: "a", startedAt: START + 1 }),
      aFlow({ id: "b", startedAt: START + 2 }),
    ];
    expect(known.replace(early)).toBeNull();
    expect(known.replace(early)).toMatchObject({ id: "a" });
    expect(known.replace(late)).toBeNull();
    expect(known.replace(early)).toBe("unknown");
    expect(known.replace(aFlow({ id: "c", startedAt: START + 3 }))).toBeNull();
  });

  test("are held without their stacks", () => {
    const known = new KnownFlows(1, START);
    const error = { type: "ValueError", message: "bad row 7", stack: "at import.ts:7" };
    known.replace(aFlow({ error }));
    expect(known.replace(aFlow({ error }))).toMatchObject({ error: { ...error, stack: null } });
  });
});

test("a flow in which very much was noted at once is told of all the same", () => {
  const changes = new ChangesByFlow();
  const events = Array.from({ length: 300_000 }, (_, n) => ({ name: String(n), at: START, attributes: {} }));
  changes.add([{ flow: aFlow(), steps: [], events }]);
  changes.add([{ flow: aFlow(), steps: [], events: events.slice(0, 1) }]);
  expect(changes.take()[0]?.events).toHaveLength(300_001);
});

interface FakeSink extends Sink {
  /** Events as `name data`, with their ids apart. */
  events: string[];
  ids: string[];
  raw: string;
  buffered: number;
  ended: boolean;
  drain(): void;
}

function createSink(): FakeSink {
  let drained: (() => void) | undefined;
  return {
    events: [],
    ids: [],
    raw: "",
    buffered: 0,
    ended: false,
    write(chunk) {
      this.raw += chunk;
      const fields = Object.fromEntries(
        chunk
          .toString()
          .split("\n")
          .filter((line) => line.includes(": "))
          .map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]),
      );
      if (fields.id !== undefined) this.ids.push(fields.id);
      if (fields.event !== undefined) this.events.push(`${fields.event} ${fields.data}`);
    },
    onceDrained(callback) {
      drained = callback;
    },
    drain() {
      this.buffered = 0;
      drained?.();
      drained = undefined;
    },
    end() {
      this.ended = true;
    },
  };
}

describe("hub", () => {
  let store: FakeStore;
  let hub: Hub;

  function start(options: Partial<HubOptions> = {}): void {
    store = createFakeStore();
    hub = new Hub({
      onChange: (...listeners) => store.onChange(...listeners),
      present: {
        flow: ({ id, status }) => `${id} ${status}`,
        step: ({ id }, step) => `${id}/${step.name} ${step.status}`,
        event: ({ id }, { name }) => `${id}/${name}`,
        child: ({ id }, child) => `${id} > ${child.tenant}/${child.id} ${child.status}`,
      },
      // All of the tests' flows were there before.
      now: () => (START + 60_000_000) / 1000,
      ...options,
    });
  }

  function change(changed: Partial<FlowSummary>, steps = [] as Parameters<typeof aStep>[0][]): void {
    store.change({ flow: aFlow(changed), steps: steps.map(aStep) });
    vi.advanceTimersByTime(50);
  }

  beforeEach(() => vi.useFakeTimers());
  afterEach(() => {
    hub.close();
    vi.useRealTimers();
  });

  test("first bytes at once, then events as they happen", () => {
    start();
    const sink = createSink();
    hub.open(sink, {});
    expect(sink.raw).toMatch(/^retry: 1000\n\nid: [0-9a-f]{12}-0\n\n$/);
    change({ id: "a" }, [{ name: "validate" }]);
    expect(sink.events).toEqual(['flow "a running"', 'step "a/validate running"']);
    expect(sink.ids.map((id) => id.split("-")[1])).toEqual(["0", "1", "2"]);
  });

  test("a reader of one flow hears of that alone, of what is noted in it and of the flows that it opened", () => {
    start();
    const [one, many, own] = [createSink(), createSink(), createSink()];
    hub.open(one, {}, { onlyFlow: { tenant: "acme-corp", id: "a" } });
    hub.open(many, {});
    hub.open(own, {}, { onlyFlow: { tenant: "acme-corp", id: "a" }, onlyTenant: "acme-corp" });
    const events = [{ name: "opened", at: START, attributes: {} }];
    const parent = { tenant: "acme-corp", id: "a" };
    store.change(
      { flow: aFlow({ id: "a" }), steps: [aStep()], events },
      { flow: aFlow({ id: "b", parent }), steps: [aStep()], events },
      { flow: aFlow({ id: "c", tenant: "globex", parent }), steps: [] },
      { flow: aFlow({ id: "a", tenant: "globex" }), steps: [], events },
    );
    vi.advanceTimersByTime(50);
    const ofFlow = ['flow "a running"', 'step "a/validate running"', 'event "a/opened"'];
    const child = 'child "a > acme-corp/b running"';
    expect(one.events).toEqual([...ofFlow, child, 'child "a > globex/c running"']);
    expect(own.events).toEqual([...ofFlow, child]);
    expect(many.events.filter((each) => /^(event|child)/.test(each))).toEqual([]);

    const back = createSink();
    hub.open(back, {}, { onlyFlow: parent, lastEventId: one.ids[1] });
    expect(back.events).toEqual(one.events.slice(1));
  });

  test("changes of one flow within a moment are one, each step once", () => {
    start();
    const sink = createSink();
    hub.open(sink, {});
    store.change({ flow: aFlow({ id: "a" }), steps: [aStep({ id: "1" })] });
    store.change({ flow: aFlow({ id: "b" }), steps: [] });
    store.change({
      flow: aFlow({ id: "a", status: "failed" }),
      steps: [aStep({ id: "1", status: "failed" })],
    });
    expect(sink.events).toEqual([]);
    vi.advanceTimersByTime(50);
    expect(sink.events).toEqual(['flow "a failed"', 'step "a/validate failed"', 'flow "b running"']);
  });

  test("after a quiet time a change goes out at once, the next ones together", () => {
    start();
    const sink = createSink();
    hub.open(sink, {});
    store.change({ flow: aFlow({ id: "a" }), steps: [] });
    vi.advanceTimersByTime(1);
    expect(sink.events).toEqual(['flow "a running"']);
    store.change({ flow: aFlow({ id: "a", status: "paused" }), steps: [] });
    vi.advanceTimersByTime(40);
    store.change({ flow: aFlow({ id: "a", status: "failed" }), steps: [] });
    expect(sink.events).toHaveLength(1);
    vi.advanceTimersByTime(10);
    expect(sink.events).toEqual(['flow "a running"', 'flow "a failed"']);
  });

  test("a reader gets what matches, and the change by which it stops matching", () => {
    start();
    const sink = createSink();
    hub.open(sink, { status: ["running"] });
    change({ id: "a" });
    change({ id: "a", status: "succeeded" });
    change({ id: "a", status: "succeeded", updatedAt: START + 9_000_000 });
    expect(sink.events).toEqual(['flow "a running"', 'flow "a succeeded"']);
  });

  test("of a flow that was there before, and is not remembered, it is told once", () => {
    start();
    const sink = createSink();
    hub.open(sink, { status: ["running"], tenant: ["acme-corp"] });
    change({ id: "old", status: "succeeded" });
    change({ id: "old", status: "succeeded" });
    change({ id: "foreign", tenant: "other", status: "succeeded" });
    change({ id: "new", status: "failed", startedAt: START + 61_000_000 });
    expect(sink.events).toEqual(['flow "old succeeded"']);
  });

  test("a reader that comes back gets what it missed, by its filter", () => {
    start();
    const sink = createSink();
    const close = hub.open(sink, {});
    change({ id: "a" });
    close();
    change({ id: "b" });
    change({ id: "c", tenant: "other" });
    const again = createSink();
    hub.open(again, { tenant: ["acme-corp"] }, { lastEventId: sink.ids.at(-1) });
    expect(again.events).toEqual(['flow "b running"']);
  });

  test("where the store had more changes than it tells of, all readers resync, and nothing from before is sure", () => {
    start();
    const sink = createSink();
    const all = createSink();
    hub.open(sink, { status: ["failed"] });
    hub.open(all, {});
    change({ id: "a", startedAt: START + 61_000_000 });
    const lastId = all.ids.at(-1) as string;
    store.miss();
    expect([sink.events, all.events]).toEqual([["resync {}"], ['flow "a running"', "resync {}"]]);
    // It may have failed meanwhile, and been asked for: that it does not match any more is news.
    change({ id: "a", startedAt: START + 59_000_000, status: "succeeded" });
    expect(sink.events).toEqual(["resync {}", 'flow "a succeeded"']);
    const again = createSink();
    hub.open(again, {}, { lastEventId: lastId });
    expect(again.events).toEqual(["resync {}"]);
  });

  test("an id that is too old, of another process, or nonsense: resync", () => {
    start({ keptEvents: 2 });
    const sink = createSink();
    hub.open(sink, {});
    for (const id of ["a", "b", "c"]) change({ id });
    const [boot] = (sink.ids[0] as string).split("-");
    for (const id of [`${boot}-0`, `${boot}-99`, "0123456789ab-3", "nonsense", `${boot}-`, `${boot}-1e1`]) {
      const again = createSink();
      hub.open(again, {}, { lastEventId: id });
      expect([id, again.events]).toEqual([id, ["resync {}"]]);
      expect(again.ids).toEqual([`${boot}-3`]);
    }
    const again = createSink();
    hub.open(again, {}, { lastEventId: `${boot}-1` });
    expect(again.events).toEqual(['flow "b running"', 'flow "c running"']);
  });

  test("a slow reader is sent nothing until it has caught up, then resync; others go on", () => {
    start({ slowBytes: 100 });
    const [slow, quick] = [createSink(), createSink()];
    hub.open(slow, {});
    hub.open(quick, {});
    change({ id: "a" });
    slow.buffered = 101;
    change({ id: "b" });
    change({ id: "c" });
    vi.advanceTimersByTime(15_000);
    expect(slow.events).toEqual(['flow "a running"', 'flow "b running"']);
    expect(slow.raw).not.toContain("\n:\n");
    slow.drain();
    change({ id: "d" });
    expect(slow.events.slice(2)).toEqual(["resync {}", 'flow "d running"']);
    expect(quick.events).toHaveLength(4);
  });

  test("a slow reader is not told meanwhile that something was missed, and never once it has left", () => {
    start({ slowBytes: 100 });
    const [slow, gone] = [createSink(), createSink()];
    hub.open(slow, {});
    const leave = hub.open(gone, {});
    slow.buffered = gone.buffered = 101;
    change({ id: "a" });
    store.miss();
    expect(slow.events).toEqual(['flow "a running"']);
    leave();
    for (const sink of [slow, gone]) sink.drain();
    expect(slow.events).toEqual(['flow "a running"', "resync {}"]);
    expect(gone.events).toEqual(['flow "a running"']);
  });

  test("many flows that change within a moment are told of at once", () => {
    start({ coalesceMs: 60_000 });
    const sink = createSink();
    hub.open(sink, {});
    change({ id: "first" });
    for (let n = 0; n < 1_999; n += 1) store.change({ flow: aFlow({ id: `${n}` }), steps: [] });
    expect(sink.events).toHaveLength(1);
    store.change({ flow: aFlow({ id: "last" }), steps: [] });
    expect(sink.events).toHaveLength(2_001);
  });

  test("a quiet connection hears a comment now and then", () => {
    start();
    const sink = createSink();
    hub.open(sink, {});
    vi.advanceTimersByTime(30_000);
    expect(sink.raw.endsWith(":\n\n:\n\n")).toBe(true);
  });

  test("listens only while somebody reads, and a little longer", () => {
    start();
    expect(store.listeners).toBe(0);
    const sink = createSink();
    const close = hub.open(sink, {});
    expect(store.listeners).toBe(1);
    close();
    close();
    vi.advanceTimersByTime(29_000);
    expect(store.listeners).toBe(1);
    vi.advanceTimersByTime(2_000);
    expect(store.listeners).toBe(0);
    const again = createSink();
    hub.open(again, {}, { lastEventId: sink.ids.at(-1) });
    expect(again.events).toEqual(["resync {}"]);
  });

  test("has room for so many readers, and ends them when it closes", () => {
    start({ maxReaders: 2 });
    const sinks = [createSink(), createSink()];
    for (const sink of sinks) {
      hub.checkRoom();
      hub.open(sink, {});
    }
    expect(() => hub.checkRoom()).toThrow("at most 2 readers");
    hub.close();
    expect(sinks.map(({ ended }) => ended)).toEqual([true, true]);
    expect(store.listeners).toBe(0);
  });
});
