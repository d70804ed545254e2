/** The store and the ingest on threads keep every promise of those that run where they are called. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { afterAll, describe, expect, test, vi } from "vitest";
import { presentDetail, presentPage } from "../src/http/present.ts";
import { NO_LIMITS } from "../src/limits.ts";
import type { Delivery } from "../src/otlp/delivery.ts";
import { createIngest } from "../src/otlp/ingest.ts";
import { openSqliteStore } from "../src/sqlite/index.ts";
import type { FlowChange, Store } from "../src/store.ts";
import type { SharedClock } from "../src/workers/calls.ts";
import { inGroups } from "../src/workers/groups.ts";
import { openThreadedStore } from "../src/workers/index.ts";
import { Telling } from "../src/workers/telling.ts";
import { aFlow, aStep, createFakeStore } from "./fake-store.ts";
import { ingestContract } from "./ingest.contract.ts";
import { aSpan, jsonBody } from "./otlp-support.ts";
import { flowOf } from "./saying.ts";
import { statsContract } from "./stats.contract.ts";
import { type StoreSettings, type StoreUnderTest, storeContract } from "./store.contract.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-workers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newPath = () => join(folder, `${++files}`, "weir.db");

const paths = new Map<Store, string>();

/** The threads can't call the test's clock: they are shown the time it says, at each call and now and then. */
async function openWithClock(path: string, now: () => number, settings: StoreSettings = {}): Promise<Store> {
  const clock: SharedClock = new Float64Array(new SharedArrayBuffer(8));
  const tick = () => {
    clock[0] = now();
  };
  tick();
  const store = await openThreadedStore({ path, clock, ...settings });
  const ticking = setInterval(tick, 20);
  const shown = new Proxy<Store>(store, {
    get(_, name: keyof Store) {
      tick();
      if (name === "close") clearInterval(ticking);
      return store[name];
    },
  });
  paths.set(shown, path);
  return shown;
}

const underTest: StoreUnderTest = {
  sets: 20,
  open: (now, settings) => openWithClock(newPath(), now, settings),
  async reopen(store, now) {
    await store.close();
    return openWithClock(paths.get(store) as string, now);
  },
};
storeContract("sqlite on threads", underTest);
statsContract("sqlite on threads", underTest);

ingestContract("in one thread", async () => {
  const store = openSqliteStore({ path: newPath() });
  const ingest = createIngest({ accept: (observations) => store.append(observations) });
  return { ingest, store, close: () => store.close() };
});

ingestContract("on threads", async () => {
  const store = await openThreadedStore({ path: newPath(), readers: 2 });
  return { ingest: store.ingest, store, close: () => store.close() };
});

/** Says the same in so many bytes that another thread decodes it: blanks at its end, or a field that nobody knows. */
function grown({ encoding, body, tenant }: Delivery): Delivery {
  const more =
    encoding === "json"
      ? Buffer.alloc(40_000, " ")
      : Buffer.concat([Buffer.from([0x7a, 0xc0, 0xb8, 0x02]), Buffer.alloc(40_000)]);
  return { encoding, tenant, body: Buffer.concat([body, more]) };
}

ingestContract("on threads, large", async () => {
  const store = await openThreadedStore({ path: newPath() });
  const { take, limits } = store.ingest;
  return { ingest: { take: (delivery) => take(grown(delivery)), limits }, store, close: () => store.close() };
});

const read = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString());

