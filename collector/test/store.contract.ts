/** What every store promises (`src/store.ts`), as tests. */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { definitionFrom } from "../src/definition.ts";
import type { FlowKey, Micros } from "../src/flow.ts";
import { fold, picture } from "../src/fold/index.ts";
import type { StalledAfter } from "../src/health.ts";
import type { Observation } from "../src/observation.ts";
import type { FlowChange, Store } from "../src/store.ts";
import { allIds } from "./all-ids.ts";
import { setTwice } from "./arbitrary.ts";
import { flowOf } from "./saying.ts";

const T0 = 1_790_000_000_000_000;
const SECOND = 1_000_000;

export interface StoreSettings {
  stalledAfter?: StalledAfter;
}

export interface StoreUnderTest {
  /** Does at once what it else does beside the traffic. */
  settle?(store: Store): Promise<void>;
  /** A new, empty store with this clock. */
  open(now: () => Micros, settings?: StoreSettings): Promise<Store>;
  /** Closes a store and opens what it kept. */
  reopen(store: Store, now: () => Micros): Promise<Store>;
  /** Generated sets to try. Default 1,000; fewer where opening is slow and another run of this has tried them. */
  sets?: number;
  /** It takes all at once, so that no append is ever one too many. */
  neverWaits?: boolean;
}

