/** How the SQLite store keeps what a search finds flows by: bounded, cleaned with the flows, there for older stores too. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, describe, expect, test } from "vitest";
import type { Observation } from "../src/observation.ts";
import { openSqliteStore } from "../src/sqlite/index.ts";
import type { FlowFilter, FlowOrder, Store } from "../src/store.ts";
import { allIds } from "./all-ids.ts";
import { takeBackTo } from "./earlier-file.ts";
import { flowOf } from "./saying.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-search-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const T0 = 1_790_000_000_000_000;

let files = 0;
const newPath = () => join(folder, `${++files}.db`);

/** Flows that end after as long as their number, which is also their place. */
function aFlow(n: number, steps: string[], more: { error?: string; service?: string } = {}): Observation[] {
  const { opened, step, ended } = flowOf({ tenant: "acme", id: `id-${n}` });
  const { service = "api", error } = more;
  const ending =
    error === undefined
      ? {}
      : { status: "failed" as const, error: { type: "E", message: error, stack: null } };
  return [
    opened(T0 + n, { service, labels: { order: `ord-${n}` } }),
    ...steps.flatMap((name) => step(`${n}-${name}`, T0 + n, T0 + n + 1, { name, service })),
    ended(T0 + n + n * 10, ending),
  ];
}

const ids = (store: Store, filter: FlowFilter, order: FlowOrder = "oldest") => allIds(store, filter, order);

function rowsOf(path: string): Record<string, number> {
  const db = new Database(path, { readonly: true });
  const tables = [
    "shapes",
    "shape_services",
    "loose_names",
    "error_texts",
    "error_flows",
    "words",
    "word_flows",
    "blocks",
    "name_blocks",
    "label_shapes",
  ];
  const count = (table: string) => db.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get() ?? 0;
  const rows = Object.fromEntries(tables.map((table) => [table, count(table)]));
  db.close();
  return rows;
}

describe("flows whose steps are named after data", () => {
  test("share no shape beyond a bound, and are found by name, step and service as all others", async () => {
    const path = newPath();
    const store = openSqliteStore({ path, limitMs: 10_000 });
    const all = Array.from({ length: 250 }, (_, n) =>
      aFlow(n, ["begin", `row ${n}x`], { service: `s${n % 3}` }),
    );
    await store.append(all.flat());
    expect(rowsOf(path)).toMatchObject({ shapes: 100, loose_names: 1 });
    expect(await ids(store, { q: "7x" })).toEqual(["id-7"]);
    expect(await ids(store, { q: "207x" })).toEqual(["id-207"]);
    expect(await ids(store, { q: "20 row" })).toEqual(
      [20, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209].map((n) => `id-${n}`),
    );
    expect(await ids(store, { q: "begin" })).toHaveLength(250);
    expect(await ids(store, { name: ["import"] }, "newest")).toHaveLength(250);
    expect(await ids(store, { service: ["s1"] })).toHaveLength(83);
    expect(await store.count({ service: ["s1"] })).toMatchObject({ total: 83, complete: true });
    expect(await ids(store, { service: ["s1"], q: "207x" })).toEqual([]);
    expect(await ids(store, { service: ["s0"], q: "207x" })).toEqual(["id-207"]);
    await store.close();
  });

  test("a flow that goes from shape to shape leaves none behind, and nothing of a pruned one stays", async () => {
    const path = newPath();
    const store = openSqliteStore({ path, limitMs: 10_000 });
    const said = [
      ...aFlow(1, ["a", "b", "c", "d"], { error: "no column 7 in x9" }),
      ...aFlow(2, ["a", "b"]),
      ...aFlow(3, ["z"], { error: "gone" }),
    ];
    // Each commit sees one thing more.
    for (const one of said) await store.append([one]);
    expect(rowsOf(path)).toMatchObject({
      shapes: 3,
      error_texts: 2,
      error_flows: 2,
      word_flows: 2,
      blocks: 1,
    });
    expect(await ids(store, { q: "x9 colu" })).toEqual(["id-1"]);
    // A flow may turn out to have started earlier, and its end not to be a failure.
    const { opened, ended } = flowOf({ tenant: "acme", id: "id-1" });
    await store.append([opened(T0 - 5), ended(T0)]);
    expect(await ids(store, { q: "x9" })).toEqual([]);
    expect(await ids(store, { q: "d" })).toEqual(["id-1"]);
    expect(await ids(store, { status: ["succeeded"] }, "longest")).toEqual(["id-2", "id-1"]);
    await store.prune({ endedBefore: T0 + 1_000_000, limit: 10 });
    expect(await ids(store, {})).toEqual([]);
    expect(new Set(Object.values(rowsOf(path)))).toEqual(new Set([0]));
    await store.close();
  });
});