describe("threads", () => {
  test("a file that can't be opened is named, and no thread stays", async () => {
    await expect(openThreadedStore({ path: "/dev/null/weir.db" })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("store /dev/null/weir.db: cannot be opened"),
    });
  });

  test("a flow in detail comes as the JSON that the API answers with, in stages too", async () => {
    const store = await openThreadedStore({ path: newPath() });
    const { opened, step } = flowOf({ tenant: "acme", id: "1" });
    await store.append([opened(1_000_000), ...step("a", 2_000_000, 3_000_000)]);
    const flow = await store.flow(opened(1).flow);
    const whole = presentDetail(flow as never);
    const bytes = await store.answers.flow(opened(1).flow, null);
    expect(bytes && read(bytes)).toEqual(whole);
    const stages = await store.answers.stages(opened(1).flow, null);
    expect(stages && read(stages.outline)).toEqual({ ...whole, below: [0] });
    expect(stages?.whole).toBeNull();

    const { opened: second, step: stepOf } = flowOf({ tenant: "acme", id: "large" });
    const steps = Array.from({ length: 600 }, (_, n) => stepOf(`${n}`, 2_000_000 + n, 3_000_000)).flat();
    await store.append([second(1_000_000), ...steps]);
    const { flow: large } = second(1);
    // More at once than are kept between their stages.
    const all = await Promise.all(Array.from({ length: 9 }, () => store.answers.stages(large, null)));
    const expected = read((await store.answers.flow(large, null)) ?? new Uint8Array());
    expect(expected.steps).toHaveLength(600);
    for (const each of all) {
      expect(read(each?.outline ?? new Uint8Array()).steps).toHaveLength(500);
      expect(read((await each?.whole?.()) ?? new Uint8Array())).toEqual(expected);
    }

    const unknown = { tenant: "acme", id: "2" };
    expect(await store.answers.flow(unknown, null)).toBeUndefined();
    expect(await store.answers.stages(unknown, null)).toBeUndefined();
    await store.close();
  });

  test("an answer is the JSON of the API, and of the one tenant that the caller may see", async () => {
    const store = await openThreadedStore({ path: newPath() });
    const flows = ["acme", "globex"].map((tenant) => flowOf({ tenant, id: "1" }));
    await store.append(flows.map(({ opened }, n) => opened(1_000_000 + n)));
    const page = presentPage(await store.flows({ limit: 10, order: "newest" }));
    const seenBy = async (tenant: string | null) =>
      read(await store.answers.to("flows", { limit: 10, order: "newest" }, tenant));
    expect(await seenBy(null)).toEqual(page);
    expect((await seenBy("acme")).flows).toEqual([page.flows[1]]);
    const key = { tenant: "globex", id: "1" };
    expect(await store.answers.flow(key, "acme")).toBeUndefined();
    expect(await store.answers.stages(key, "acme")).toBeUndefined();
    expect(await store.answers.flow(key, "globex")).toBeDefined();
    await store.close();
  });

  test("closing commits what was taken, small and large", async () => {
    const path = newPath();
    const store = await openThreadedStore({ path });
    const taken = Array.from({ length: 50 }, (_, n) => {
      const span = aSpan({ attributes: { "weir.flow.id": `${n}` } });
      const small: Delivery = { encoding: "json", body: jsonBody([span]), tenant: null };
      return store.ingest.take(n % 2 === 0 ? small : grown(small));
    });
    await store.close();
    expect(await Promise.all(taken)).toHaveLength(50);
    const again = openSqliteStore({ path });
    expect((await again.flows({ limit: 500, order: "newest" })).items).toHaveLength(50);
    await again.close();
  });

  test("where the decoding thread dies, large messages are refused for a moment, small ones are not, and nothing is lost", async () => {
    const threads: Worker[] = [];
    const note = (thread: Worker) => void threads.push(thread);
    process.on("worker", note);
    const warnings: string[] = [];
    const store = await openThreadedStore({ path: newPath(), warn: (line) => void warnings.push(line) });
    // As they are started: the one that writes, the one that decodes, one that reads.
    const decoder = threads[1] as Worker;
    process.off("worker", note);
    const delivery = (n: number): Delivery => {
      const span = aSpan({ attributes: { "weir.flow.id": `${n}` } });
      return { encoding: "json", body: jsonBody([span]), tenant: null };
    };
    const refused: unknown[] = [];
    const take = async (n: number): Promise<void> => {
      try {
        // Made anew each time: its bytes are given away.
        await store.ingest.take(n % 2 === 0 ? delivery(n) : grown(delivery(n)));
      } catch (error) {
        expect(n % 2).toBe(1);
        refused.push(error);
        await sleep(20);
        await take(n);
      }
    };
    const taken = Array.from({ length: 100 }, (_, n) => take(n));
    await decoder.terminate();
    await Promise.all(taken);
    for (const error of refused) expect(error).toMatchObject({ code: "unavailable" });
    expect(refused).not.toEqual([]);
    expect(warnings).toEqual([
      expect.stringMatching(/^the decoding thread ended by itself, and is started again/),
    ]);
    expect((await store.flows({ limit: 500, order: "newest" })).items).toHaveLength(100);
    await store.close();
  });

  test("more than may wait is refused as overloaded, and what was taken is stored", async () => {
    const store = await openThreadedStore({ path: newPath(), bounds: { bytes: 20_000 } });
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, (_, n) => {
        const span = aSpan({ attributes: { "weir.flow.id": `${n}` } });
        return store.ingest.take({ encoding: "json", body: jsonBody([span]), tenant: null });
      }),
    );
    const refused = results.filter((result) => result.status === "rejected");
    expect(refused.length).toBeGreaterThan(50);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: "overloaded" });
    const { items } = await store.flows({ limit: 500, order: "newest" });
    expect(items).toHaveLength(100 - refused.length);
    await store.close();
  });
});

