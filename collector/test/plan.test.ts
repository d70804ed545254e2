/** By which of its parts a filter is answered. What is found is the store contract's to say. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Observation } from "../src/observation.ts";
import { openDatabase } from "../src/sqlite/file/open.ts";
import { openSqliteStore } from "../src/sqlite/index.ts";
import { OPEN } from "../src/sqlite/queries/filter.ts";
import { planner } from "../src/sqlite/queries/plan.ts";
import { numbersOf } from "../src/sqlite/rows/flow-rows.ts";
import type { FlowFilter } from "../src/store.ts";
import { flowOf } from "./saying.ts";

const HOUR = 3_600_000_000;
const DAYS = 30;
const NOW = 1_790_000_000_000_000;

const folder = mkdtempSync(join(tmpdir(), "weir-plan-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Plans for the store in a file, and by which indices they go. */
function plansOf(path: string) {
  const db = openDatabase(path, { busyTimeoutMs: 1_000, durability: "normal" });
  const plan = planner(db, numbersOf(db));
  const ways = (...asked: Parameters<typeof plan>) => [
    ...new Set(plan(...asked)?.lead?.sources?.map(({ index }) => index)),
  ];
  return { plan, ways, close: () => db.close() };
}

test("the open flows of a large customer are found among the open ones, which all began lately", async () => {
  const path = join(folder, "open.db");
  const store = openSqliteStore({ path, now: () => NOW });
  const said: Observation[] = [];
  for (let n = 0; n < 8_000; n++) {
    const { opened, ended } = flowOf({ tenant: "large", id: `${n}` });
    const at = NOW - Math.round((n * DAYS * 24 * HOUR) / 8_000) - HOUR;
    said.push(opened(at), ended(at + 1_000_000));
  }
  for (let n = 0; n < 1_500; n++) {
    said.push(flowOf({ tenant: `other-${n % 50}`, id: `${n}` }).opened(NOW - n * 1_000_000));
  }
  await store.append(said);
  await store.close();

  const { plan, ways, close } = plansOf(path);
  expect(ways({ tenant: ["large"] }, { openOnly: true })).toEqual(OPEN.sources?.map(({ index }) => index));
  expect(plan({ tenant: ["other-7"] }, { openOnly: true })?.lead?.tenants).toHaveLength(1);
  close();
});

test("what failed is found among what failed and was cancelled, by customer or by name; with what has not it is not", async () => {
  const path = join(folder, "failed.db");
  const store = openSqliteStore({ path, now: () => NOW });
  const said: Observation[] = [];
  for (let n = 0; n < 3_000; n++) {
    const { opened, ended } = flowOf({ tenant: `t${n % 3}`, id: `${n}` });
    const name = n % 2 === 0 ? "report" : "import";
    const at = NOW - n * 1_000_000;
    const status = n % 5 === 0 ? "failed" : n % 7 === 0 ? "cancelled" : "succeeded";
    said.push(opened(at, { name }), ended(at + 10, { name, status }));
  }
  await store.append(said);
  const failed = await store.flows({
    tenant: ["t0"],
    name: ["report"],
    status: ["failed"],
    limit: 500,
    order: "newest",
  });
  expect(failed.items).toHaveLength(100);
  await store.close();

  const { ways, close } = plansOf(path);
  expect(ways({ tenant: ["t0"], status: ["failed"] })).toEqual(["flows f INDEXED BY flows_failed_by_tenant"]);
  expect(ways({ name: ["report"], status: ["cancelled", "failed"] })).toEqual([
    "flows f INDEXED BY flows_failed_by_shape",
  ]);
  expect(ways({ tenant: ["t0"], name: ["report"], status: ["failed"] })).toEqual([
    "flows f INDEXED BY flows_failed_by_tenant",
  ]);
  expect(ways({ tenant: ["t0"], status: ["failed", "succeeded"] })).toEqual([
    "flows f INDEXED BY flows_by_tenant",
  ]);
  close();
});

test("a label that only one name has is expected in far more of that name's flows than of all", async () => {
  const path = join(folder, "label.db");
  const store = openSqliteStore({ path, now: () => NOW });
  const said: Observation[] = [];
  for (let n = 0; n < 4_000; n++) {
    const { opened, step, ended } = flowOf({ tenant: `t${n % 7}`, id: `${n}` });
    const name = n % 40 === 0 ? "report" : "import";
    const at = NOW - n * 1_000_000;
    const labels = n % 80 === 0 ? { period: "daily" } : {};
    said.push(
      opened(at, { name, labels }),
      ...step(name, at, at + 5, { flowName: name }),
      ended(at + 10, { name }),
    );
  }
  await store.append(said);
  await store.close();

  const { plan, close } = plansOf(path);
  const matches = (filter: FlowFilter) => plan(filter)?.matches ?? 0;
  // Of 100 reports half have it.
  expect(matches({ name: ["report"], labels: { period: ["daily"] } })).toBeGreaterThan(25);
  expect(matches({ name: ["report"], labels: { period: ["daily"] } })).toBeLessThan(100);
  expect(plan({ name: ["import"], labels: { period: ["daily"] } })).toBeNull();
  // Of a customer it is looked for among flows of that name.
  const byTenant = plan({ tenant: ["t0"], labels: { period: ["daily"] } });
  expect(byTenant?.lead?.sources?.map(({ index }) => index)).toContain(
    "flows f INDEXED BY flows_by_tenant_shape",
  );
  expect(byTenant?.matches).toBeGreaterThan(3);
  expect(byTenant?.matches).toBeLessThan(30);
  close();
});

test("an error of a customer or a name is found at once; words that never meet are not looked for", async () => {
  const path = join(folder, "error.db");
  const store = openSqliteStore({ path, now: () => NOW });
  const said: Observation[] = [];
  for (let n = 0; n < 3_000; n++) {
    const { opened, step, ended } = flowOf({ tenant: `t${n % 30}`, id: `${n}` });
    const name = n % 2 === 0 ? "report" : "import";
    const at = NOW - n * 1_000_000;
    const labels = { channel: name === "report" ? "web" : "mail" };
    const error = { type: "Error", message: "upstream failed", stack: null };
    said.push(
      opened(at, { name, labels }),
      ...step("load", at, at + 5, { flowName: name }),
      ended(at + 10, Math.floor(n / 30) % 20 === 0 ? { name, status: "failed", error } : { name }),
    );
  }
  await store.append(said);
  const found = async (filter: FlowFilter) =>
    (await store.flows({ ...filter, limit: 500, order: "newest" })).items;
  expect(await found({ tenant: ["t0"], q: "upstr" })).toHaveLength(5);
  expect(await found({ tenant: ["t0"], q: "upstr fail", name: ["report"] })).toHaveLength(5);
  expect(await found({ q: "upstr import" })).toHaveLength(75);
  expect(await found({ q: "report web" })).toHaveLength(500);
  await store.close();

  const { plan, ways, close } = plansOf(path);
  expect(ways({ tenant: ["t0"], q: "upstr" })).toEqual(["error_flows p INDEXED BY error_flows_by_tenant"]);
  expect(ways({ q: "upstr import" })).toEqual(["error_flows p INDEXED BY error_flows_by_shape"]);
  expect(ways({ q: "upstr" })).toEqual(["error_flows p"]);
  expect(plan({ q: "report mail" })).toBeNull();
  // Of 1,500 reports all have it.
  expect(plan({ q: "report web" })?.matches).toBeGreaterThan(750);
  close();
});
