// A flow's page and the statistics in a real Chromium: what a person does who wants to know why, and since when.
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "./support/api.ts";
import { accessFaults } from "./support/axe.ts";
import { openPage, startBrowser } from "./support/browser.ts";
import { type HandStep, sendByHand } from "./support/by-hand.ts";
import { type RunningCollector, startCollector } from "./support/processes.ts";
import { startSlowStages } from "./support/slow-stages.ts";

let collector: RunningCollector;
let browser: Browser;
let page: Page;
let troubles: string[] = [];

const tenant = "acme-corp";
const parts = 20;
const rows = 100;

beforeAll(async () => {
  [collector, browser] = await Promise.all([startCollector(), startBrowser()]);
  // All within a minute, so that they are of one day unless that begins just then.
  const large: HandStep[] = [];
  for (let part = 0; part < parts; part++) {
    for (let row = 0; row < rows; row++) {
      const name = `row ${part}-${row}`;
      const failed = part === 3 && row === 7 ? { failed: "row 7: expected 14 columns" } : {};
      large.push({ name, ago: 50_000 - part * 1_000 - row * 10, took: 5, ...failed });
    }
  }
  const short = (ago: number, validate: number): HandStep[] => [
    { name: "read", ago, took: 100 },
    { name: "validate", ago: ago - 100, took: validate },
  ];
  const flow = { tenant, name: "data_import" };
  await sendByHand(collector.url, {
    tenant,
    name: "bulk",
    id: "large",
    ago: 60_000,
    status: "failed",
    steps: large,
  });
  for (let run = 1; run <= 6; run++) {
    const ago = 40_000 - run * 2_000;
    await sendByHand(collector.url, {
      ...flow,
      id: `run-${run}`,
      ago,
      status: "succeeded",
      steps: short(ago, run * 200),
    });
  }
  const failed = { name: "validate", ago: 20_000, took: 900, failed: "bad row 7" };
  await sendByHand(collector.url, {
    ...flow,
    id: "run-7",
    ago: 20_000,
    status: "failed",
    steps: [failed],
  });
  await sendByHand(collector.url, { ...flow, id: "open", ago: 1_000, steps: [{ name: "read", ago: 900 }] });
});
afterEach(async () => {
  await page.context().close();
  expect(troubles).toEqual([]);
});
afterAll(async () => {
  await browser.close();
  await collector.stop();
});

async function open(path: string, width?: number): Promise<void> {
  ({ page, troubles } = await openPage(browser, `${collector.url}/tenants/${tenant}${path}`, width));
}

const items = () => page.getByRole("treeitem");
const param = (name: string) => new URL(page.url()).searchParams.get(name);
const axis = () => page.locator("[title='Draw over it to come closer']");

async function axisBox() {
  const box = await axis().boundingBox();
  if (box === null) throw new Error("expected an axis on the page, got none");
  return box;
}

/** The second tick that is drawn: another one where another stretch is seen. */
const aTick = async () => (await axis().locator("span").allInnerTexts())[1];

/** Resolves to what waits until the page's stream has told something of that kind from now on. */
async function nextTold(kind: string): Promise<() => Promise<void>> {
  const session = await page.context().newCDPSession(page);
  const told = Promise.withResolvers<void>();
  session.on("Network.eventSourceMessageReceived", ({ eventName }) => eventName === kind && told.resolve());
  await session.send("Network.enable");
  return () => told.promise;
}