test("a customer's flows are found by a label that has more values than are kept for pickers", async () => {
  const store = openSqliteStore({ path: newPath(), limitMs: 10_000 });
  const said = Array.from({ length: 130 }, (_, n) =>
    flowOf({ tenant: "acme", id: `id-${n}` }).opened(T0 + n, { labels: { order: `o${n}` } }),
  );
  await store.append([
    ...said,
    flowOf({ tenant: "globex", id: "one" }).opened(T0, { labels: { order: "x" } }),
  ]);
  for (const n of [0, 99, 100, 129]) {
    expect(await ids(store, { tenant: ["acme"], labels: { order: [`o${n}`] } })).toEqual([`id-${n}`]);
  }
  expect(await ids(store, { tenant: ["globex"], labels: { order: ["o7"] } })).toEqual([]);
  expect(await ids(store, { tenant: ["globex", "acme"], labels: { order: ["o7", "x"] } })).toEqual([
    "one",
    "id-7",
  ]);
  await store.close();
});

test("a flow that comes to be of another shape is found by its labels and its new services together", async () => {
  const store = openSqliteStore({ path: newPath(), limitMs: 10_000 });
  const { opened, step } = flowOf({ tenant: "acme", id: "1" });
  await store.append([opened(T0, { service: "api", labels: { env: "prod" } })]);
  const both = { service: ["worker"], labels: { env: ["prod"] } };
  expect(await ids(store, both)).toEqual([]);
  await store.append(step("s", T0 + 1, T0 + 2, { service: "worker" }));
  expect(await ids(store, both)).toEqual(["1"]);
  await store.close();
});

test("how many flows an error has is told, whatever is said of them again and in a file from before", async () => {
  const path = newPath();
  const store = openSqliteStore({ path });
  const counts = () => {
    const db = new Database(path, { readonly: true });
    const told = db.prepare("SELECT text, flows FROM error_texts ORDER BY text").raw().all() as [
      string,
      number,
    ][];
    db.close();
    return told;
  };
  const fails = (n: number, message: string) => aFlow(n, ["load"], { error: message });
  await store.append([1, 2, 3].flatMap((n) => fails(n, "timed out")));
  await store.append([...fails(4, "no disk"), ...fails(2, "timed out")]);
  expect(counts()).toEqual([
    ["disk e no", 1],
    ["e out timed", 3],
  ]);
  // It ends once more, earlier and otherwise; its postings are moved, and are of another shape.
  const { ended, step } = flowOf({ tenant: "acme", id: "id-3" });
  const error = { type: "E", message: "no disk", stack: null };
  const by = { service: "mail" };
  await store.append([
    ...step("sent", T0 + 3, T0 + 4, { name: "send", ...by }),
    ended(T0 + 4, { status: "failed", error, ...by }),
  ]);
  const after = [
    ["disk e no", 2],
    ["e out timed", 2],
  ];
  expect(counts()).toEqual(after);
  await store.close();

  const db = new Database(path);
  takeBackTo(db, 20);
  db.close();
  const again = openSqliteStore({ path });
  expect(counts()).toEqual(after);
  await again.prune({ endedBefore: T0 + 4 + 1, limit: 1 });
  await again.prune({ endedBefore: T0 + 1_000_000, limit: 1 });
  expect(counts().flatMap(([, flows]) => flows)).toEqual([2]);
  await again.close();
});

test("a failed flow that comes to be of another shape is found by its error and its new services together", async () => {
  const store = openSqliteStore({ path: newPath(), limitMs: 10_000 });
  const many = Array.from({ length: 200 }, (_, n) => [
    ...aFlow(n, ["s"], { error: "upstream gone" }),
    ...aFlow(1_000 + n, ["s"], { service: "worker" }),
  ]);
  await store.append(many.flat());
  const both = { service: ["worker"], q: "upstream" };
  expect(await ids(store, both)).toEqual([]);
  const { step } = flowOf({ tenant: "acme", id: "id-7" });
  await store.append(step("late", T0 + 8, T0 + 9, { service: "worker" }));
  expect(await ids(store, both)).toEqual(["id-7"]);
  await store.prune({ endedBefore: T0 + 100_000, limit: 1_000 });
  expect(await ids(store, both)).toEqual([]);
  await store.close();
});

