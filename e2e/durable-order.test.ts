// The example of durable orders: its workers are killed at random, and each order is done once or undone.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FlowDetail } from "@weir/collector/schemas";
import Database from "better-sqlite3";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ordersUpTo, type PlacedOrder } from "../examples/durable-order/src/orders.ts";
import { flowOf, flowsOf, until } from "./support/api.ts";
import { openPage, startBrowser } from "./support/browser.ts";
import { type RunningCollector, startCollector, startNode } from "./support/processes.ts";

const ORDERS = 36;
const KILLS = 6;

let folder: string;
let collector: RunningCollector;
let browser: Browser;
let flows: { placed: PlacedOrder; flow: FlowDetail }[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "weir-orders-"));
  [collector, browser] = await Promise.all([startCollector(), startBrowser()]);
  const env = { WEIR_ENDPOINT: collector.url, ORDERS_FOLDER: folder, WEIR_HEARTBEAT_INTERVAL: "1000" };
  const chaos = startNode("examples/durable-order/src/chaos.ts", [`${ORDERS}`, `${KILLS}`], env);
  expect(await chaos.exited, chaos.output()).toBe(0);
  expect(chaos.output()).toContain(`${KILLS} workers were killed`);
  flows = await Promise.all(
    ordersUpTo(ORDERS).map(async (placed) => ({ placed, flow: await endedFlow(placed) })),
  );
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await collector?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What was said last may have been on its way when the chaos ended. */
function endedFlow({ id, order }: PlacedOrder): Promise<FlowDetail> {
  return until(`the end of ${id}`, async () => {
    const flow = await flowOf(collector.url, order.customer, id);
    return flow.status !== "running" && flow;
  });
}

interface Done {
  order_id: string;
  cents: number;
  refunded: number;
}

test("by the bank's books: charged once where it was done, charged once and refunded once where it was undone", () => {
  const db = new Database(join(folder, "world.db"), { readonly: true });
  const charges = db
    .prepare<[], Done>("SELECT order_id, cents, refunded FROM charges ORDER BY order_id")
    .all();
  db.close();
  const expected = ordersUpTo(ORDERS)
    .filter(({ failsAt }) => failsAt !== "validate" && failsAt !== "charge")
    .map(({ id, failsAt, order }) => ({
      order_id: id,
      cents: order.cents,
      refunded: failsAt === undefined ? 0 : 1,
    }));
  expect(charges).toEqual(expected.toSorted((a, b) => (a.order_id < b.order_id ? -1 : 1)));
});

test("by the collector: each order is one flow with all its steps, and where it failed, whatever was killed", async () => {
  expect(await flowsOf(collector.url, "?limit=500")).toHaveLength(ORDERS);
  for (const { placed, flow } of flows) {
    const { failsAt } = placed;
    expect(flow.status, placed.id).toBe(failsAt === undefined ? "succeeded" : "failed");
    expect(flow.failedStep, placed.id).toBe(failsAt ?? null);
    expect(flow.incomplete, placed.id).toEqual([]);
    const done = flow.steps.filter(({ status }) => status === "succeeded").map(({ name }) => name);
    const steps = ["validate", "charge", "reserve", "ship", "notify"];
    const until = failsAt === undefined ? steps.length : steps.indexOf(failsAt);
    expect(
      done.filter((name) => !name.startsWith("rollback")),
      placed.id,
    ).toEqual(steps.slice(0, until));
  }
});

test("on the page: an order whose worker was killed shows the gap", async () => {
  const taken = flows.find(({ flow }) => flow.events.some(({ name }) => name === "taken over"));
  if (taken === undefined) throw new Error("expected an order that was taken over, got none");
  const { tenant, id, steps } = taken.flow;
  const { page, troubles } = await openPage(browser, `${collector.url}/tenants/${tenant}/flows/${id}`);
  await page.getByText(/^Taken over/).waitFor();
  await expect.poll(() => page.getByRole("treeitem").count()).toBe(steps.length);
  expect(troubles).toEqual([]);
  await page.context().close();
});