describe("a flow of two thousand steps", () => {
  test("draws what is seen, and finds steps by text and by failure, by keys alone", async () => {
    await open("/flows/large");
    await items().first().waitFor();
    expect(await items().count()).toBeLessThan(100);
    await page.keyboard.press("/");
    await page.keyboard.type("row 7-42");
    await page.getByText("1 of 2,000 steps").waitFor();
    await page.keyboard.press("Enter");
    await until("the step is open", async () => param("selected") !== null);
    await page.getByRole("complementary", { name: "Step" }).getByText("row 7-42").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.getByText("2,000 steps", { exact: true }).waitFor();

    await page.getByRole("button", { name: "Failed only (1)" }).click();
    await page.getByText("1 of 2,000 steps").waitFor();
    expect(param("failed")).toBe("1");
    await page.reload();
    await items().filter({ hasText: "row 3-7" }).waitFor();
    expect(await items().count()).toBe(1);
  });

  test("is asked for before the page's own code is here, and once", async () => {
    const asked: string[] = [];
    const path = `/api/v1/tenants/${tenant}/flows/large/stages`;
    const isAsked = Promise.withResolvers<void>();
    await open("/flows/run-1");
    page.on("request", (request) => {
      if (new URL(request.url()).pathname !== path) return;
      asked.push(request.url());
      isAsked.resolve();
    });
    await page.route("**/assets/*.js", async (route) => {
      await isAsked.promise;
      await route.continue();
    });
    await page.goto(`${collector.url}/tenants/${tenant}/flows/large`);
    await items().first().waitFor();
    expect(asked).toHaveLength(1);
    await page.getByRole("link", { name: "Customers", exact: true }).first().click();
    await page.goBack();
    await items().first().waitFor();
  });

  test("shows its outline while the rest is on the way, and goes on from there", async () => {
    const slow = await startSlowStages(collector.url);
    const flow = { tenant: "globex", name: "bulk", id: "long", ago: 60_000 };
    const steps = Array.from({ length: 700 }, (_, row) => ({
      name: `row ${row}`,
      ago: 50_000 - row,
      took: 1,
    }));
    await sendByHand(collector.url, { ...flow, steps });
    try {
      await open("/flows/run-1");
      await page.route("**/stages", (route) => route.continue({ url: slow.through(route.request().url()) }));
      await page.goto(`${collector.url}/tenants/globex/flows/long`);
      await page.getByText("199 more steps on the way.").waitFor();
      await page.getByRole("heading", { name: "700 steps" }).waitFor();
      await items().filter({ hasText: "row 7" }).first().click();
      await page.getByRole("complementary", { name: "Step" }).waitFor();

      // What is told meanwhile is not in the rest, which is of the same moment as the outline.
      await page.getByText("Live", { exact: true }).waitFor();
      const told = await nextTold("flow");
      await sendByHand(collector.url, { ...flow, status: "succeeded" });
      await told();
      slow.release();
      await page.getByText("199 more steps on the way.").waitFor({ state: "detached" });
      await page.locator("h1 + span").getByText("Succeeded").waitFor();
      expect(await page.getByRole("treeitem", { selected: true }).textContent()).toContain("row 7");
      await page.getByRole("tree").press("End");
      await items().filter({ hasText: "row 699" }).waitFor();
    } finally {
      await slow.close();
    }
  });

  test("is not asked for anew when its stream opens and nothing has happened meanwhile", async () => {
    const other = "globex";
    const steps = Array.from({ length: 3_100 }, (_, row) => ({
      name: `row ${row}`,
      ago: 9_000 - row,
      took: 1,
    }));
    await sendByHand(collector.url, {
      tenant: other,
      name: "bulk",
      id: "larger",
      ago: 9_900,
      status: "succeeded",
      steps,
    });
    const asked: string[] = [];
    const path = `/api/v1/tenants/${other}/flows/larger`;
    const isWhole = (url: string) => [path, `${path}/stages`].includes(new URL(url).pathname);
    await open("/flows/run-1");
    page.on("request", (request) => {
      if (isWhole(request.url())) asked.push(request.url());
    });
    await page.route("**/api/v1/stream*", async (route) => {
      await items().first().waitFor();
      await route.continue();
    });
    // What asks for a few kilobytes instead.
    const isAsked = page.waitForResponse((response) => /flows\?.*name=bulk.*from=.*to=/.test(response.url()));
    await page.goto(`${collector.url}/tenants/${other}/flows/larger`);
    await isAsked;
    await page.getByText("Live", { exact: true }).waitFor();
    expect(asked).toHaveLength(1);
  });

  test("comes closer by buttons, keys, the wheel and a drag, and shows all again", async () => {
    await open("/flows/large");
    await items().first().waitFor();
    const whole = await aTick();
    const all = page.getByRole("button", { name: "All", exact: true });
    expect(await all.isDisabled()).toBe(true);
    const changes = async (what: string) => until(what, async () => (await aTick()) !== whole);

    await page.getByRole("button", { name: "Zoom in" }).click();
    await changes("the button");
    await all.click();
    await until("all is seen", async () => (await aTick()) === whole);

    await page.getByRole("tree").press("+");
    await changes("the key");
    await page.getByRole("tree").press("0");
    await until("all is seen", async () => (await aTick()) === whole);

    let { x, y, width } = await axisBox();
    await page.mouse.move(x + width * 0.6, y + 10);
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -400);
    await page.keyboard.up("Control");
    await changes("the wheel");
    await all.click();
    await until("all is seen", async () => (await aTick()) === whole);
    ({ x, y, width } = await axisBox());

    await page.mouse.move(x + width * 0.5, y + 10);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.8, y + 12, { steps: 4 });
    await page.mouse.up();
    await changes("the drag");
    const drawn = await aTick();
    // On the rows a drag moves what is seen, and opens no step.
    await page.mouse.move(x + width * 0.3, y + 120);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.7, y + 122, { steps: 4 });
    await page.mouse.up();
    await until("it has moved", async () => (await aTick()) !== drawn);
    expect(param("selected")).toBeNull();
  });
});

