// The shape of a workflow in a real Chromium: trees and graphs as any program may send them.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { accessFaults } from "./support/axe.ts";
import { openPage, startBrowser } from "./support/browser.ts";
import { sendByHand } from "./support/by-hand.ts";
import { type RunningCollector, startCollector } from "./support/processes.ts";
import { IMPORT, largeGraph, longTree, SYNC_BOOK } from "./support/shapes.ts";

let collector: RunningCollector;
let browser: Browser;
let page: Page;
let troubles: string[] = [];

beforeAll(async () => {
  [collector, browser] = await Promise.all([startCollector(), startBrowser()]);
});
afterEach(async () => {
  await page.context().close();
  expect(troubles).toEqual([]);
});
afterAll(async () => {
  await browser.close();
  await collector.stop();
});

const tenant = "acme-corp";

async function open(id: string, query: string, width?: number): Promise<void> {
  const url = `${collector.url}/tenants/${tenant}/flows/${id}${query}`;
  ({ page, troubles } = await openPage(browser, url, width));
}

function search(name: string): string | null {
  return new URL(page.url()).searchParams.get(name);
}

const row = (text: string) => page.getByRole("treeitem").filter({ hasText: text });
const graph = () => page.getByRole("group", { name: /^Graph of/ });
const node = (id: string) => graph().getByRole("button", { name: new RegExp(`\\b${id}\\b`) });
const panel = () => page.getByRole("complementary", { name: "Node" });

describe("a tree", () => {
  const flow = { tenant, name: "sync_book", definition: SYNC_BOOK, ago: 60_000 };

  test("shows where the flow stands, goes on as it does, and leads from a node to its steps", async () => {
    const push = { name: "push", node: "0.4" };
    const third = { ...push, id: "push-3", ago: 10_000, attempt: 3 };
    await sendByHand(collector.url, {
      ...flow,
      id: "tree-1",
      steps: [
        { name: "dirty", node: "0.0", ago: 60_000, took: 20_000 },
        { ...push, ago: 30_000, took: 3000, failed: "503" },
        { ...push, ago: 20_000, took: 3000, attempt: 2, failed: "503" },
        third,
      ],
    });
    await open("tree-1", "");
    await page.getByRole("button", { name: "Tree", exact: true }).click();
    const pushRow = row("push");
    await pushRow.filter({ hasText: "1 open" }).filter({ hasText: "2 retries" }).waitFor();
    expect(await pushRow.getAttribute("aria-current")).toBe("step");
    expect(await row("dirty").getAttribute("aria-current")).toBeNull();
    expect(await page.getByRole("treeitem").count()).toBe(8);
    expect(search("view")).toBe("tree");

    await pushRow.click();
    await panel().getByText("4 attempts, exponential").waitFor();
    expect(await panel().getByRole("listitem").count()).toBe(3);
    expect(search("node")).toBe("0.4");

    await sendByHand(collector.url, {
      ...flow,
      id: "tree-1",
      steps: [{ ...third, took: 500 }],
      status: "succeeded",
    });
    await pushRow.filter({ hasText: "1 done" }).getByLabel("Succeeded").waitFor();
    expect(await pushRow.getAttribute("aria-current")).toBeNull();

    await panel()
      .getByRole("button", { name: /attempt 3/ })
      .click();
    const step = page.getByRole("complementary", { name: "Step" });
    await step.getByText("3 of 3").waitFor();
    await page.getByRole("button", { name: "Timeline" }).click();
    await page.getByRole("treeitem", { selected: true }).filter({ hasText: "3/3" }).waitFor();
    await page.goBack();
    await row("setState").waitFor();
    expect(await accessFaults(page)).toEqual([]);
  });

  test("is walked with the keys, in a link that was kept, and its names are text", async () => {
    await sendByHand(collector.url, {
      ...flow,
      id: "tree-2",
      steps: [{ name: "x", node: "0.3.1", ago: 9, took: 1 }],
    });
    await open("tree-2", "?view=tree&node=0.3.1");
    await panel()
      .getByRole("heading", { name: /<img src=x/ })
      .waitFor();
    await page.getByRole("tree").focus();
    await page.keyboard.press("ArrowLeft");
    await panel().getByRole("heading", { name: "check" }).waitFor();
    await page.keyboard.press("ArrowUp");
    await panel().getByText("setState").first().waitFor();
    await page.keyboard.press("Escape");
    await panel().waitFor({ state: "detached" });
    expect(await page.title()).not.toBe("owned");
    expect(await page.locator("img[src=x]").count()).toBe(0);
  });

  test("folds by keys and by a click; a long one lies folded, save where the flow stands", async () => {
    await sendByHand(collector.url, {
      ...flow,
      id: "tree-3",
      definition: longTree(60),
      steps: [{ name: "leaf", node: "0.8.1", ago: 9 }],
    });
    await open("tree-3", "?view=tree");
    await row("leaf 8.1").waitFor();
    await row("part 3").getByText("+4").waitFor();
    expect(await row("leaf 3.0").count()).toBe(0);

    await row("part 3").click();
    await page.getByRole("tree").focus();
    await page.keyboard.press("ArrowRight");
    await row("leaf 3.0").waitFor();
    await page.keyboard.press("ArrowRight");
    await panel().getByRole("heading", { name: "leaf 3.0" }).waitFor();
    await page.keyboard.press("ArrowLeft");
    await panel().getByRole("heading", { name: "part 3" }).waitFor();
    await page.keyboard.press("ArrowLeft");
    await row("leaf 3.0").waitFor({ state: "detached" });
    expect(await page.getByRole("treeitem", { selected: true }).getAttribute("aria-expanded")).toBe("false");

    await row("part 8").getByRole("button", { name: "Fold", includeHidden: true }).click();
    await row("leaf 8.1").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Unfold all" }).click();
    await row("leaf 1.3").waitFor();
    expect(await accessFaults(page)).toEqual([]);
  });
});

