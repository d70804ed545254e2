/** Retention: what is deleted when, and how it stays out of the way. */
import { setImmediate } from "node:timers/promises";
import { TestClock } from "@weir/sdk/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { outdated } from "../src/care/policy.ts";
import { keepRetention } from "../src/care/retention.ts";
import { sweep } from "../src/care/sweep.ts";
import { WeirError } from "../src/errors.ts";
import type { PruneQuery } from "../src/store.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Finished flows by tenant and end, deleted as a store would. */
function fakeStore(flows: { tenant: string; endedAt: number }[], onPiece = () => {}) {
  const store = {
    flows,
    asked: [] as PruneQuery[],
    async prune(query: PruneQuery) {
      store.asked.push(query);
      const { endedBefore, tenant, exceptTenants = [], limit } = query;
      const old = store.flows.filter(
        (flow) =>
          flow.endedAt < endedBefore &&
          (tenant === undefined || flow.tenant === tenant) &&
          !exceptTenants.includes(flow.tenant),
      );
      const gone = new Set(old.slice(0, limit));
      store.flows = store.flows.filter((flow) => !gone.has(flow));
      onPiece();
      return gone.size;
    },
  };
  return store;
}

/** What runs already comes to its next wait first. */
async function pass(clock: TestClock, ms: number): Promise<void> {
  await setImmediate();
  await clock.advance(ms);
}

/** A clock on which every wait is over at once. */
function hastyClock() {
  const clock = {
    at: 0,
    now: () => clock.at,
    sleep: async (ms: number) => {
      clock.at += ms;
    },
  };
  return clock;
}

test("every flow is kept as long as its tenant's age, or everyone's, says; and no longer", () => {
  const age = fc.option(fc.integer({ min: 1, max: 100 }).map((hours) => hours * HOUR));
  fc.assert(
    fc.property(
      age,
      fc.dictionary(fc.constantFrom("a", "b", "c"), age),
      fc.constantFrom("a", "b", "c", "d"),
      fc.integer({ min: 0, max: 110 }),
      (everyone, own, tenant, endedHoursAgo) => {
        const now = 1000 * DAY;
        const endedAt = (now - endedHoursAgo * HOUR) * 1000;
        const deleted = outdated({ everyone, tenants: new Map(Object.entries(own)) }, now).filter(
          (query) =>
            endedAt < query.endedBefore &&
            (query.tenant === undefined || query.tenant === tenant) &&
            !query.exceptTenants?.includes(tenant),
        );
        const kept = Object.hasOwn(own, tenant) ? (own[tenant] as number | null) : everyone;
        expect(deleted).toHaveLength(kept !== null && endedHoursAgo * HOUR > kept ? 1 : 0);
      },
    ),
  );
});

test("a server deletes at its start and then every few minutes, until it is told to stop", async () => {
  const clock = new TestClock("2026-01-31T00:00:00Z");
  const endedAgo = (tenant: string, ms: number) => ({ tenant, endedAt: (clock.now() - ms) * 1000 });
  const store = fakeStore([
    endedAgo("acme", 31 * DAY),
    endedAgo("acme", 28.5 * DAY),
    endedAgo("globex", 8 * DAY),
  ]);
  const stop = keepRetention({
    store,
    clock,
    policy: { everyone: 30 * DAY, tenants: new Map([["globex", 9 * DAY]]) },
    warn: expect.unreachable,
  });
  const left = () => store.flows.map(({ tenant }) => tenant);
  await pass(clock, HOUR);
  expect(left()).toEqual(["acme", "globex"]);
  await pass(clock, DAY);
  expect(left()).toEqual(["acme"]);
  await pass(clock, DAY);
  expect(left()).toEqual([]);
  await stop();
  const asked = store.asked.length;
  await pass(clock, DAY);
  expect(store.asked).toHaveLength(asked);
});

test("where everything is kept nobody asks", async () => {
  const clock = new TestClock();
  const store = fakeStore([]);
  const stop = keepRetention({
    store,
    clock,
    policy: { everyone: null, tenants: new Map([["a", null]]) },
    warn: expect.unreachable,
  });
  await pass(clock, DAY);
  await stop();
  expect(store.asked).toEqual([]);
});

test("a store that can't is named, and asked again later", async () => {
  const clock = new TestClock();
  const warned: string[] = [];
  let rounds = 0;
  const stop = keepRetention({
    store: {
      async prune() {
        rounds += 1;
        throw new WeirError("unavailable", "store: the disk is full");
      },
    },
    clock,
    policy: { everyone: DAY, tenants: new Map() },
    warn: (line) => warned.push(line),
  });
  await pass(clock, HOUR);
  await stop();
  expect(rounds).toBeGreaterThan(2);
  expect(warned[0]).toBe("retention: store: the disk is full: it is tried again in 10 minutes");
});

test("pieces take no more than their share of the time, and become smaller where one takes long", async () => {
  const clock = hastyClock();
  const flows = Array.from({ length: 1000 }, () => ({ tenant: "a", endedAt: 0 }));
  const store = fakeStore(flows, () => {
    clock.at += 100;
  });
  expect(await sweep(store, { endedBefore: 1 }, { clock, share: 0.1 })).toBe(1000);
  const limits = store.asked.map(({ limit }) => limit);
  expect(limits.slice(0, 4)).toEqual([100, 50, 25, 20]);
  // A tenth of the time is spent deleting, apart from the last piece, after which nothing waits.
  expect(Math.round(clock.at)).toBe(1000 * (limits.length - 1) + 100);
});

test("a clock that was put forward while a piece was deleted holds the next one up for a minute at most", async () => {
  const clock = hastyClock();
  const store = fakeStore(
    Array.from({ length: 150 }, () => ({ tenant: "a", endedAt: 0 })),
    () => {
      clock.at += 30 * DAY;
    },
  );
  expect(await sweep(store, { endedBefore: 1 }, { clock, share: 0.1 })).toBe(150);
  const waited = clock.at - store.asked.length * 30 * DAY;
  expect(waited).toBe((store.asked.length - 1) * 60_000);
});

test("a store that has more to take than it can is left alone for a while, and asked again", async () => {
  const clock = hastyClock();
  let refusals = 3;
  const store = fakeStore([{ tenant: "a", endedAt: 0 }], () => {});
  const busy = {
    prune(query: PruneQuery) {
      refusals -= 1;
      if (refusals >= 0) throw new WeirError("overloaded", "more comes in than can be stored");
      return store.prune(query);
    },
  };
  expect(await sweep(busy, { endedBefore: 1 }, { clock, share: 0.1 })).toBe(1);
  expect(clock.at).toBe(3000);
});

test("pieces grow where the store is quick, and none follows once it is told to stop", async () => {
  const store = fakeStore(Array.from({ length: 10_000 }, () => ({ tenant: "a", endedAt: 0 })));
  const end = new AbortController();
  let pieces = 0;
  const onPiece = () => {
    pieces += 1;
    if (pieces === 3) end.abort();
  };
  const options = { clock: hastyClock(), share: 0.5, signal: end.signal, onPiece };
  expect(await sweep(store, { endedBefore: 1 }, options)).toBe(100 + 200 + 400);
});