export function storeContract(
  kind: string,
  { open, reopen, sets = 1000, neverWaits = false }: StoreUnderTest,
): void {
  async function withStore(
    run: (store: Store) => Promise<void>,
    now: () => Micros = () => T0,
    settings: StoreSettings = {},
  ): Promise<void> {
    const store = await open(now, settings);
    try {
      await run(store);
    } finally {
      await store.close();
    }
  }

  describe(`${kind}: appending`, () => {
    test("any order, repetition and split of a set, now and then with a restart in between, give the same flow", async () => {
      const now = () => T0;
      let store = await open(now);
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.constant(null).chain(() => setTwice({ tenant: "acme", id: `f${runs}` }, runs++)),
          fc.array(fc.nat(24), { maxLength: 4 }),
          fc.integer({ min: 0, max: 19 }),
          async ({ once, again }, cuts, chance) => {
            const key = once.flatMap((said) => ("flow" in said ? [said.flow] : []))[0] as FlowKey;
            for (const part of split(again, cuts)) {
              await store.append(part);
              if (chance === 0) store = await reopen(store, now);
            }
            const { health, children, usual, runner, traceId, steps, events, definition, ...summary } =
              (await store.flow(key)) ?? {};
            expect({ summary, traceId, steps, events, definition }).toEqual(
              withoutRunners(picture(fold(once))),
            );
          },
        ),
        { numRuns: sets },
      );
      await store.close();
    }, 60_000);

    test("what was appended is there after the store is opened again, and goes on from there", async () => {
      const now = () => T0;
      const { opened, stepOpened, stepEnded, ended } = flowOf({ tenant: "acme", id: "1" });
      let store = await open(now);
      await store.append([opened(T0), stepOpened("s", T0 + 1)]);
      store = await reopen(store, now);
      expect(await store.flow({ tenant: "acme", id: "1" })).toMatchObject({
        status: "running",
        currentSteps: ["s"],
      });
      await store.append([stepEnded("s", T0 + 2), ended(T0 + 3)]);
      store = await reopen(store, now);
      expect(await store.flow({ tenant: "acme", id: "1" })).toMatchObject({
        status: "succeeded",
        currentSteps: [],
      });
      await store.close();
    });

    test("spans that are none of ours join steps to those above, before or after them, also over a restart", async () => {
      const key = { tenant: "acme", id: "1" };
      const { opened, step, linked } = flowOf(key);
      const [server, client, caller] = ["5", "c", "a"].map((digit) => digit.repeat(16)) as [
        string,
        string,
        string,
      ];
      const parts = [
        [linked(client, caller)],
        [opened(T0), ...step("below", T0 + 3, T0 + 4, { parent: { spanId: server } })],
        [linked(server, client)],
        [...step("above", T0 + 1, T0 + 5, { spanId: caller })],
      ];
      for (const order of [parts, parts.toReversed()]) {
        let store = await open(() => T0);
        for (const part of order) {
          await store.append(part);
          store = await reopen(store, () => T0);
        }
        expect((await store.flow(key))?.steps).toMatchObject([
          { id: "above", parentId: null },
          { id: "below", parentId: "above" },
        ]);
        await store.close();
      }
    });

    test("a flow may grow large in small parts, over restarts, and is told whole", async () => {
      const key = { tenant: "acme", id: "0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b" };
      const { opened, step, event, ended } = flowOf(key);
      const error = { type: "RangeError", message: "row 99 ist groß", stack: null };
      const shape = JSON.stringify({ kind: "tree", name: "import", root: { id: "0", type: "each" } });
      const start = { labels: { env: "prod" }, traceId: "a1".repeat(16), definition: shape };
      const all: Observation[] = [opened(T0, start)];
      for (let n = 1; n <= 120; n += 1) {
        const ending = n === 99 ? { status: "failed" as const, error } : {};
        all.push(
          ...step(`s${n}`, T0 + n, T0 + 2 * n, { attributes: { n, ["__proto__"]: [n / 3, null] } }, ending),
        );
        if (n % 10 === 0) all.push(event(`at ${n}`, T0 + n, { attributes: { nested: { n } } }));
      }
      all.push(ended(T0 + 1000));
      let store = await open(() => T0);
      for (let at = 0; at < all.length; at += 20) {
        await store.append(all.slice(at, at + 20));
        if (at % 60 === 0) store = await reopen(store, () => T0);
      }
      const flows = all.filter((said) => said.kind !== "span-linked" && said.kind !== "heartbeat");
      const { health, children, usual, runner, traceId, steps, events, definition, ...summary } =
        (await store.flow(key)) ?? {};
      expect({ summary, traceId, steps, events, definition }).toEqual(withoutRunners(picture(fold(flows))));
      const { items } = await store.flows({ limit: 1, order: "newest", q: "IST GRO" });
      expect(items).toEqual([{ ...summary, health: null }]);
      await store.close();
    });

    test("ids clash between tenants without harm", async () => {
      await withStore(async (store) => {
        await store.append([flowOf({ tenant: "acme", id: "1" }).opened(T0)]);
        const globex = flowOf({ tenant: "globex", id: "1" });
        await store.append([globex.opened(T0), globex.ended(T0 + 1)]);
        expect(await store.flow({ tenant: "acme", id: "1" })).toMatchObject({ status: "running" });
        expect(await store.flow({ tenant: "globex", id: "1" })).toMatchObject({ status: "succeeded" });
        expect(await store.flow({ tenant: "initech", id: "1" })).toBeUndefined();
      });
    });

    test("appends at the same time are all kept", async () => {
      await withStore(async (store) => {
        const appends = Array.from({ length: 100 }, (_, n) =>
          store.append([flowOf({ tenant: "acme", id: `${n}` }).opened(T0 + n)]),
        );
        await Promise.all(appends);
        expect(await allIds(store, {})).toHaveLength(100);
      });
    });

    test("over a bound an append is refused as overloaded, and keeps nothing; what was taken is kept", async () => {
      await withStore(async (store) => {
        const { labels } = flowOf({ tenant: "acme", id: "many" });
        const many = Array.from({ length: 40_000 }, (_, n) => labels(T0 + n, { n: String(n) }));
        const appends = await Promise.allSettled([
          ...Array.from({ length: 10 }, () => store.append(many)),
          store.append([flowOf({ tenant: "acme", id: "late" }).opened(T0)]),
        ]);
        expect(appends[0]).toMatchObject({ status: "fulfilled" });
        const refused = appends.filter((each) => each.status === "rejected");
        expect(refused.length > 0).toBe(!neverWaits);
        for (const { reason } of refused) expect(reason).toMatchObject({ code: "overloaded" });
        expect(await store.flow({ tenant: "acme", id: "many" })).toMatchObject({ labels: { n: "39999" } });
        const late = appends.at(-1)?.status === "fulfilled";
        expect((await store.flow({ tenant: "acme", id: "late" })) !== undefined).toBe(late);
      });
    });

    test("listeners hear of an event when it is noted, and not when it is said again", async () => {
      await withStore(async (store) => {
        const heard: FlowChange[] = [];
        store.onChange((changes) => heard.push(...changes));
        const { opened, event, ended } = flowOf({ tenant: "acme", id: "1" });
        const noted = event("halfway", T0 + 2);
        await store.append([opened(T0), noted]);
        await store.append([noted, ended(T0 + 5)]);
        await vi.waitFor(() => expect(heard.at(-1)?.flow.status).toBe("succeeded"));
        const events = heard.flatMap((change) => change.events ?? []);
        expect(events).toEqual([{ name: "halfway", at: T0 + 2, attributes: {} }]);
      });
    });

    test("listeners hear of a change once it can be read, in order; one that throws harms nobody", async () => {
      await withStore(async (store) => {
        const heard: FlowChange[] = [];
        const off = store.onChange(() => {
          throw new Error("listener");
        });
        const offToo = store.onChange((changes) => heard.push(...changes));
        const { opened, step, ended } = flowOf({ tenant: "acme", id: "1" });
        await store.append([opened(T0), ...step("a", T0 + 1, T0 + 2)]);
        await store.append([...step("b", T0 + 3, T0 + 4), ended(T0 + 5)]);
        await vi.waitFor(() => expect(heard.at(-1)?.flow.status).toBe("succeeded"));
        // Two that follow at once may be told as one.
        expect(["running,succeeded", "succeeded"]).toContain(heard.map(({ flow }) => flow.status).join());
        expect(heard.flatMap(({ steps }) => steps.map(({ id }) => id))).toEqual(["a", "b"]);

        off();
        offToo();
        await store.append([...step("c", T0 + 6, T0 + 7)]);
        await store.names();
        expect(heard.flatMap(({ steps }) => steps.map(({ id }) => id))).toEqual(["a", "b"]);
      });
    });
  });

  describe(`${kind}: lists of flows`, () => {
    test("pages by key meet each flow once, in both orders, while others arrive", async () => {
      await withStore(async (store) => {
        const tenants = ["a", "b", "c"];
        const all: Observation[] = [];
        // Many share a start, so that the tie-breakers are needed.
        for (let n = 0; n < 97; n += 1) {
          all.push(flowOf({ tenant: tenants[n % 3] as string, id: `${n}` }).opened(T0 + (n % 5)));
        }
        await store.append(all);
        for (const order of ["newest", "oldest"] as const) {
          const seen: string[] = [];
          let cursor: string | undefined;
          do {
            const page = await store.flows({ limit: 10, order, cursor, to: T0 + SECOND });
            expect(page.items.length).toBeLessThanOrEqual(10);
            seen.push(...page.items.map(({ tenant, id }) => `${tenant}/${id}`));
            cursor = page.nextCursor ?? undefined;
            await store.append([
              flowOf({ tenant: "new", id: `${order}${seen.length}` }).opened(T0 + 2 * SECOND),
            ]);
          } while (cursor !== undefined);
          expect(seen).toHaveLength(97);
          expect(new Set(seen).size).toBe(97);
        }
      });
    });

    test("the last page has no cursor, also where it is full", async () => {
      await withStore(async (store) => {
        await store.append([0, 1].map((n) => flowOf({ tenant: "a", id: `${n}` }).opened(T0 + n)));
        expect(await store.flows({ limit: 2, order: "newest" })).toMatchObject({ nextCursor: null });
        expect(await store.flows({ limit: 1, order: "newest" })).toMatchObject({
          nextCursor: expect.any(String),
        });
      });
    });

    test("a cursor that is none is refused by name", async () => {
      await withStore(async (store) => {
        for (const cursor of ["x", "bnVsbA", Buffer.from('["a"]').toString("base64url")]) {
          await expect(store.flows({ limit: 1, order: "newest", cursor })).rejects.toMatchObject({
            code: "invalid_argument",
            message: expect.stringContaining("cursor"),
          });
        }
      });
    });

    test("each filter passes what it says, a list of values is an or, filters together an and", async () => {
      await withStore(async (store) => {
        const a = flowOf({ tenant: "acme", id: "a-1" });
        const b = flowOf({ tenant: "acme", id: "b-2" });
        const c = flowOf({ tenant: "globex", id: "c-3" });
        const d = flowOf({ tenant: "globex", id: "d-4" });
        await store.append([
          a.opened(T0 + 1, { name: "import", labels: { env: "prod", region: "eu" }, service: "api" }),
          a.stepOpened("s", T0 + 2, { name: "validate" }),
          b.opened(T0 + 2, { name: "export", labels: { env: "test" } }),
          ...b.step(
            "s",
            T0 + 3,
            T0 + 4,
            { name: "push", service: "worker" },
            { status: "failed", error: { type: "TimeoutError", message: "Gave up after 30 s", stack: null } },
          ),
          b.ended(T0 + 5, { name: "export" }),
          c.opened(T0 + 3, { name: "import", labels: { env: "prod" }, service: "api" }),
          c.ended(T0 + 9),
          d.opened(T0 + 4, { name: "import" }),
        ]);
        expect(await allIds(store, {})).toEqual(["d-4", "c-3", "b-2", "a-1"]);
        expect(await allIds(store, { tenant: ["acme"] })).toEqual(["b-2", "a-1"]);
        expect(await allIds(store, { tenant: ["acme", "globex"], name: ["import"] })).toEqual([
          "d-4",
          "c-3",
          "a-1",
        ]);
        expect(await allIds(store, { status: ["failed", "succeeded"] })).toEqual(["c-3", "b-2"]);
        expect(await allIds(store, { labels: { env: ["prod", "test"] } })).toEqual(["c-3", "b-2", "a-1"]);
        expect(await allIds(store, { labels: { env: ["prod"], region: ["eu"] } })).toEqual(["a-1"]);
        expect(await allIds(store, { labels: { env: ["eu"] } })).toEqual([]);
        expect(await allIds(store, { step: ["validate"] })).toEqual(["a-1"]);
        expect(await allIds(store, { step: ["validate", "push"] })).toEqual(["b-2", "a-1"]);
        expect(await allIds(store, { from: T0 + 2, to: T0 + 4 })).toEqual(["c-3", "b-2"]);
        expect(await allIds(store, { q: "gave UP" })).toEqual(["b-2"]);
        expect(await allIds(store, { q: "timeouterror" })).toEqual(["b-2"]);
        expect(await allIds(store, { q: "b-2" })).toEqual(["b-2"]);
        expect(await allIds(store, { q: "Eu" })).toEqual(["a-1"]);
        expect(await allIds(store, { service: ["api"] })).toEqual(["c-3", "a-1"]);
        expect(await allIds(store, { service: ["api", "worker"], status: ["succeeded", "failed"] })).toEqual([
          "c-3",
          "b-2",
        ]);
        expect(await allIds(store, { service: ["nobody"] })).toEqual([]);
        expect(await allIds(store, { q: "%" })).toEqual([]);
        expect(await allIds(store, { q: "' OR 1=1 --" })).toEqual([]);
        expect(await allIds(store, { tenant: [], status: [] })).toHaveLength(4);
      });
    });

    test("a changed label is found by its new value only", async () => {
      await withStore(async (store) => {
        const { opened, labels } = flowOf({ tenant: "acme", id: "1" });
        await store.append([opened(T0, { labels: { env: "test" } })]);
        await store.append([labels(T0 + 1, { env: "prod" })]);
        expect(await allIds(store, { labels: { env: ["test"] } })).toEqual([]);
        expect(await allIds(store, { labels: { env: ["prod"] } })).toEqual(["1"]);
      });
    });
  });

  describe(`${kind}: one flow`, () => {
    test("has its steps, its events, its parent and its children", async () => {
      await withStore(async (store) => {
        const parent = { tenant: "acme", id: "p" };
        const child = { tenant: "acme", id: "c" };
        const { opened, step, event } = flowOf(parent);
        await store.append([opened(T0), ...step("s", T0 + 1, T0 + 3), event("row-skipped", T0 + 2)]);
        await store.append([flowOf(child).opened(T0 + 2, { name: "sub", parent })]);
        expect(await store.flow(parent)).toMatchObject({
          steps: [{ id: "s" }],
          events: [{ name: "row-skipped" }],
          children: [{ ...child, name: "sub", status: "running" }],
        });
        expect(await store.flow(child)).toMatchObject({ parent });
      });
    });

    test("names and values are plain data, whatever they hold", async () => {
      await withStore(async (store) => {
        const hostile = [
          "__proto__",
          "constructor",
          "<script>alert(1)</script>",
          "a\nb\u0000c",
          "'; DROP TABLE flows",
          "𝒳 ع",
        ];
        for (const text of hostile) {
          const key: FlowKey = { tenant: text, id: text };
          const { opened, stepOpened } = flowOf(key);
          const labels = Object.fromEntries([[text, text]]);
          await store.append([opened(T0, { name: text, labels }), stepOpened(text, T0, { name: text })]);
          const flow = await store.flow(key);
          expect(flow).toMatchObject({ ...key, name: text, currentSteps: [text] });
          expect(Object.entries(flow?.labels ?? {})).toEqual([[text, text]]);
          expect(await allIds(store, { tenant: [text], step: [text], q: text })).toEqual([text]);
        }
      });
    });
  });

  describe(`${kind}: pruning`, () => {
    const at = (id: string) => flowOf({ tenant: id.split("-")[0] as string, id });

    test("deletes what ended before, the oldest first and within the limit; nothing of it is found any more", async () => {
      await withStore(async (store) => {
        for (const id of ["acme-1", "globex-2", "acme-3", "acme-4"]) {
          const start = T0 + Number(id.at(-1)) * SECOND;
          const failed = { status: "failed" as const };
          await store.append([
            at(id).opened(start, { labels: { id, env: "prod" }, name: `name-${id}` }),
            ...at(id).step("s", start, start + 1, { name: "validate" }, failed),
            at(id).ended(start + 2),
          ]);
        }
        const open = at("acme-0");
        await store.append([open.opened(T0)]);
        const endedBefore = T0 + 3 * SECOND + 3;
        expect(await store.prune({ endedBefore, limit: 2 })).toBe(2);
        expect(await allIds(store, {})).toEqual(["acme-4", "acme-3", "acme-0"]);
        expect(await store.prune({ endedBefore, limit: 2 })).toBe(1);
        expect(await store.prune({ endedBefore, limit: 2 })).toBe(0);
        expect(await allIds(store, {})).toEqual(["acme-4", "acme-0"]);
        expect(await allIds(store, { labels: { env: ["prod"] } })).toEqual(["acme-4"]);
        expect(await allIds(store, { labels: { id: ["acme-1", "acme-4"] } })).toEqual(["acme-4"]);
        expect(await allIds(store, { step: ["validate"] })).toEqual(["acme-4"]);
        expect(await store.flow({ tenant: "acme", id: "acme-3" })).toBeUndefined();
        expect((await store.tenants({ limit: 9 })).items).toMatchObject([
          { tenant: "acme", running: 1, failed: 1 },
        ]);
        expect(await store.names("globex")).toEqual({ items: [], complete: true });
        expect(await store.labels("globex")).toEqual({ items: [], complete: true });
        await store.append([open.ended(T0 + 1)]);
        expect(await store.prune({ endedBefore, limit: 9 })).toBe(1);
      });
    });

    test("may be for one tenant, or for all but some", async () => {
      await withStore(async (store) => {
        for (const id of ["a-1", "b-1", "c-1"]) await store.append([at(id).opened(T0), at(id).ended(T0 + 1)]);
        const endedBefore = T0 + SECOND;
        expect(await store.prune({ endedBefore, tenant: "nobody", limit: 9 })).toBe(0);
        expect(await store.prune({ endedBefore, tenant: "b", limit: 9 })).toBe(1);
        expect(await allIds(store, {})).toEqual(["c-1", "a-1"]);
        expect(await store.prune({ endedBefore, exceptTenants: ["c", "nobody"], limit: 9 })).toBe(1);
        expect(await allIds(store, {})).toEqual(["c-1"]);
      });
    });

    test("what is said later of a deleted flow begins it anew", async () => {
      await withStore(async (store) => {
        const { opened, ended, step } = at("a-1");
        const many = Array.from({ length: 50 }, (_, n) => step(`s${n}`, T0, T0 + 1)).flat();
        await store.append([opened(T0), ...many, ended(T0 + 1)]);
        await store.prune({ endedBefore: T0 + SECOND, limit: 9 });
        await store.append(step("late", T0 + 2, T0 + 3));
        expect(await store.flow({ tenant: "a", id: "a-1" })).toMatchObject({
          incomplete: ["start-missing"],
          steps: [{ id: "late" }],
        });
      });
    });
  });

  describe(`${kind}: health`, () => {
    const heartbeat = (at: Micros): Observation => ({
      kind: "heartbeat",
      instance: "worker-1",
      service: "worker",
      at,
      intervalMs: 2000,
    });

    test("lost when the process of an open step has missed three heartbeats, well when it speaks again", async () => {
      let now = T0;
      await withStore(
        async (store) => {
          const { opened, left, stepOpened } = flowOf({ tenant: "acme", id: "1" });
          await store.append([
            opened(T0),
            left(T0 + 1),
            stepOpened("s", T0 + 2, { instance: "worker-1" }),
            heartbeat(T0 + 3),
          ]);
          const health = async () => (await store.flow({ tenant: "acme", id: "1" }))?.health;
          now = T0 + 5.9 * SECOND;
          expect(await health()).toBe("ok");
          now = T0 + 6.1 * SECOND;
          expect(await health()).toBe("lost");
          expect(await allIds(store, { health: ["lost"] })).toEqual(["1"]);
          expect(await allIds(store, { health: ["ok", "stalled"] })).toEqual([]);
          expect(await store.tenants({ limit: 10 })).toMatchObject({
            items: [{ tenant: "acme", running: 1, lost: 1 }],
          });
          await store.append([heartbeat(now)]);
          expect(await health()).toBe("ok");
        },
        () => now,
      );
    });

    test("work that another process took over is as well as that process", async () => {
      let now = T0;
      await withStore(
        async (store) => {
          const { opened, stepOpened } = flowOf({ tenant: "acme", id: "1" });
          const health = async () => (await store.flow({ tenant: "acme", id: "1" }))?.health;
          const dead = { instance: "worker-0" };
          await store.append([
            opened(T0, dead),
            stepOpened("s", T0 + 2, dead),
            { ...heartbeat(T0 + 3), instance: "worker-0" } as Observation,
          ]);
          now = T0 + 7 * SECOND;
          expect(await health()).toBe("lost");
          const taker = { instance: "worker-1" };
          await store.append([opened(now, taker), stepOpened("s", now + 1, taker), heartbeat(now)]);
          expect(await health()).toBe("ok");
          const flow = await store.flow({ tenant: "acme", id: "1" });
          expect(flow).toMatchObject({ startedAt: T0, steps: [{ id: "s", startedAt: T0 + 2 }] });
          now += 7 * SECOND;
          expect(await health()).toBe("lost");
        },
        () => now,
      );
    });

    test("listeners hear of a change of health, though nobody said anything", async () => {
      let now = T0;
      await withStore(
        async (store) => {
          const { opened } = flowOf({ tenant: "acme", id: "1" });
          const heard: (string | null)[] = [];
          await store.append([opened(T0, { instance: "worker-1" })]);
          store.onChange((changes) => heard.push(...changes.map(({ flow }) => flow.health)));
          await store.append([heartbeat(T0)]);
          now = T0 + 7 * SECOND;
          await vi.waitFor(() => expect(heard).toEqual(["lost"]), { timeout: 8_000 });
        },
        () => now,
      );
    });

    test("a store that was away does not take its own silence for theirs", async () => {
      let now = T0;
      const clock = () => now;
      let store = await open(clock);
      const { opened } = flowOf({ tenant: "acme", id: "1" });
      await store.append([opened(T0, { instance: "worker-1" }), heartbeat(T0)]);
      now = T0 + 3600 * SECOND;
      store = await reopen(store, clock);
      expect(await store.flow({ tenant: "acme", id: "1" })).toMatchObject({ health: "ok" });
      now += 7 * SECOND;
      expect(await store.flow({ tenant: "acme", id: "1" })).toMatchObject({ health: "lost" });
      await store.close();
    });

    test("stalled when open far longer than finished runs of that tenant and name; null once ended", async () => {
      let now = T0;
      await withStore(
        async (store) => {
          const finished = Array.from({ length: 20 }, (_, n) => flowOf({ tenant: "acme", id: `old${n}` }));
          await store.append(finished.flatMap(({ opened, ended }) => [opened(T0), ended(T0 + 20 * SECOND)]));
          const { opened, ended } = flowOf({ tenant: "acme", id: "now" });
          const other = flowOf({ tenant: "globex", id: "now" });
          await store.append([opened(T0), other.opened(T0)]);
          now = T0 + 59 * SECOND;
          expect(await store.flow({ tenant: "acme", id: "now" })).toMatchObject({ health: "ok" });
          now = T0 + 61 * SECOND;
          expect(await store.flow({ tenant: "acme", id: "now" })).toMatchObject({ health: "stalled" });
          expect(await store.flow({ tenant: "globex", id: "now" })).toMatchObject({ health: "ok" });
          await store.append([ended(T0 + 61 * SECOND)]);
          expect(await store.flow({ tenant: "acme", id: "now" })).toMatchObject({ health: null });
        },
        () => now,
      );
    });
  });

  describe(`${kind}: health that someone set a limit for`, () => {
    test("the limit of its name is used instead of what is usual, shorter or longer; other names keep theirs", async () => {
      let now = T0;
      await withStore(
        async (store) => {
          const health = async (id: string) => (await store.flow({ tenant: "acme", id }))?.health;
          const runs = Array.from({ length: 20 }, (_, n) => ["long", "usual"].map((name) => ({ n, name })));
          for (const { n, name } of runs.flat()) {
            const { opened, ended } = flowOf({ tenant: "acme", id: `${name}-${n}` });
            await store.append([opened(T0, { name }), ended(T0 + SECOND, { name })]);
          }
          for (const name of ["short", "long", "usual"]) {
            await store.append([flowOf({ tenant: "acme", id: name }).opened(T0, { name })]);
          }
          now = T0 + 2 * SECOND;
          expect(await health("short")).toBe("ok");
          now = T0 + 2.1 * SECOND;
          expect([await health("short"), await health("usual")]).toEqual(["stalled", "ok"]);
          now = T0 + 3600 * SECOND;
          expect([await health("usual"), await health("long")]).toEqual(["stalled", "ok"]);
          expect(await allIds(store, { health: ["stalled"] })).toEqual(["usual", "short"]);
          now += SECOND;
          expect(await health("long")).toBe("stalled");
        },
        () => now,
        {
          stalledAfter: new Map([
            ["short", 2_000],
            ["long", 3_600_000],
          ]),
        },
      );
    });

    test("stalled is counted, told to listeners, and gone when the flow ends", async () => {
      let now = T0;
      await withStore(
        async (store) => {
          const { opened, ended } = flowOf({ tenant: "acme", id: "1" });
          const counted = async () => (await store.tenants({ limit: 10 })).items[0]?.stalled;
          const heard: (string | null)[] = [];
          await store.append([opened(T0)]);
          store.onChange((changes) => heard.push(...changes.map(({ flow }) => flow.health)));
          // A store on another thread has begun to listen when it has answered this.
          await store.checkWritable();
          now = T0 + 3 * SECOND;
          await vi.waitFor(() => expect(heard).toEqual(["stalled"]), { timeout: 8_000 });
          await vi.waitFor(async () => expect(await counted()).toBe(1), { timeout: 8_000 });
          await store.append([ended(now)]);
          expect(heard).toEqual(["stalled", null]);
          await vi.waitFor(async () => expect(await counted()).toBe(0), { timeout: 8_000 });
        },
        () => now,
        { stalledAfter: new Map([["import", 2_000]]) },
      );
    }, 30_000);

    test("a flow on hold is neither stalled nor lost until it runs again", async () => {
      let now = T0;
      await withStore(
        async (store) => {
          const { opened, paused, stepOpened } = flowOf({ tenant: "acme", id: "1" });
          const heartbeat = {
            kind: "heartbeat",
            instance: "worker-1",
            service: null,
            intervalMs: 2_000,
          } as const;
          await store.append([
            opened(T0, { instance: "worker-1" }),
            paused(T0 + 1),
            { ...heartbeat, at: T0 },
          ]);
          now = T0 + 60 * SECOND;
          const flow = async () => await store.flow({ tenant: "acme", id: "1" });
          expect(await flow()).toMatchObject({ status: "paused", health: "ok" });
          expect(await allIds(store, { health: ["stalled", "lost"] })).toEqual([]);
          await store.append([stepOpened("s", T0 + 59 * SECOND)]);
          expect(await flow()).toMatchObject({ status: "running", health: "stalled" });
        },
        () => now,
        { stalledAfter: new Map([["import", 2_000]]) },
      );
    });
  });

  describe(`${kind}: tenants and what they use`, () => {
    test("tenants appear with their data, counted by what stands, in pages by name", async () => {
      await withStore(async (store) => {
        for (const tenant of ["globex", "acme", "initech"]) {
          const one = flowOf({ tenant, id: "1" });
          const two = flowOf({ tenant, id: "2" });
          await store.append([one.opened(T0), two.opened(T0), two.ended(T0 + 9, { status: "failed" })]);
        }
        const well = { stalled: 0, lost: 0, history: [], failingMore: null };
        const first = await store.tenants({ limit: 2 });
        expect(first.items).toEqual([
          { tenant: "acme", running: 1, failed: 1, ...well, lastActivityAt: T0 + 9 },
          { tenant: "globex", running: 1, failed: 1, ...well, lastActivityAt: T0 + 9 },
        ]);
        const next = await store.tenants({ limit: 2, cursor: first.nextCursor ?? "" });
        expect(next).toMatchObject({ items: [{ tenant: "initech" }], nextCursor: null });
        expect(await store.tenants({ limit: 9, q: "INI" })).toMatchObject({ items: [{ tenant: "initech" }] });
        expect(await store.tenants({ limit: 9, tenant: "initech" })).toMatchObject({
          items: [{ tenant: "initech" }],
          nextCursor: null,
        });
        expect(await store.tenants({ limit: 9, tenant: "ini" })).toMatchObject({ items: [], complete: true });
      });
    });

    test("names are in the order of their characters, also beyond the first 65,536", async () => {
      await withStore(async (store) => {
        const names = ["a", "a\u{1f600}", "a\u{ff5e}", "a\u{1f600}b", "ab"];
        for (const tenant of names) await store.append([flowOf({ tenant, id: "1" }).opened(T0)]);
        const found: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await store.tenants({ limit: 1, ...(cursor !== undefined && { cursor }) });
          found.push(...page.items.map(({ tenant }) => tenant));
          cursor = page.nextCursor ?? undefined;
        } while (cursor !== undefined);
        expect(found).toEqual(["a", "ab", "a\u{ff5e}", "a\u{1f600}", "a\u{1f600}b"]);
      });
    });

    test("figures count flows as they change, are gone, and are opened again, and what was committed", async () => {
      const now = () => T0;
      let store = await open(now);
      const before = await store.figures();
      expect(before.flows).toEqual({ running: 0, paused: 0, succeeded: 0, failed: 0, cancelled: 0 });
      const [one, two, three] = ["1", "2", "3"].map((id) => flowOf({ tenant: "acme", id }));
      if (one === undefined || two === undefined || three === undefined) throw new Error("three flows");
      await store.append([one.opened(T0), two.opened(T0), three.opened(T0)]);
      await store.append([two.ended(T0 + 1, { status: "failed" }), three.paused(T0 + 2), one.opened(T0)]);
      expect(await store.figures()).toMatchObject({
        flows: { running: 1, paused: 1, succeeded: 0, failed: 1, cancelled: 0 },
        health: { ok: 2, stalled: 0, lost: 0 },
        failedCommits: 0,
        observations: 6,
      });
      const { commitSeconds, sizeBytes } = await store.figures();
      expect(commitSeconds.counts).toHaveLength(commitSeconds.bounds.length + 1);
      expect(commitSeconds.counts.reduce((a, b) => a + b)).toBe(2);
      expect(commitSeconds.sum).toBeGreaterThan(0);
      expect(Object.values(sizeBytes).reduce((a, b) => a + b)).toBeGreaterThan(0);
      // Earlier than the end that was known: it succeeded after all.
      await store.append([two.ended(T0, { status: "succeeded" })]);
      store = await reopen(store, now);
      expect(await store.figures()).toMatchObject({
        flows: { running: 1, paused: 1, succeeded: 1, failed: 0 },
        observations: 0,
      });
      await store.close();
    });

    test("usage of one tenant, and whether a flow is known", async () => {
      await withStore(async (store) => {
        const nothing = { openFlows: 0, names: [], labelKeys: [] };
        expect(await store.usage("acme", 10)).toEqual(nothing);
        for (const [n, name] of ["export", "import", "sync"].entries()) {
          const { opened, ended } = flowOf({ tenant: "acme", id: name });
          await store.append([opened(T0 + n, { name, labels: { env: "a", [`key-${n}`]: "b" } })]);
          if (n === 0) await store.append([ended(T0 + 9, { name })]);
        }
        await store.append([flowOf({ tenant: "globex", id: "other" }).opened(T0, { name: "other" })]);
        expect(await store.usage("acme", 10)).toEqual({
          openFlows: 2,
          names: ["export", "import", "sync"],
          labelKeys: ["env", "key-0", "key-1", "key-2"],
        });
        expect(await store.usage("acme", 2)).toMatchObject({ openFlows: 2, names: ["export", "import"] });
        expect(await store.has({ tenant: "acme", id: "export" })).toBe(true);
        expect(await store.has({ tenant: "acme", id: "other" })).toBe(false);
        await expect(store.checkWritable()).resolves.toBeUndefined();
      });
    });

    test("names and labels for pickers, of all and of one tenant", async () => {
      await withStore(async (store) => {
        const acme = flowOf({ tenant: "acme", id: "1" });
        const globex = flowOf({ tenant: "globex", id: "1" });
        await store.append([
          acme.opened(T0, { name: "import", labels: { env: "prod", b: "2" } }),
          globex.opened(T0, { name: "export", labels: { env: "test" } }),
        ]);
        const all = <T>(...items: T[]) => ({ items, complete: true });
        expect(await store.names()).toEqual(all("export", "import"));
        expect(await store.names("acme")).toEqual(all("import"));
        expect(await store.labels()).toEqual(
          all({ key: "b", values: ["2"] }, { key: "env", values: ["prod", "test"] }),
        );
        expect(await store.labels("globex")).toEqual(all({ key: "env", values: ["test"] }));
        expect(await store.labels("nobody")).toEqual(all());
      });
    });
  });
}

function split<T>(items: T[], cuts: number[]): T[][] {
  const places = [0, ...cuts.filter((cut) => cut < items.length).sort((a, b) => a - b), items.length];
  return places.slice(1).map((end, at) => items.slice(places[at], end));
}

function withoutRunners(all: ReturnType<typeof picture>) {
  const { runners, runner, standing, unplaced, definition, ...rest } = all;
  return { ...rest, definition: definitionFrom(definition) };
}