describe("a graph", () => {
  const flow = { tenant, name: "import_rows", definition: IMPORT, ago: 60_000 };
  const enrich = { name: "enrich.row", node: "enrich", edge: "validate.valid>enrich.row" };
  const steps = [
    { name: "reader.input", node: "reader", ago: 50_000, took: 4000 },
    ...[1, 2, 3].map((n) => ({
      ...enrich,
      ago: 30_000 + n,
      took: 100,
      ...(n === 2 ? { failed: "no region" } : {}),
    })),
  ];

  test("is drawn with counts, goes on live, and leads from node to node", async () => {
    await sendByHand(collector.url, { ...flow, id: "graph-1", steps });
    await open("graph-1", "?view=graph");
    await page.getByRole("button", { name: "Failed enrich optional 2 done 1 failed" }).waitFor();
    await page.getByRole("button", { name: "write not reached" }).waitFor();
    await page
      .locator("svg title", { hasText: "validate.valid → enrich.row: 3 deliveries" })
      .waitFor({ state: "attached" });
    const [reader, write] = [await node("reader").boundingBox(), await node("write").boundingBox()];
    expect(reader?.x).toBeLessThan(write?.x ?? 0);

    await sendByHand(collector.url, { ...flow, id: "graph-1", steps: [{ ...enrich, ago: 5 }] });
    await page.getByRole("button", { name: "Running enrich optional 1 open 2 done 1 failed" }).waitFor();

    await node("enrich").click();
    await panel().getByText("validate").waitFor();
    expect(await panel().getByRole("listitem").count()).toBe(6);
    await panel().getByRole("button", { name: "aggregate" }).click();
    await panel().getByRole("heading", { name: "aggregate" }).waitFor();
    expect(search("node")).toBe("aggregate");
    expect(await accessFaults(page)).toEqual([]);
  });

  test("on a narrow screen nothing lies on its routines, wherever it is moved", async () => {
    await sendByHand(collector.url, { ...flow, id: "graph-narrow", steps });
    await open("graph-narrow", "?view=graph", 390);
    await node("reader").waitFor();
    const [tools, frame] = [
      await page.getByRole("toolbar", { name: "Zoom" }).boundingBox(),
      await graph().boundingBox(),
    ];
    expect((tools?.y ?? 0) + (tools?.height ?? 0)).toBeLessThanOrEqual(frame?.y ?? 0);
    expect(tools?.width).toBeGreaterThan(60);
  });

  test("is moved and zoomed by pointer, wheel, buttons and keys; a node that gets the focus comes into sight", async () => {
    await sendByHand(collector.url, { ...flow, id: "graph-2", steps });
    await open("graph-2", "?view=graph");
    const place = async () => (await node("reader").boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    await node("reader").waitFor();
    const first = await place();
    const box = (await graph().boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    const [x, y] = [box.x + box.width / 2, box.y + 12];

    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 80, y + 30, { steps: 4 });
    await page.mouse.up();
    const moved = async () => {
      const now = await place();
      return [now.x - first.x, now.y - first.y];
    };
    await expect.poll(moved).toEqual([expect.closeTo(80), expect.closeTo(30)]);

    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -200);
    await page.keyboard.up("Control");
    await expect.poll(async () => (await place()).width).toBeGreaterThan(first.width * 1.5);
    await page.getByRole("button", { name: "Show all of it" }).click();
    await expect.poll(place).toEqual(first);

    await graph().focus();
    await page.keyboard.press("-");
    await expect.poll(async () => (await place()).width).toBeLessThan(first.width);
    for (let n = 0; n < 6; n++) await page.keyboard.press("+");
    for (let n = 0; n < 12; n++) await page.keyboard.press("ArrowRight");
    await expect.poll(async () => (await place()).x).toBeLessThan(box.x - 100);
    await page.keyboard.press("Tab");
    await expect.poll(async () => (await place()).x).toBeGreaterThanOrEqual(box.x);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain("reader");
  });

  test("is a table as well", async () => {
    await sendByHand(collector.url, { ...flow, id: "graph-3", steps });
    await open("graph-3", "?view=graph");
    await page.getByRole("button", { name: "Routines" }).click();
    const cells = page
      .getByRole("row")
      .filter({ has: page.getByRole("button", { name: "enrich", exact: true }) });
    await cells
      .filter({ hasText: "2 done" })
      .filter({ hasText: "1 failed" })
      .filter({ hasText: "validate 3×" })
      .waitFor();
    await page.getByRole("button", { name: "enrich", exact: true }).click();
    await panel().getByText("its failure does not fail the flow").waitFor();
    expect(await accessFaults(page)).toEqual([]);
  });

  test("of nearly five hundred routines opens where the flow stands, and can be seen whole", async () => {
    const ago = 5000;
    const work = Array.from({ length: 300 }, (_, n) => ({ name: `r${n}.in`, node: `r${n}`, ago, took: 5 }));
    const definition = largeGraph(480);
    await sendByHand(collector.url, {
      tenant,
      name: "large",
      id: "large",
      definition,
      ago,
      steps: [...work, { name: "r300.in", node: "r300", ago }],
    });
    await open("large", "?view=graph");
    await node("r300").waitFor();
    const frame = await page.getByRole("group", { name: /480 routines/ }).boundingBox();
    const here = () => node("r300").boundingBox();
    await expect.poll(async () => (await here())?.x).toBeGreaterThan(frame?.x ?? 0);
    expect((await here())?.width).toBeGreaterThan(80);
    expect(await graph().getByRole("button").count()).toBe(480);
    await page.getByRole("button", { name: "Show all of it" }).click();
    await expect.poll(async () => ((await here())?.width ?? 99) < 80).toBe(true);
  });
});