describe("watched from the main thread", () => {
  test("figures are of what was read and of what was committed", async () => {
    const store = await openThreadedStore({ path: newPath() });
    const { opened } = flowOf({ tenant: "acme", id: "1" });
    await store.append([opened(1_000_000)]);
    await store.append([opened(1_000_000)]);
    const { flows, observations, commitSeconds, sizeBytes } = await store.figures();
    expect(flows.running).toBe(1);
    expect(observations).toBe(2);
    expect(commitSeconds.counts.reduce((sum, count) => sum + count)).toBe(2);
    expect(sizeBytes["database"]).toBeGreaterThan(0);
    await store.close();
  });

  test("are there also where no more is taken, and so is whether it can be written", async () => {
    const store = await openThreadedStore({ path: newPath(), bounds: { calls: 1 } });
    const send = (id: string) =>
      store.ingest.take({
        encoding: "json",
        body: jsonBody([aSpan({ attributes: { "weir.flow.id": id } })]),
        tenant: null,
      });
    const first = send("1");
    await expect(send("2")).rejects.toMatchObject({ code: "overloaded" });
    await Promise.all([store.figures(), store.checkWritable(), store.ingest.limits()]);
    await first;
    await store.close();
  });

  test.each([
    { size: "small", asSent: (delivery: Delivery) => delivery },
    { size: "large", asSent: grown },
  ])(
    "limits are held for $size messages; who came to them is told, and what was left out of a label too",
    async ({ asSent }) => {
      const limits = { ...NO_LIMITS, flowNames: 1, labelKeys: 1 };
      const store = await openThreadedStore({ path: newPath(), limits });
      const send = (attributes: Record<string, string>) => {
        const body = jsonBody([aSpan({ attributes: { "weir.kind": "flow", ...attributes } })]);
        return store.ingest.take(asSent({ encoding: "json", body, tenant: null }));
      };
      expect(await send({ "weir.label.env": "test" })).toMatchObject({
        accepted: 1,
        partial: { errorMessage: "" },
      });
      expect(await send({ "weir.flow.name": "another" })).toMatchObject({
        rejected: [["over-flow-names", 1]],
      });
      // Nothing is rejected, and yet there is something to say.
      expect(await send({ "weir.label.env": "test", "weir.label.row": "7" })).toMatchObject({
        accepted: 1,
        partial: { rejectedSpans: 0, errorMessage: expect.stringContaining("1 label keys, its limit is 1") },
      });
      const { reached, counts } = await store.ingest.limits();
      expect(reached).toMatchObject([
        { tenant: "acme-corp", limit: "labelKeys", allowed: 1, count: 1 },
        { tenant: "acme-corp", limit: "flowNames", allowed: 1, count: 1 },
      ]);
      expect([...counts]).toEqual([
        ["flowNames", 1],
        ["labelKeys", 1],
      ]);
      await store.close();
    },
  );
});