describe("a store from before there was a search", () => {
  test("is found in all the same, and its new flows beside", async () => {
    const path = newPath();
    const newer = newPath();
    const filled = openSqliteStore({ path: newer });
    const old = Array.from({ length: 40 }, (_, n) =>
      aFlow(n, ["begin", `old ${n}x`], { error: `bad row ${n}` }),
    );
    const { opened, labels } = flowOf({ tenant: "acme", id: "open" });
    await filled.append([...old.flat(), opened(T0 + 500), labels(T0 + 900, { late: "yes" })]);
    await filled.close();
    takeBack(newer, path);

    const store = openSqliteStore({ path, limitMs: 10_000 });
    await store.append(aFlow(50, ["begin", "new 50x"], { error: "bad row 50" }));
    expect(await ids(store, { q: "old" })).toHaveLength(40);
    expect(await ids(store, { q: "12x" })).toEqual(["id-12"]);
    expect(await ids(store, { q: "50" })).toEqual(["id-50"]);
    expect(await ids(store, { q: "bad" })).toHaveLength(41);
    expect(await ids(store, { q: "ord-12" })).toEqual(["id-12"]);
    expect(await ids(store, { service: ["api"], name: ["import"] })).toHaveLength(41);
    expect(await store.count({ q: "begin" })).toMatchObject({ total: 41, complete: true });
    expect((await ids(store, {}, "last-active")).slice(0, 3)).toEqual(["open", "id-50", "id-39"]);
    expect((await ids(store, {}, "shortest")).slice(-3)).toEqual(["id-39", "id-50", "open"]);
    // Something is said of an old one: it is found as a new one from then on.
    const { ended } = flowOf({ tenant: "acme", id: "id-12" });
    await store.append([
      ended(T0, { status: "failed", error: { type: "E", message: "worse 99", stack: null } }),
    ]);
    expect(await ids(store, { q: "99" })).toEqual(["id-12"]);
    await store.prune({ endedBefore: T0 + 100_000, limit: 100 });
    expect(await ids(store, { q: "begin" })).toEqual([]);
    expect(await ids(store, { name: ["import"] })).toEqual(["open"]);
    await store.close();
  });
});

test("flows of a store from before are made as quick to find as those of a new one, also while more is said of them", async () => {
  const path = newPath();
  const newer = newPath();
  const old = Array.from({ length: 600 }, (_, n) =>
    aFlow(n, ["begin", `step ${n % 7}x`], n % 3 === 0 ? { error: `bad row ${n}` } : {}),
  );
  const { opened, ended } = flowOf({ tenant: "acme", id: "open" });
  const filled = openSqliteStore({ path: newer });
  await filled.append([...old.flat(), opened(T0 + 5_000)]);
  await filled.close();
  takeBack(newer, path);

  const store = openSqliteStore({ path, limitMs: 10_000, upkeep: false });
  // It is held in memory from here on, as what it was.
  await store.append([opened(T0 + 5_000, { labels: { held: "yes" } })]);
  const wanted = await ids(store, { q: "3x bad" });
  expect(wanted).toHaveLength(29);
  await store.settle();
  expect(await ids(store, { q: "3x bad" })).toEqual(wanted);
  await store.append([
    ended(T0 + 6_000, { status: "failed", error: { type: "E", message: "row 9 late", stack: null } }),
  ]);
  await store.append([
    ended(T0 + 5_500, { status: "failed", error: { type: "E", message: "soon", stack: null } }),
  ]);
  expect(await ids(store, { q: "late" })).toEqual([]);
  expect(await ids(store, { q: "soon" })).toEqual(["open"]);
  const again = openSqliteStore({ path: newer });
  await again.append([
    opened(T0 + 5_000, { labels: { held: "yes" } }),
    ended(T0 + 5_500, { status: "failed", error: { type: "E", message: "soon", stack: null } }),
  ]);
  // What is told too widely is not taken back.
  const { blocks: _, name_blocks: __, label_shapes: ___, ...found } = rowsOf(path);
  expect(found).toMatchObject({ loose_names: 0, shapes: 8 });
  expect(rowsOf(newer)).toMatchObject(found);
  await store.prune({ endedBefore: T0 + 1_000_000, limit: 1_000 });
  expect(new Set(Object.values(rowsOf(path)))).toEqual(new Set([0]));
  await store.close();
  await again.close();
});

const MIGRATIONS = new URL("../src/sqlite/migrations/", import.meta.url);

/** Writes what a store holds as the last version without a search would have it. */
function takeBack(from: string, to: string): void {
  const db = new Database(to);
  db.pragma("foreign_keys = OFF");
  const before = readdirSync(MIGRATIONS)
    .sort()
    .filter((name) => name < "009");
  for (const name of before) db.exec(readFileSync(new URL(name, MIGRATIONS), "utf8"));
  db.pragma(`user_version = ${before.length}`);
  db.prepare("ATTACH ? AS newer").run(from);
  const tables = db
    .prepare<[], string>(
      "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .pluck()
    .all();
  for (const table of tables) {
    const columns = db.prepare<[string], string>("SELECT name FROM pragma_table_info(?)").pluck().all(table);
    const told = columns.map((column) => (column === "closed_day" ? "closed_hour / 24" : column));
    db.exec(`DELETE FROM main.${table}`);
    db.exec(`INSERT INTO main.${table} (${columns}) SELECT ${told} FROM newer.${table}`);
  }
  db.close();
}
