import { execFile, execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { openSqliteAccess } from "../src/sqlite/access.ts";
import { openDatabase } from "../src/sqlite/file/open.ts";
import { openSqliteStore, type SqliteStore } from "../src/sqlite/index.ts";
import type { FlowFilter, FlowOrder, Store } from "../src/store.ts";
import { takeBackTo } from "./earlier-file.ts";
import { listsContract } from "./lists.contract.ts";
import { flowOf } from "./saying.ts";
import { statsContract } from "./stats.contract.ts";
import { type StoreUnderTest, storeContract } from "./store.contract.ts";

const run = promisify(execFile);
const T0 = 1_790_000_000_000_000;
const folder = mkdtempSync(join(tmpdir(), "weir-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const newPath = () => join(folder, `${++files}`, "weir.db");
const paths = new Map<Store, string>();

const underTest: StoreUnderTest = {
  settle: (store) => (store as SqliteStore).settle(),
  async open(now, settings) {
    const path = newPath();
    const store = openSqliteStore({ path, now, ...settings });
    paths.set(store, path);
    return store;
  },
  async reopen(store, now) {
    await store.close();
    const path = paths.get(store) as string;
    const again = openSqliteStore({ path, now });
    paths.set(again, path);
    return again;
  },
};
storeContract("sqlite", underTest);
statsContract("sqlite", underTest);

listsContract("sqlite", {
  open: async (now) => openSqliteStore({ path: newPath(), now, limitMs: 10_000 }),
  lists: 100,
});
listsContract("sqlite, too many to sort", {
  open: async (now) => openSqliteStore({ path: newPath(), now, many: 0, limitMs: 10_000 }),
  lists: 50,
});
listsContract("sqlite, cut short", {
  open: async (now) => openSqliteStore({ path: newPath(), now, limitMs: -1, many: Number.POSITIVE_INFINITY }),
  lists: 25,
  cutShort: true,
});

listsContract("sqlite, too many to sort and cut short", {
  open: async (now) => openSqliteStore({ path: newPath(), now, limitMs: -1, many: 0 }),
  lists: 25,
  cutShort: true,
});

test("pickers list no more than anyone would pick from, nor than the time allows, and say so", async () => {
  const path = newPath();
  const store = openSqliteStore({ path });
  await store.append([flowOf({ tenant: "acme", id: "1" }).opened(1, { labels: { env: "prod" } })]);
  const count = (rows: number) =>
    `WITH RECURSIVE n (n) AS (SELECT 100 UNION ALL SELECT n + 1 FROM n WHERE n < ${99 + rows})`;
  const db = new Database(path);
  db.exec(`INSERT INTO texts ${count(10_500)} SELECT n, 'name ' || n FROM n`);
  db.exec(`INSERT INTO tenant_names ${count(10_500)} SELECT 1, n FROM n`);
  db.exec(`INSERT INTO tenant_labels ${count(250)} SELECT 1, 'order', n FROM n`);
  db.close();
  const names = await store.names("acme");
  expect(names).toMatchObject({ complete: false });
  expect(new Set(names.items).size).toBe(10_000);
  const { items, complete } = await store.labels();
  expect(complete).toBe(true);
  expect(items.map(({ key, values }) => [key, values.length])).toEqual([
    ["env", 1],
    ["order", 100],
  ]);
  await store.close();

  const hurried = openSqliteStore({ path, limitMs: -1 });
  const found = await hurried.names();
  expect(found.complete).toBe(false);
  expect(found.items.length).toBeLessThanOrEqual(10_000);
  expect(await hurried.labels("acme")).toEqual({ items, complete: true });
  await hurried.close();
});

describe("sqlite: the file", () => {
  const opened = flowOf({ tenant: "acme", id: "1" }).opened(1);

  test("a newer database is refused with a clear line, and left as it is", async () => {
    const path = newPath();
    await openSqliteStore({ path }).close();
    const db = new Database(path);
    db.pragma("user_version = 99");
    expect(() => openSqliteStore({ path })).toThrow(
      /version 99, this program knows up to \d+: use a newer program/,
    );
    expect(db.pragma("user_version", { simple: true })).toBe(99);
    db.close();
  });

  test("one of an earlier version is brought up, and a collector says so before it does", async () => {
    const path = newPath();
    await openSqliteStore({ path }).close();
    const lines: string[] = [];
    const warn = (line: string) => lines.push(line);
    await openSqliteAccess({ path, warn }).close();
    expect(lines).toEqual([]);

    const db = new Database(path);
    const newest = db.pragma("user_version", { simple: true }) as number;
    takeBackTo(db, 11);
    db.close();
    await openSqliteAccess({ path, warn }).close();
    expect(lines).toEqual([
      `store ${path}: is brought up from version 9 to ${newest}: that takes minutes where it is large`,
    ]);
    await openSqliteAccess({ path, warn }).close();
    expect(lines).toHaveLength(1);
  });

  test("flows of before the index by customer and shape are found by it, and pruned", async () => {
    const path = newPath();
    const before = openSqliteStore({ path });
    await before.append(
      Array.from({ length: 400 }, (_, n) => {
        const { opened, ended } = flowOf({ tenant: n % 4 ? "acme" : "globex", id: `${n}` });
        // Both have many of the other: neither leads to these as soon as the two together.
        const name = n % 100 === 0 || n % 4 > 0 ? "import" : "sync";
        return [opened(T0 + n, { name }), ended(T0 + 400 + (n % 7), { name })];
      }).flat(),
    );
    await before.close();
    const db = new Database(path);
    takeBackTo(db, 11);
    db.close();

    const store = openSqliteStore({ path });
    const filter = { tenant: ["globex"], name: ["import"] };
    const found = async (order: FlowOrder) => {
      const { items } = await store.flows({ ...filter, limit: 9, order });
      return items.map(({ id }) => id);
    };
    expect(await found("oldest")).toEqual(["0", "100", "200", "300"]);
    expect(await found("newest")).toEqual(["300", "200", "100", "0"]);
    expect(await found("shortest")).toEqual(["300", "200", "100", "0"]);
    expect(await found("last-ended")).toEqual(["300", "200", "100", "0"]);
    expect(await store.count(filter)).toMatchObject({ total: 4, complete: true });
    expect(await store.prune({ endedBefore: T0 + 403, limit: 100 })).toBe(100);
    expect(await store.prune({ endedBefore: T0 + 403, limit: 100 })).toBe(72);
    const [oldest] = (await store.flows({ limit: 1, order: "oldest" })).items;
    expect(oldest?.id).toBe("3");
    await store.close();
  });

  test("of blocks in which nothing ended what is open is listed, and of those in which little failed that", async () => {
    const store = openSqliteStore({ path: newPath(), many: 0, limitMs: 10_000 });
    const failed = { status: "failed" as const, error: { type: "E", message: "gone", stack: null } };
    const all = Array.from({ length: 600 }, (_, n) => {
      const { opened, ended } = flowOf({ tenant: "acme", id: `${n}` });
      return n < 300 ? [opened(T0 + n)] : [opened(T0 + n), ended(T0 + 700 + n, n === 450 ? failed : {})];
    });
    await store.append(all.flat());
    const listed = async (filter: FlowFilter, order: FlowOrder) => {
      const { items } = await store.flows({ ...filter, order, limit: 500 });
      return items.map(({ id }) => Number(id));
    };
    const { name } = (await store.flows({ limit: 1, order: "newest" })).items[0] as { name: string };
    const named = { name: [name] };
    expect((await listed(named, "last-active")).slice(298, 302)).toEqual([301, 300, 299, 298]);
    expect((await listed(named, "first-active")).slice(0, 2)).toEqual([0, 1]);
    expect(await listed({ ...named, status: ["running"] }, "last-active")).toHaveLength(300);
    for (const order of ["last-active", "first-active", "last-ended", "first-ended", "longest"] as const) {
      expect(await listed({ status: ["failed"] }, order)).toEqual([450]);
      expect(await listed({ status: ["cancelled"] }, order)).toEqual([]);
    }
    expect(await listed({ status: ["failed", "running"] }, "last-active")).toHaveLength(301);
    await store.close();
  });

  test("sorted lists are whole and in order where only some of what matches is looked at", async () => {
    const MINUTE = 60_000_000;
    const DAYS = 4 * 24 * 60;
    await fc.assert(
      fc.asyncProperty(
        // Mostly short; a few are open, and active long after they began, or end long after.
        fc.array(
          fc.record({
            start: fc.integer({ min: 0, max: DAYS }),
            took: fc.oneof(
              { weight: 20, arbitrary: fc.integer({ min: 0, max: 20 }) },
              { weight: 1, arbitrary: fc.integer({ min: 0, max: DAYS }) },
            ),
            is: fc.oneof(
              { weight: 8, arbitrary: fc.constant("succeeded" as const) },
              { weight: 1, arbitrary: fc.constant("failed" as const) },
              { weight: 1, arbitrary: fc.constant("open" as const) },
            ),
            name: fc.constantFrom("import", "sync"),
            tenant: fc.constantFrom("acme", "acme", "acme", "globex"),
            env: fc.constantFrom("prod", "test"),
          }),
          { minLength: 900, maxLength: 1_100, size: "max" },
        ),
        fc.constantFrom<FlowOrder>(
          "last-active",
          "first-active",
          "last-ended",
          "first-ended",
          "longest",
          "shortest",
        ),
        fc.constantFrom<FlowFilter>(
          {},
          { name: ["import"] },
          { from: T0 + DAYS * MINUTE * 0.3 },
          { status: ["failed"] },
          { labels: { env: ["test"] } },
          { service: ["api"] },
        ),
        async (all, order, filter) => {
          const byLength = order === "longest" || order === "shortest";
          // By statistics; the others by hand.
          const many = byLength ? 0 : 1_000_000;
          const now = () => T0 + 2 * DAYS * MINUTE;
          const store = openSqliteStore({ path: newPath(), limitMs: 10_000, many, now, upkeep: false });
          const said = all.map(({ start, took, is, name, tenant, env }, n) => {
            const { opened, step, ended } = flowOf({ tenant, id: `${n}` });
            const [from, to] = [T0 + start * MINUTE, T0 + (start + took) * MINUTE];
            const error = { type: "E", message: "gone", stack: null };
            return [
              opened(from, { name, labels: { env }, service: n % 2 ? "api" : "web" }),
              ...step("s", from, to),
              ...(is === "open" ? [] : [ended(to, { name, ...(is === "failed" && { status: is, error }) })]),
            ];
          });
          await store.append(said.slice(0, -100).flat());
          // What comes after it is in no cell yet.
          await store.settle();
          await store.append(said.slice(-100).flat());
          const isLast = order.startsWith("last") || order === "longest";
          const sortedBy = (n: number) => {
            const { start, took } = all[n] as (typeof all)[number];
            return byLength ? took : start + took;
          };
          const hasOpen = order.endsWith("active");
          const wanted = [...all.keys()]
            .filter((n) => {
              const { tenant, name, start, is, env } = all[n] as (typeof all)[number];
              if (tenant !== "acme" || (is === "open" && !hasOpen)) return false;
              if (filter.name !== undefined && name !== "import") return false;
              if (filter.from !== undefined && T0 + start * MINUTE < filter.from) return false;
              if (filter.status !== undefined && is !== "failed") return false;
              if (filter.service !== undefined && n % 2 === 0) return false;
              return filter.labels === undefined || env === "test";
            })
            .map(sortedBy)
            .sort((a, b) => (isLast ? b - a : a - b));
          const found: number[] = [];
          let cursor: string | undefined;
          do {
            const page = await store.flows({ ...filter, tenant: ["acme"], order, limit: 60, cursor });
            const items = page.items.filter(({ endedAt }) => hasOpen || endedAt !== null);
            found.push(...items.map(({ id }) => sortedBy(Number(id))));
            cursor = page.nextCursor ?? undefined;
          } while (cursor !== undefined);
          expect(found).toEqual(wanted);
          await store.close();
        },
      ),
      { numRuns: 25, endOnFailure: true },
    );
  }, 60_000);

  test("what tells of flows of before what two filters have in common is that of new ones", async () => {
    const path = newPath();
    const store = openSqliteStore({ path });
    const all = Array.from({ length: 300 }, (_, n) => {
      const { opened, ended } = flowOf({ tenant: n % 2 ? "acme" : "globex", id: `${n}` });
      const name = n % 3 ? "import" : "sync";
      const labels = n % 3 ? { format: n % 5 ? "csv" : "xlsx" } : { plan: `p${n % 4}` };
      const failed = { status: "failed" as const, error: { type: "E", message: "gone", stack: null } };
      return [
        opened(T0 + ((n * 7) % 300), { name, labels }),
        ...(n % 11 ? [ended(T0 + 400 + n, { name, ...(n % 4 === 0 && failed) })] : []),
      ];
    });
    await store.append(all.flat());
    await store.close();
    const bounds = (db: Database.Database) =>
      ["label_shapes", "shapes", "loose_names", "name_blocks"]
        .map((table) => db.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all())
        .concat([db.prepare("SELECT block, first_started, last_started FROM blocks").all()]);
    const db = new Database(path);
    const asWritten = bounds(db);
    expect(asWritten.map((rows) => rows.length)).toEqual([6, 2, 0, 12, 3]);
    takeBackTo(db, 12);
    await openSqliteStore({ path }).close();
    expect(bounds(db)).toEqual(asWritten);
    db.close();
  });

  test("customers that are too many to look at in time are told in part; by name they go on", async () => {
    const path = newPath();
    const store = openSqliteStore({ path, limitMs: -1 });
    await store.append([flowOf({ tenant: "customer-20000", id: "1" }).opened(T0)]);
    const db = new Database(path);
    db.exec(`WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 10500)
      INSERT INTO tenants (tenant, flows) SELECT printf('customer-%05d', n), 1 FROM counted`);
    db.close();
    const one = await store.tenants({ q: "r-2", order: "activity", limit: 9 });
    expect(one).toEqual({ items: [], nextCursor: null, complete: false });
    const found = await store.tenants({ q: "r-2", limit: 9 });
    expect(found).toMatchObject({ items: [], nextCursor: expect.any(String), complete: true });
    expect(await store.tenants({ q: "r-2", limit: 9, cursor: found.nextCursor ?? "" })).toMatchObject({
      items: [{ tenant: "customer-20000", running: 1 }],
      nextCursor: null,
      complete: true,
    });
    await store.close();
  });

  test("a database of another program is refused, and left as it is", async () => {
    const path = newPath();
    mkdirSync(dirname(path));
    const db = new Database(path);
    db.exec("CREATE TABLE invoices (id INTEGER)");
    expect(() => openSqliteStore({ path })).toThrow(/another program.*name another file/);
    expect(db.prepare("SELECT name FROM sqlite_schema").pluck().all()).toEqual(["invoices"]);
    db.close();
  });

  test("two processes that start at once on a new file both come up", async () => {
    const path = newPath();
    const module = new URL("../src/sqlite/index.ts", import.meta.url).href;
    const script = `const { openSqliteStore } = await import(${JSON.stringify(module)});
      await openSqliteStore({ path: ${JSON.stringify(path)} }).close(); console.log("up");`;
    const starts = [1, 2, 3].map(() => run(process.execPath, ["--input-type=module", "-e", script]));
    expect((await Promise.all(starts)).map(({ stdout }) => stdout)).toEqual(["up\n", "up\n", "up\n"]);
  });

  test("what is no database is named as such", () => {
    const path = join(folder, "text.db");
    writeFileSync(
      path,
      "this is plain text, and long enough to be looked at as a header of a database file".repeat(20),
    );
    expect(() => openSqliteStore({ path })).toThrow(/not a database.*name another with --store/s);
  });

  test("a place that can't be written to is named", () => {
    const file = join(folder, "a-file");
    writeFileSync(file, "");
    chmodSync(file, 0o600);
    expect(() => openSqliteStore({ path: join(file, "weir.db") })).toThrow(/cannot be opened/);
  });

  test("while another program holds the file an append is refused, keeps nothing, and works again afterwards", async () => {
    const path = newPath();
    const store = openSqliteStore({ path, busyTimeoutMs: 50 });
    const other = new Database(path);
    other.exec("BEGIN IMMEDIATE");
    const locked = { code: "unavailable", message: expect.stringContaining("locked") };
    await expect(store.append([opened])).rejects.toMatchObject(locked);
    await expect(store.checkWritable()).rejects.toMatchObject(locked);
    expect(await store.figures()).toMatchObject({ failedCommits: 1, flows: { running: 0 } });
    other.exec("ROLLBACK");
    other.close();
    expect(await store.flow(opened.flow)).toBeUndefined();
    await store.append([opened]);
    expect(await store.flow(opened.flow)).toMatchObject({ status: "running" });
    expect((await store.figures()).flows).toMatchObject({ running: 1 });
    await store.checkWritable();
    await store.close();
  });

  test("flows that another program deleted meanwhile do not come back from memory", async () => {
    const path = newPath();
    const store = openSqliteStore({ path });
    const { step, ended } = flowOf(opened.flow);
    await store.append([opened, ...step("old", 2, 3), ended(4)]);
    const other = new Database(path);
    other.pragma("foreign_keys = ON");
    other.exec("DELETE FROM flows");
    other.close();
    expect((await store.figures()).flows).toMatchObject({ running: 0, succeeded: 0 });
    await store.append([...step("new", 5, 6)]);
    expect(await store.flow(opened.flow)).toMatchObject({
      incomplete: ["start-missing"],
      steps: [{ id: "new" }],
    });
    await store.close();
  });

  test("what a commit survives is SQLite's own setting: full is 2, normal is 1", () => {
    for (const [durability, level] of [
      ["full", 2],
      ["normal", 1],
    ] as const) {
      const db = openDatabase(newPath(), { busyTimeoutMs: 50, durability });
      expect(db.pragma("synchronous", { simple: true })).toBe(level);
      db.close();
    }
  });

  test("a label is not taken for another that got its number after a prune elsewhere", async () => {
    const path = newPath();
    const [store, other] = [openSqliteStore({ path }), openSqliteStore({ path })];
    const withLabel = async (id: string) => {
      const { opened, ended } = flowOf({ tenant: "acme", id });
      await other.append([opened(1, { labels: { order: id } }), ended(2)]);
    };
    const found = async (order: string) =>
      (await store.flows({ limit: 9, order: "newest", labels: { order: [order] } })).items.map(
        ({ id }) => id,
      );
    await withLabel("17");
    expect(await found("17")).toEqual(["17"]);
    expect(await other.prunable({ endedBefore: 3 })).toBe(1);
    await other.prune({ endedBefore: 3, limit: 9 });
    await withLabel("18");
    expect([await found("17"), await found("18")]).toEqual([[], ["18"]]);
    await store.close();
    await other.close();
  });

  test("a definition is kept once for all flows that carry it, and goes with the last of them", async () => {
    const path = newPath();
    const store = openSqliteStore({ path });
    const shape = (name: string) => JSON.stringify({ kind: "tree", name, root: { id: "0", type: "run" } });
    const append = async (id: string, at: number, definition: string) => {
      const { opened, ended } = flowOf({ tenant: "acme", id });
      await store.append([opened(at, { definition }), ended(at)]);
    };
    const kept = () => {
      const db = new Database(path);
      const rows = db.prepare("SELECT text, flows FROM definitions ORDER BY number").raw().all();
      db.close();
      return rows;
    };
    await append("1", 1, shape("a"));
    await append("2", 5, shape("a"));
    await append("3", 2, shape("b"));
    // Said again, and then in another form by a newer program.
    await append("3", 2, shape("b"));
    await append("2", 6, shape("c"));
    expect(kept()).toEqual([
      [shape("a"), 1],
      [shape("b"), 1],
      [shape("c"), 1],
    ]);
    expect(await store.flow({ tenant: "acme", id: "2" })).toMatchObject({ definition: { name: "c" } });
    await store.prune({ endedBefore: 3, limit: 9 });
    expect(kept()).toEqual([[shape("c"), 1]]);
    await append("4", 7, shape("a"));
    expect(await store.flow({ tenant: "acme", id: "4" })).toMatchObject({ definition: { name: "a" } });
    expect(kept()).toHaveLength(2);
    await store.close();
  });

  test("a flow costs no byte for having no definition", async () => {
    const path = newPath();
    const store = openSqliteStore({ path });
    const { opened, step } = flowOf({ tenant: "acme", id: "1" });
    await store.append([opened(1), ...step("s", 2, 3)]);
    const db = new Database(path);
    const bytes = () => (db.prepare("SELECT state FROM flows").pluck().get() as Buffer).length;
    const before = bytes();
    const definition = JSON.stringify({ kind: "tree", name: "n", root: { id: "0", type: "run" } });
    await store.append([opened(1, { spanId: "0000000000000001", definition })]);
    // A time, a span that is named already, a rank and a number.
    expect(bytes() - before).toBeLessThanOrEqual(6);
    expect(db.prepare("SELECT count(*) FROM definitions").pluck().get()).toBe(1);
    db.close();
    await store.close();
  });

  test("a kill -9 between two appends loses nothing that was acknowledged, and half of nothing stays", async () => {
    const path = newPath();
    const module = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
    const script = `const { openSqliteStore } = await import(${module("../src/sqlite/index.ts")});
      const { flowOf } = await import(${module("./saying.ts")});
      const store = openSqliteStore({ path: ${JSON.stringify(path)} });
      for (let n = 0; ; n += 1) {
        const { opened, step, ended } = flowOf({ tenant: "acme", id: String(n) });
        await store.append([opened(n + 1), ...step("s", n + 2, n + 3), ended(n + 4)]);
        process.stdout.write(n + "\\n");
        if (n === 200) process.kill(process.pid, "SIGKILL");
      }`;
    let printed = "";
    try {
      execFileSync(process.execPath, ["--input-type=module", "-e", script], {
        encoding: "utf8",
        stdio: "pipe",
      });
    } catch (error) {
      printed = (error as { stdout: string }).stdout;
    }
    const acknowledged = printed.trim().split("\n").length;
    expect(acknowledged).toBeGreaterThan(100);
    const store = openSqliteStore({ path });
    const { items } = await store.flows({ limit: 500, order: "oldest" });
    expect(items.length).toBeGreaterThanOrEqual(acknowledged);
    for (const flow of items)
      expect(flow).toMatchObject({ status: "succeeded", stepCounts: { total: 1, succeeded: 1 } });
    await store.close();
  });
});