describe("groups", () => {
  test.each([
    { form: "protobuf", together: [2, 1, 1, 3] },
    // A span takes more of it.
    { form: "json", together: [3, 1, 3] },
    // A span takes less of it.
    { form: "folded", together: [1, 1, 1, 1, 3] },
  ] as const)(
    "of a backlog of $form are answered one after the other, each at least one request",
    async ({ form, together: expected }) => {
      const sizes: number[] = [];
      let together = 0;
      const inGroup = inGroups();
      const work = async () => {
        together += 1;
        await new Promise(setImmediate);
        // The first that goes on counts all that were taken before it did.
        if (together > 0) sizes.push(together);
        together = 0;
      };
      const kilobytes = [400, 400, 400, 5_000, 1, 1, 1];
      await Promise.all(kilobytes.map((each) => inGroup({ form, bytes: each * 1024 }, work)));
      expect(sizes).toEqual(expected);
    },
  );
});

describe("telling", () => {
  const change = (id: string, ...steps: string[]): FlowChange => ({
    flow: aFlow({ id }),
    steps: steps.map((step) => aStep({ id: step })),
  });

  test("gathers while someone asks, changes of one flow as one", async () => {
    const store = createFakeStore();
    const telling = new Telling((...listeners) => store.onChange(...listeners));
    expect(store.listeners).toBe(0);
    const first = telling.news(Date.now());
    expect(store.listeners).toBe(1);
    store.change(change("a", "s1"));
    expect(await first).toEqual({ changes: [change("a", "s1")], missed: false });
    store.change(change("a", "s1"), change("b"));
    store.change(change("a", "s2"));
    expect(await telling.news(Date.now())).toEqual({
      changes: [change("a", "s1", "s2"), change("b")],
      missed: false,
    });
    const last = telling.news(Date.now());
    telling.rest();
    expect(await last).toEqual({ changes: [], missed: true });
    expect(store.listeners).toBe(0);
  });

  test("what was committed while the first question was on its way is missed", async () => {
    const store = createFakeStore();
    const telling = new Telling((...listeners) => store.onChange(...listeners));
    telling.committed();
    expect(await telling.news(Date.now() - 5)).toEqual({ changes: [], missed: true });
    telling.rest();
    const later = telling.news(Date.now() + 5);
    telling.rest();
    store.change(change("a"));
    expect(await later).toEqual({ changes: [], missed: true });
    const quiet = telling.news(Date.now() + 5);
    store.change(change("b"));
    expect(await quiet).toEqual({ changes: [change("b")], missed: false });
  });

  test("says that some were missed where there are more than it may tell, and tells of those after", async () => {
    vi.useFakeTimers();
    try {
      const store = createFakeStore();
      const telling = new Telling((...listeners) => store.onChange(...listeners));
      const first = telling.news(Date.now());
      store.change(change("first"));
      await first;
      store.change(...Array.from({ length: 2_001 }, (_, n) => change(`${n}`)));
      store.change(change("while it was too much"));
      const missed = telling.news(Date.now());
      await vi.advanceTimersByTimeAsync(10);
      expect(await missed).toEqual({ changes: [], missed: true });
      const after = telling.news(Date.now());
      store.change(change("after"));
      await vi.advanceTimersByTimeAsync(2_000);
      expect(await after).toEqual({ changes: [change("after")], missed: false });
      telling.rest();
    } finally {
      vi.useRealTimers();
    }
  });
});
