/** What statistics are made of, and what a file does with them beside the traffic. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import fc from "fast-check";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { DayCounts, Micros } from "../src/flow.ts";
import { openMemoryStore } from "../src/memory/index.ts";
import type { FlowObservation } from "../src/observation.ts";
import { openSqliteStore, type SqliteStore } from "../src/sqlite/index.ts";
import { kindFromText, kindOfError, kindText } from "../src/stores/error-kind.ts";
import { failingMore } from "../src/stores/failing-more.ts";
import { durationOfOutcome, outcomeOf, statusOfOutcome } from "../src/stores/outcome.ts";
import { Tally } from "../src/stores/tally.ts";
import { takeBackTo } from "./earlier-file.ts";
import { flowOf } from "./saying.ts";

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const T0 = 20_700 * DAY;

describe("an outcome", () => {
  const ended = fc.constantFrom("succeeded" as const, "failed" as const, "cancelled" as const);

  test("keeps the status, and the duration within 1 %", () => {
    fc.assert(
      fc.property(ended, fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (status, us) => {
        const outcome = outcomeOf(status, us);
        expect(statusOfOutcome(outcome)).toBe(status);
        expect(Math.abs((durationOfOutcome(outcome) as number) - us)).toBeLessThanOrEqual(us * 0.0100001);
      }),
      { numRuns: 2000 },
    );
  });

  test("of what is open has no duration", () => {
    for (const status of ["running", "paused"] as const) {
      expect(durationOfOutcome(outcomeOf(status, null))).toBeNull();
      expect(statusOfOutcome(outcomeOf(status, null))).toBe(status);
    }
  });

  test("any two tallies add up to the tally of both; what is taken away again leaves nothing behind", () => {
    // From none to more than are kept in a map.
    const outcomes = fc.array(fc.tuple(ended, fc.integer({ min: 0, max: 1e9 })), {
      maxLength: 200,
      size: "max",
    });
    fc.assert(
      fc.property(outcomes, outcomes, (a, b) => {
        const tallyOf = (list: typeof a) => {
          const tally = new Tally();
          for (const [status, us] of list) tally.add(outcomeOf(status, us));
          return tally;
        };
        const sum = tallyOf(a);
        sum.addAll(tallyOf(b));
        expect(sum.figures()).toEqual(tallyOf([...b, ...a]).figures());
        for (const [status, us] of a) sum.add(outcomeOf(status, us), -1);
        expect(sum.figures()).toEqual(tallyOf(b).figures());
        const listed: number[] = [];
        sum.each((outcome) => listed.push(outcome));
        expect(listed).toEqual(
          [...new Set(b.map(([status, us]) => outcomeOf(status, us)))].sort((x, y) => x - y),
        );
        expect([sum.size, sum.isEmpty]).toEqual([listed.length, b.length === 0]);
      }),
    );
  });
});

test("errors are alike that differ in numbers, ids and what is quoted only", () => {
  const kind = (message: string) => kindOfError({ type: "Error", message, stack: null }).message;
  expect(kind("row 7: no file 'a.csv'\nat line 3")).toBe(kind("row 812: no file 'b.csv'"));
  expect(kind("order 0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b of 4.5 EUR")).toBe("order # of # EUR");
  expect(kind("span 00f067aa0ba902b7, took 1:30")).toBe("span #, took #");
  expect(kind("it's gone, isn't it")).toBe("it's gone, isn't it");
  expect(kind("deadbeef is a word, cafe too")).toBe("deadbeef is a word, cafe too");
  expect(kind("a".repeat(10_000)).length).toBeLessThan(200);
  const odd = { type: "A\nB", message: "x\ny" };
  expect(kindFromText(kindText(kindOfError({ ...odd, stack: null })))).toEqual({ type: "A B", message: "x" });
});

describe("failing more than usual", () => {
  const days = (before: [number, number], recent: [number, number]): DayCounts[] =>
    Array.from({ length: 14 }, (_, n) => {
      const [failed, succeeded] = n < 12 ? before : recent;
      return { day: n * DAY, failed, succeeded, cancelled: 0, running: 9 };
    });

  test.each<[string, [number, number], [number, number], boolean]>([
    ["never before, and now half of them", [0, 100], [50, 50], true],
    ["as many as ever", [10, 90], [11, 89], false],
    ["twice as many of many", [10, 990], [25, 975], true],
    ["twice as many of few", [1, 9], [2, 8], false],
    ["a customer who is new", [0, 1], [10, 0], false],
    ["one failure", [0, 100], [1, 0], false],
    ["nothing at all", [0, 0], [0, 0], false],
  ])("%s", (_, before, recent, is) => {
    expect(failingMore(days(before, recent)) !== null).toBe(is);
  });

  test("says how many, and what was usual", () => {
    expect(failingMore(days([10, 90], [60, 40]))).toEqual({ failed: 120, finished: 200, usualRate: 0.1 });
  });
});

describe("statistics of a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-stats-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let files = 0;
  const now = () => T0 + DAY;
  const open = (path = join(folder, `${++files}.db`)): { path: string; store: SqliteStore } => ({
    path,
    store: openSqliteStore({ path, now, upkeep: false }),
  });
  const run = (id: string, start: Micros, labels: Record<string, string> = {}): FlowObservation[] => {
    const { opened, step, ended } = flowOf({ tenant: "acme", id });
    return [
      opened(start, { labels }),
      ...step("s", start, start + 5, { name: "load" }),
      ended(start + SECOND),
    ];
  };
  const totals = async (store: SqliteStore) => {
    const { groups, ...counted } = await store.stats({ groupBy: "name" });
    return { ...counted, totals: groups.map(({ key, total }) => [key, total]) };
  };

  test("flows that were there before are counted beside the traffic; until then the answer says what it lacks", async () => {
    const { path, store } = open();
    await store.append(Array.from({ length: 1_200 }, (_, n) => run(`${n}`, T0 + n * SECOND)).flat());
    await store.close();
    // As the migration leaves a file of an earlier version.
    const db = new Database(path);
    db.exec(`DELETE FROM stats_log; DELETE FROM stats_kept; DELETE FROM stats_parts;
      UPDATE stats_state SET uncounted_to = (SELECT max(pk) FROM flows)`);
    db.close();
    const again = open(path).store;
    expect(await totals(again)).toEqual({
      totals: [],
      complete: false,
      from: T0 + 1_199 * SECOND,
      to: null,
    });
    // One that is new, one that changes while it is not counted yet, one that goes.
    await again.append(run("new", T0 + DAY / 2));
    await again.append([flowOf({ tenant: "acme", id: "7" }).labels(T0 + 8 * SECOND, { env: "prod" })]);
    await again.prune({ endedBefore: T0 + 2 * SECOND, limit: 1 });
    expect((await totals(again)).totals).toEqual([["import", 1]]);
    await again.settle();
    expect(await totals(again)).toEqual({
      totals: [["import", 1_200]],
      complete: true,
      from: null,
      to: null,
    });
    const { groups } = await again.stats({ groupBy: "labels", tenant: ["acme"] });
    expect(groups).toMatchObject([{ key: "env=prod", total: 1 }]);
    await again.close();
  });

  test("days of a file in which each was one cell tell the same, and take what comes late", async () => {
    const { store } = open();
    const bad = { type: "Error", message: "bad row", stack: null };
    const all = Array.from({ length: 300 }, (_, n) => {
      const { opened, step, ended } = flowOf({ tenant: n % 3 ? "acme" : "globex", id: `${n}` });
      const at = T0 - (n % 5) * DAY + n * SECOND;
      const name = n % 2 ? "import" : "sync";
      return [
        opened(at, { name, labels: { env: n % 5 ? "prod" : "test" } }),
        ...step("s", at, at + n * 1000, { name: `step ${n % 4}` }),
        ended(at + SECOND + n, { name, ...(n % 7 ? {} : { status: "failed" as const, error: bad }) }),
      ];
    }).flat();
    await store.append(all);
    await store.settle();
    const told = async (from: SqliteStore) => {
      const groups = ["name", "day", "labels", "step"] as const;
      return await Promise.all([
        ...groups.map((groupBy) => from.stats({ groupBy, tenant: ["acme"] })),
        from.stats({ groupBy: "name", tenant: ["globex"], labels: { env: ["test"] } }),
        from.stats({ groupBy: "day" }),
        from.errors({ limit: 9 }),
        from.histogram({ buckets: 3 }),
      ]);
    };
    const before = await told(store);
    const late = [
      ...run("late", T0 + 5 * SECOND),
      flowOf({ tenant: "acme", id: "7" }).labels(T0, { env: "dev" }),
    ];
    await store.append(late);
    await store.settle();
    const after = await told(store);
    expect(after).not.toEqual(before);
    await store.close();

    const second = open();
    await second.store.append(all);
    await second.store.settle();
    await second.store.close();
    const db = new Database(second.path);
    const days = db.prepare("SELECT count(*) FROM stats_days").pluck();
    const byKind = days.get() as number;
    takeBackTo(db, 13);
    expect(days.get()).toBeLessThan(byKind / 2);
    db.close();
    const again = open(second.path).store;
    expect(await told(again)).toEqual(before);
    await again.append(late);
    await again.settle();
    expect(await told(again)).toEqual(after);
    await again.close();
  });

  test("an hour that has passed is closed beside the traffic, once little comes for it", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const path = join(folder, `${++files}.db`);
    let clock = T0 + 50 * 60 * SECOND;
    const store = openSqliteStore({ path, now: () => clock });
    const db = new Database(path, { readonly: true });
    const closed = () => db.prepare("SELECT closed_hour FROM stats_state").pluck().get();
    const later = async (seconds: number) => {
      clock += seconds * SECOND;
      await vi.advanceTimersByTimeAsync(seconds * 1000);
    };
    const add = (customers: number, at: Micros) =>
      store.append(
        Array.from({ length: customers }, (_, n) =>
          flowOf({ tenant: `customer ${n}`, id: `${clock} ${n}` }).opened(at),
        ),
      );
    const hour = T0 / HOUR;
    await add(30, T0);
    await later(31);
    expect(closed()).toBe(hour);
    // Over, but flows of many customers came in just now.
    await later(9 * 60 + 20);
    await add(30, T0 + 1);
    await later(31);
    expect([closed(), clock > T0 + HOUR]).toEqual([hour, true]);
    // What goes on for long does not hold it open.
    for (let n = 0; n < 3; n += 1) {
      await add(2, T0 + 2 + n);
      await later(31);
    }
    expect(closed()).toBe(hour + 1);
    expect(await store.stats({ groupBy: "day" })).toMatchObject({ groups: [{ total: 66 }] });
    db.close();
    await store.close();
    vi.useRealTimers();
  });

  test("hours that are closed for some customers only are told once, also what comes late for them", async () => {
    const { path, store } = open();
    const memory = openMemoryStore({ now });
    const say = async (said: FlowObservation[]) => {
      for (const each of [store, memory]) await each.append(said);
    };
    const ofCustomer = (n: number, at: Micros, id: string) => {
      const { opened, step, ended } = flowOf({ tenant: `customer ${n}`, id });
      return [opened(at, { labels: { env: "prod" } }), ...step("s", at, at + n), ended(at + n * 1000)];
    };
    const customers = Array.from({ length: 250 }, (_, n) => n);
    await say(customers.flatMap((n) => ofCustomer(n, T0 + (n % 3) * HOUR, `${n}`)));
    const same = async () => {
      const windows = [{}, { from: T0 + HOUR }, { to: T0 + HOUR }, { from: T0 + HOUR, to: T0 + 2 * HOUR }];
      for (const tenant of [undefined, ["customer 7"], ["customer 240"]]) {
        for (const window of windows) {
          for (const groupBy of ["name", "day", "hour", "step"] as const) {
            const query = { groupBy, ...window, ...(tenant && { tenant }) };
            expect(await store.stats(query)).toEqual(await memory.stats(query));
          }
        }
      }
      const histogram = { buckets: 3, from: T0, to: T0 + DAY };
      expect(await store.histogram(histogram)).toEqual(await memory.histogram(histogram));
    };
    const late = (id: string) => [7, 240].flatMap((n) => ofCustomer(n, T0 + 5 * SECOND, `${id} ${n}`));
    const other = new Database(path);
    const closed = other.prepare("SELECT closed_hour * 3600000000, closed_tenant FROM stats_state").raw();

    // After the first piece.
    other.exec(`CREATE TRIGGER full BEFORE UPDATE ON stats_state WHEN OLD.closed_tenant > 0
      BEGIN SELECT RAISE(ABORT, 'full'); END`);
    await expect(store.settle()).rejects.toThrow("full");
    const [hour, tenant] = closed.get() as [Micros, number];
    expect([hour, tenant > 7 && tenant < 240]).toEqual([T0, true]);
    await same();
    await say(late("log"));
    await same();
    await expect(store.settle()).rejects.toThrow("full");
    await same();

    other.exec("DROP TRIGGER full");
    await store.settle();
    expect(closed.get()).toEqual([T0 + DAY, 0]);
    await same();
    await say(late("after"));
    await same();
    await store.settle();
    await same();
    other.close();
    await store.close();
  });

  test("steps, labels and errors that are made of data are counted, but not told apart without end", async () => {
    const { store } = open();
    const said: FlowObservation[] = [];
    const letters = (n: number) => [...`${n}`].map((digit) => "abcdefghij"[Number(digit)]).join("");
    for (let n = 0; n < 250; n += 1) {
      const { opened, step, ended } = flowOf({ tenant: "acme", id: `${n}` });
      const error = { type: "Error", message: `bad ${letters(n)}`, stack: null };
      said.push(
        opened(T0 + n, { labels: { order: `${n}`, env: "prod" } }),
        ...step("s", T0 + n, T0 + n + 5, { name: `row ${n}` }),
        ended(T0 + n + SECOND, { status: "failed", error }),
      );
    }
    for (let n = 0; n < said.length; n += 40) await store.append(said.slice(n, n + 40));
    const check = async () => {
      const steps = await store.stats({ groupBy: "step", tenant: ["acme"] });
      expect(steps.groups).toHaveLength(101);
      expect(steps.groups.find(({ key }) => key === "(other steps)")).toMatchObject({ total: 150 });
      expect((await store.stats({ groupBy: "step" })).groups).toHaveLength(101);
      const labels = await store.stats({ groupBy: "labels", tenant: ["acme"] });
      expect(labels.complete).toBe(false);
      expect(labels.groups).toHaveLength(101);
      expect(labels.groups[0]).toMatchObject({ key: "env=prod", total: 250 });
      const errors = await store.errors({ tenant: ["acme"], limit: 500 });
      expect([errors.errors.length, errors.complete]).toEqual([100, false]);
      // A value that is not told apart is looked for among the flows.
      for (const order of ["3", "249"]) {
        const found = await store.stats({ groupBy: "name", tenant: ["acme"], labels: { order: [order] } });
        expect(found).toMatchObject({ complete: true, groups: [{ key: "import", total: 1 }] });
      }
    };
    await check();
    await store.settle();
    await check();
    await store.prune({ endedBefore: T0 + DAY, limit: 500 });
    expect((await store.stats({ groupBy: "step" })).groups).toEqual([]);
    await store.settle();
    expect((await store.stats({ groupBy: "step" })).groups).toEqual([]);
    await store.close();
  });

  test("a part of an hour that holds too many flows is counted as the whole hour, and that is said", async () => {
    const { store } = open();
    const all = Array.from({ length: 1_100 }, (_, n) => run(`${n}`, T0 + HOUR + n * SECOND)).flat();
    await store.append([...all, ...run("before", T0 + HOUR - 1)]);
    const from = T0 + HOUR + 10 * SECOND;
    expect(await store.stats({ from, groupBy: "step" })).toMatchObject({
      from: T0 + HOUR,
      to: null,
      complete: true,
      groups: [{ key: "load", total: 1_100 }],
    });
    // Flows alone are quick to look at.
    expect(await store.stats({ from, groupBy: "name" })).toMatchObject({
      from,
      groups: [{ key: "import", total: 1_090 }],
    });
    await store.close();
  });

  test("what another program appends beside it is counted too, and what it adds up is not counted twice", async () => {
    const { path, store } = open();
    const other = open(path).store;
    await store.append(run("1", T0));
    await other.append(run("2", T0 + 1, { env: "prod" }));
    await other.settle();
    await store.append(run("3", T0 + 2, { env: "prod" }));
    expect((await totals(store)).totals).toEqual([["import", 3]]);
    await store.settle();
    expect((await totals(other)).totals).toEqual([["import", 3]]);
    const { groups } = await other.stats({ groupBy: "labels", tenant: ["acme"] });
    expect(groups).toMatchObject([{ key: "env=prod", total: 2 }]);
    await store.close();
    await other.close();
  });

  test("a commit that fails leaves nothing counted", async () => {
    const { path, store } = open();
    await store.append(run("1", T0));
    const blocker = new Database(path);
    blocker.exec("BEGIN IMMEDIATE");
    await expect(store.append(run("2", T0, { env: "prod" }))).rejects.toMatchObject({ code: "unavailable" });
    blocker.exec("ROLLBACK");
    blocker.close();
    expect((await totals(store)).totals).toEqual([["import", 1]]);
    await store.append(run("2", T0, { env: "prod" }));
    expect((await totals(store)).totals).toEqual([["import", 2]]);
    expect((await store.stats({ groupBy: "labels", tenant: ["acme"] })).groups).toHaveLength(1);
    await store.close();
  });
});