test("a flow that is on hold says since when and why, on its page, its graph and in the list, until it goes on", async () => {
  const flow = { tenant: "initech", name: "import_rows", id: "held", definition: IMPORT, ago: 60_000 };
  const enrich = { name: "enrich.row", node: "enrich", id: "enrich-1", ago: 50_000 };
  const reason = "waits for the audit";
  await sendByHand(collector.url, { ...flow, steps: [enrich], status: "paused", reason });
  ({ page, troubles } = await openPage(browser, `${collector.url}/tenants/initech/flows/held?view=graph`));
  const standing = page.getByRole("region", { name: "Where it stands" });
  await standing.getByText("Paused at").waitFor();
  await standing.getByText(reason).waitFor();
  await page.getByRole("button", { name: "Paused enrich optional 1 open" }).waitFor();
  await expect.poll(() => page.title()).toMatch(/^Paused · /);

  await sendByHand(collector.url, { ...flow, steps: [{ ...enrich, took: 100 }] });
  await standing.getByText("Paused, between steps").waitFor();
  await page.goto(`${collector.url}/tenants/initech`);
  await page.getByText(reason).waitFor();

  await sendByHand(collector.url, { ...flow, steps: [{ ...enrich, id: "enrich-2", ago: -1000 }] });
  await page.getByText(reason).waitFor({ state: "hidden" });
});

test("a shape that did not come is said to be missing, and the timeline is there", async () => {
  const steps = [{ name: "r", node: "r", ago: 9, took: 1 }];
  await sendByHand(collector.url, {
    tenant,
    name: "huge",
    id: "huge",
    definition: "x".repeat(70_000),
    ago: 10,
    steps,
  });
  await open("huge", "?view=graph");
  await page.getByText("The shape of its workflow has not arrived").waitFor();
  await page.getByRole("treeitem").waitFor();
  expect(await page.getByRole("button", { name: "Graph" }).count()).toBe(0);
});

test("on a narrow screen nothing runs out of it, and a node has the screen's foot", async () => {
  for (const [id, query, content] of [
    ["tree-1", "?view=tree", () => row("setState")],
    ["graph-1", "?view=graph", () => node("write")],
    ["graph-1", "?view=routines", () => page.getByRole("button", { name: "enrich", exact: true })],
  ] as const) {
    if (id !== "tree-1") await page.context().close();
    await open(id, query, 360);
    await content().waitFor();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow, query).toBeLessThanOrEqual(0);
  }
  await page.getByRole("button", { name: "enrich", exact: true }).click();
  await page.getByRole("dialog", { name: "Node" }).getByText("Optional").waitFor();
});

test("a link without details shows the shape without them", async () => {
  const shared = await fetch(`${collector.url}/api/v1/shares`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ tenant, flowId: "tree-1", expiresIn: "1d", redact: true }),
  });
  const { path } = (await shared.json()) as { path: string };
  ({ page, troubles } = await openPage(browser, `${collector.url}${path}?view=tree`));
  await row("push").filter({ hasText: "1 done" }).waitFor();
  expect(await page.getByText("4 attempts, exponential").count()).toBe(0);
});