describe("what stands around a flow", () => {
  test("its trace is linked where someone has said how, and what is expected of an open one is told", async () => {
    const change = { traceLink: "https://jaeger.example.com/trace/{traceId}" };
    await fetch(`${collector.url}/api/v1/settings`, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(change),
    });
    await open("/flows/open");
    const link = page.getByRole("link", { name: /in the tracing system/ });
    await link.waitFor();
    expect(await link.getAttribute("href")).toMatch(/^https:\/\/jaeger\.example\.com\/trace\/[0-9a-f]{32}$/);
    await page.getByRole("progressbar").waitFor();
    await page
      .getByText(/left|over its usual time/)
      .first()
      .waitFor();
    expect(await accessFaults(page)).toEqual([]);
  });

  test("its other runs are there, and one of them beside it says what differed", async () => {
    await open("/flows/run-7");
    const runs = page.getByRole("navigation", { name: "Other runs of it" });
    await runs.getByText("Compare with the run before").click();
    const compared = page.getByRole("region", { name: "Compared with another run" });
    await compared.getByRole("row", { name: /Status failed succeeded/ }).waitFor();
    await compared.getByRole("row", { name: /read not in it 100 ms$/ }).waitFor();
    expect(param("compare")).toBe("run-6");
    expect(await accessFaults(page)).toEqual([]);
    await compared.getByRole("button", { name: "Close the comparison" }).click();
    await compared.waitFor({ state: "detached" });
    await runs.getByRole("link", { name: /^Running/ }).click();
    await page.waitForURL(/flows\/open/);
  });
});

describe("statistics", () => {
  test("say how a customer's flows went, and lead to the flows behind each figure", async () => {
    await open("/stats");
    await page.getByRole("heading", { name: "Statistics" }).waitFor();
    await page.getByRole("group", { name: "Flows" }).getByRole("link", { name: "data_import" }).waitFor();
    await page.getByText("bad row #").waitFor();
    expect(await accessFaults(page)).toEqual([]);
    for (const chart of ["runs", "durations", "days"]) {
      await page.getByRole("button", { name: `Show ${chart} as a table` }).click();
    }
    await page
      .getByRole("group", { name: "Runs by day" })
      .getByRole("row", { name: /9 [67] 2 0 1$/ })
      .waitFor();
    await page.getByRole("group", { name: "Durations by day" }).getByRole("row").nth(1).waitFor();
    await page
      .getByRole("group", { name: "Runs by weekday" })
      .getByRole("link", { name: "9 (2 failed)" })
      .waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "Show runs as a chart" }).click();
    await page.getByRole("combobox", { name: "Flows" }).selectOption("data_import");
    await until("the name is in the address", async () => param("name") === "data_import");
    await page
      .getByRole("list", { name: "Runs by day" })
      .getByRole("link", { name: /8 runs, 1 failed/ })
      .click();
    await page.waitForURL(/tenants\/acme-corp\?.*from=/);
    await page.getByText("run-7").first().waitFor();
  });

  test("a part that could not be had says so, and a time without flows leads on", async () => {
    await open("/flows/run-1");
    await page.getByRole("treeitem").first().waitFor();
    await page.route("**/api/v1/stats/errors*", (route) => route.abort());
    await page.getByRole("link", { name: "Statistics" }).click();
    const errors = page.getByRole("region", { name: "Errors" });
    await errors.getByText("The collector cannot be reached.").waitFor();
    await page.unroute("**/api/v1/stats/errors*");
    await errors.getByRole("button", { name: "Try again" }).click();
    await errors.getByText("bad row #").waitFor();
    troubles.splice(0, Number.POSITIVE_INFINITY, ...troubles.filter((each) => !each.includes("ERR_FAILED")));

    await page.goto(`${collector.url}/tenants/${tenant}/stats?name=nothing&range=1d`);
    await page.getByText("No nothing began within this time").waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.getByRole("link", { name: "Look at all flows" }).click();
    await page.getByRole("list", { name: "Runs by hour" }).waitFor();
  });

  test("nothing runs out of a narrow screen", async () => {
    // What is there once the page has been filled.
    const filled: [path: string, content: () => Locator][] = [
      ["/stats", () => page.getByText("bad row #")],
      ["/flows/run-7?compare=run-6", () => page.getByRole("row", { name: /Status failed succeeded/ })],
      ["/flows/large", () => items().first()],
    ];
    for (const [path, content] of filled) {
      await open(path, 390);
      await content().waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, path).toBeLessThanOrEqual(0);
      if (path !== "/flows/large") await page.context().close();
    }
  });
});
