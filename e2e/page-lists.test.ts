// What a person does with the lists of the page, in a real Chromium, by mouse and by keyboard.
import { readFile } from "node:fs/promises";
import { flow, flush, setup, shutdown, step } from "@weir/sdk";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { accessFaults } from "./support/axe.ts";
import { type OpenPage, openAnew, openPage, startBrowser } from "./support/browser.ts";
import { loseOrder } from "./support/lost-order.ts";
import { type RunningCollector, startCollector } from "./support/processes.ts";

let collector: RunningCollector;
let browser: Browser;
let opened: OpenPage;
let page: Page;

beforeAll(async () => {
  [collector, browser] = await Promise.all([startCollector(), startBrowser()]);
  setup({ serviceName: "import-api", endpoint: collector.url });
  for (const region of ["eu", "us", "ap"]) {
    flow.start({ name: "report", tenant: "globex", id: `report-${region}`, labels: { region } }, () => {});
  }
  fail("globex", "import-1");
  fail("initech", "import-2");
  await Promise.all([flush(), loseOrder(collector.url)]);
  opened = await openPage(browser, collector.url);
  page = opened.page;
  page.setDefaultTimeout(10_000);
});

afterEach(() => {
  expect(opened.troubles).toEqual([]);
});

afterAll(async () => {
  await shutdown();
  await browser.close();
  await collector.stop();
});

async function open(path: string): Promise<void> {
  await openAnew(opened, collector.url + path);
}

function fail(tenant: string, id: string): void {
  const run = () =>
    flow.start({ name: "data_import", tenant, id, labels: { env: "production" } }, () => {
      step.start("read", () => {});
      step.start("validate", () => {
        throw new TypeError("row 7: expected 14 columns, got 13");
      });
    });
  expect(run).toThrow(TypeError);
}

describe("the frame", () => {
  test("Ctrl K goes to a customer, a flow by its id, or a page", async () => {
    await open("/");
    await page.getByRole("link", { name: "globex" }).first().waitFor();
    const field = page.getByRole("combobox", { name: /Go to/ });
    await page.keyboard.press("Control+k");
    await field.fill("glob");
    await page.getByRole("option", { name: "globex", selected: true }).waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/tenants\/globex$/);

    await page.keyboard.press("Control+k");
    await field.fill("import-2");
    await page.getByRole("option", { name: /data_import · import-2/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/tenants\/initech\/flows\/import-2$/);

    await page.keyboard.press("Control+k");
    await field.fill("flows");
    await page.getByRole("option", { name: /^Flows/ }).click();
    await page.waitForURL(/\/flows$/);
  });

  test("the keys are shown, lead from page to page, and do nothing while one types", async () => {
    await open("/");
    await page.getByRole("link", { name: "globex" }).first().waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });

    await page.keyboard.press("g");
    await page.keyboard.press("f");
    await row("report-eu").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("g c?");
    await page.waitForURL(/q=g\+c/);
    expect(await page.getByRole("dialog").count()).toBe(0);
  });
});

test("what is typed to search a page that is still on its way is not lost", async () => {
  await open("/");
  await page.getByRole("link", { name: "globex" }).first().waitFor();
  const held = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  await page.route("**/assets/AllFlowsPage*.js", async (route) => {
    asked.resolve();
    await held.promise;
    await route.continue();
  });
  await page.keyboard.press("g");
  await page.keyboard.press("f");
  await asked.promise;
  await page.keyboard.press("/");
  await page.keyboard.type("reporx");
  await page.keyboard.press("Backspace");
  await page.keyboard.type("t g c");
  held.resolve();
  await page.waitForURL(/\/flows\?q=report\+g\+c$/);
  const search = page.getByRole("searchbox");
  expect(await search.inputValue()).toBe("report g c");
  expect(await search.evaluate((field) => field === document.activeElement)).toBe(true);
  await page.keyboard.press("Escape");
  await row("report-eu").waitFor();
});

describe("what needs attention", () => {
  test("customers who need it come first, each with the last days in bars", async () => {
    await open("/");
    const customers = page.getByRole("list", { name: "Customers" }).getByRole("listitem");
    await customers.filter({ hasText: "hooli" }).getByText("charge").waitFor();
    await customers.first().getByRole("link", { name: "hooli", exact: true }).waitFor();
    const days = customers.filter({ hasText: "globex" }).getByRole("button", { name: /^Within 14 days/ });
    expect(await days.getAttribute("aria-label")).toMatch(/: [4-9] flows, 1 failed/);
    await days.press("Enter");
    const byDay = page.getByRole("dialog", { name: "globex: 14 days" });
    await byDay.getByRole("row", { name: /^\w{3} \d+ \w{3} [3-9] 1 0 0$/ }).waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await byDay.waitFor({ state: "detached" });
    await expect.poll(() => page.title()).toBe("1 stuck · Customers · Weir");
    expect(await accessFaults(page)).toEqual([]);

    await page.keyboard.press("/");
    await page.keyboard.type("glob");
    await page.waitForURL(/q=glob/);
    await customers.filter({ hasText: "hooli" }).waitFor({ state: "detached" });
  });

  test("a flow that hangs says where, for how long, by whom and what went wrong before", async () => {
    await open("/");
    await page.getByRole("link", { name: "Stuck 1" }).click();
    const hanging = page.getByRole("list", { name: "Stuck flows" }).getByRole("listitem");
    for (const text of ["Lost", "hooli", "order-7", "charge", "attempt 2", "payments", "card_declined"]) {
      await hanging.getByText(text, { exact: false }).first().waitFor();
    }
    expect(await accessFaults(page)).toEqual([]);
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/tenants\/hooli\/flows\/order-7\?selected=/);

    await page.goto(`${collector.url}/stuck?tenant=globex`);
    await page.getByText("Nothing is stuck").waitFor();
    await page.getByRole("button", { name: "Clear the filters" }).click();
    await hanging.getByText("order-7").waitFor();
  });
});

describe("the summary over a list", () => {
  test("its counts filter, and show still what they leave out", async () => {
    await open("/tenants/globex");
    const all = page.getByRole("region", { name: "All of them" });
    await all.getByRole("button", { name: /^Failed 1/ }).click();
    await page.waitForURL(/status=failed/);
    await all.getByText(/^1 flow$/).waitFor();
    await all.getByRole("button", { name: /^Succeeded [34]/ }).waitFor();
    await all.getByRole("button", { name: /^Failed 1/ }).click();
    await row("report-eu").waitFor();
  });

  test("dragging over the bars chooses a time", async () => {
    await open("/tenants/globex");
    const plot = page.getByRole("img", { name: /began, of which 1 failed/ });
    const box = await plot.boundingBox();
    if (!box) throw new Error("expected the bars to be seen");
    await page.mouse.move(box.x + 1, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 1, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=.*to=/);
    await row("report-eu").waitFor();
    const { searchParams } = new URL(page.url());
    expect(Date.parse(searchParams.get("to") ?? "")).toBeGreaterThan(
      Date.parse(searchParams.get("from") ?? ""),
    );
    await page.goBack();
    await page.waitForURL((url) => url.search === "");
  });

  test("the bars are a table for who would rather read, kept for the next visit; a row of it chooses a time", async () => {
    await open("/tenants/globex");
    await page.getByRole("button", { name: "Show when they began as a table" }).press("Enter");
    const table = page.getByRole("group", { name: "When they began" });
    await table.getByRole("columnheader", { name: "Failed" }).waitFor();
    await page.reload();
    await table.getByRole("columnheader", { name: "Failed" }).waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await table.getByRole("button").last().press("Enter");
    await page.waitForURL(/from=.*to=/);
    await page.getByRole("button", { name: "Show when they began as a chart" }).click();
    await page.getByRole("img", { name: /began, of which/ }).waitFor();
  });
});

describe("filters", () => {
  test("are chosen by keyboard, stand as chips and in the address, and go by a click or by going back", async () => {
    await open("/tenants/globex");
    await row("report-eu").waitFor();
    await pressFilterKey();
    await page.keyboard.type("fail");
    await page.getByRole("option", { name: /Failed/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Escape");
    await row("report-eu").waitFor({ state: "detached" });
    await row("import-1").waitFor();
    expect(page.url()).toContain("status=failed");

    await pressFilterKey();
    await page.keyboard.type("eu");
    await page.getByRole("option", { name: /region = eu/ }).click();
    await page.keyboard.press("Escape");
    await page.getByText("No flow passes these filters").waitFor();
    await page.getByRole("button", { name: "Clear the filter Status" }).click();
    await row("report-eu").waitFor();
    await row("report-us").waitFor({ state: "detached" });
    expect(await accessFaults(page)).toEqual([]);
    await page.goBack();
    await page.goBack();
    await row("import-1").waitFor();
    await page.getByRole("button", { name: "Clear all" }).click();
    await row("report-us").waitFor();
  });

  test("a time in which nothing began is told from filters that nothing passes", async () => {
    await open("/tenants/globex?from=2020-01-01T00:00:00.000Z&to=2020-01-02T00:00:00.000Z");
    await page.getByText("No flow began within this time").waitFor();
    await page.getByRole("button", { name: /1 Jan 2020/ }).waitFor();
    await page.getByRole("button", { name: "Look at any time" }).click();
    await row("report-eu").waitFor();
    await page.goto(`${collector.url}/?q=zzz`);
    await page.getByRole("link", { name: "All customers" }).click();
    await page.getByRole("link", { name: "globex" }).first().waitFor();
  });

  test("a step and a service of any name can be typed", async () => {
    await open("/tenants/globex");
    await row("report-eu").waitFor();
    await pressFilterKey();
    await page.keyboard.type("step");
    await page.keyboard.press("Enter");
    await page.keyboard.type("valid");
    await page.getByRole("option", { name: "validate" }).click();
    await row("report-eu").waitFor({ state: "detached" });
    expect(page.url()).toContain("step=validate");
  });

  test("a list is given a name, and is there again by it after a reload", async () => {
    await open("/flows?status=failed&label.env=production");
    await row("import-1").waitFor();
    await page.getByRole("button", { name: "Views" }).click();
    await page.getByRole("menuitem", { name: /Save this one/ }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("Broken imports");
    await page.keyboard.press("Enter");
    await page.getByText("Saved Broken imports").waitFor();

    await page.goto(`${collector.url}/flows`);
    await row("report-eu").waitFor();
    await page.getByRole("button", { name: "Views" }).click();
    await page.getByRole("menuitem", { name: "Broken imports", exact: true }).click();
    await page.waitForURL(/status=failed&label\.env=production/);
    await row("report-eu").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Views" }).click();
    await page.getByRole("menuitem", { name: "Remove the view Broken imports" }).click();
    await page.getByRole("menuitem", { name: "Broken imports", exact: true }).waitFor({ state: "detached" });
  });
});

describe("rows", () => {
  test("the focus goes by j and k, Enter opens, Escape lets go", async () => {
    await open("/tenants/globex");
    await row("report-eu").waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("k");
    const second = rows().nth(1);
    expect(await second.getByRole("link").evaluate((link) => link === document.activeElement)).toBe(true);
    await page.keyboard.press("Escape");
    expect(await page.evaluate(() => document.activeElement === document.body)).toBe(true);
    await page.keyboard.press("j");
    const href = await page.evaluate(() => document.activeElement?.getAttribute("href"));
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.pathname === href);
  });

  test("id, link and curl are copied, by key and by menu", async () => {
    await open("/tenants/globex?status=failed");
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await row("import-1").waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("c");
    await page.getByText("Copied the id of import-1").waitFor();
    expect(await copied()).toBe("import-1");
    await page.keyboard.press("l");
    await page.getByText("Copied the link of import-1").waitFor();
    expect(await copied()).toBe(`${collector.url}/tenants/globex/flows/import-1`);
    await rows().first().hover();
    await page.getByRole("button", { name: /^Copy from/ }).click();
    await page.getByRole("menuitem", { name: "Copy curl" }).click();
    await page.getByText("Copied the curl command of import-1").waitFor();
    expect(await copied()).toBe(`curl '${collector.url}/api/v1/tenants/globex/flows/import-1'`);
  });

  test("the whole list is taken away as a file", async () => {
    await open("/tenants/globex?status=failed&order=oldest");
    await row("import-1").waitFor();
    await page.getByRole("button", { name: "Export" }).click();
    const download = page.waitForEvent("download");
    await page.getByRole("menuitem", { name: "All as lines of JSON" }).click();
    const lines = (await readFile(await (await download).path(), "utf8")).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).id)).toEqual(["import-1"]);
    await page.getByRole("button", { name: "Export" }).click();
    const csv = page.getByRole("menuitem", { name: "All as CSV" });
    expect(await csv.getAttribute("href")).toBe("/api/v1/flows.csv?tenant=globex&status=failed&order=oldest");
  });

  test("columns are chosen, and kept", async () => {
    await open("/flows");
    await row("report-eu").waitFor();
    await page.getByRole("button", { name: "Columns" }).click();
    await page.getByRole("menuitemcheckbox", { name: "region" }).click();
    await page.getByRole("menuitemcheckbox", { name: "Labels, services" }).click();
    await page.keyboard.press("Escape");
    const cells = row("report-eu").locator("[data-column]");
    const shown = () => cells.evaluateAll((all) => all.map((cell) => cell.getAttribute("data-column")));
    const wanted = ["status", "tenant", "flow", "where", "started", "duration", "label.region"];
    await expect.poll(shown).toEqual(wanted);
    await page.reload();
    await row("report-eu").waitFor();
    await expect.poll(shown).toEqual(wanted);
  });

  test("the order is turned by a heading", async () => {
    await open("/tenants/globex");
    await row("report-eu").waitFor();
    await page.getByRole("button", { name: "Started, newest first" }).click();
    await page.waitForURL(/order=oldest/);
    await rows().first().getByText("report-eu").waitFor();
  });

  test("while someone reads, what is new waits behind a button", async () => {
    await open("/tenants/globex?name=report");
    await row("report-eu").waitFor();
    // Once at first, and again when the stream is open.
    await page.waitForFunction(
      () => performance.getEntries().filter(({ name }) => name.includes("/api/v1/flows?")).length > 1,
    );
    await rows().first().hover();
    flow.start({ name: "report", tenant: "globex", id: "report-new", labels: { region: "eu" } }, () => {});
    await page.getByRole("button", { name: "1 new" }).waitFor();
    expect(await row("report-new").count()).toBe(0);
    await page.keyboard.press("n");
    await rows().first().getByText("report-new").waitFor();
  });

  test("what could not be had is said, with a way to try again; so is a stream that broke off", async () => {
    await open("/");
    const refuse = (url: string) => page.route(url, (route) => route.abort());
    await refuse("**/api/v1/flows?*");
    await refuse("**/api/v1/stream*");
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Flows" }).click();
    await page.getByText("The collector cannot be reached.").waitFor();
    await page.getByText("Reconnecting").waitFor();
    await page.unroute("**/api/v1/flows?*");
    await page.unroute("**/api/v1/stream*");
    await page.getByRole("button", { name: "Try again" }).click();
    await row("report-eu").waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    const others = opened.troubles.filter((trouble) => !trouble.includes("ERR_FAILED"));
    opened.troubles.splice(0, Number.POSITIVE_INFINITY, ...others);
  });

  test("nothing moves while a page loads", async () => {
    await open("/flows");
    await row("report-eu").waitFor();
    expect(await shiftSoFar()).toBeLessThan(0.02);
  });

  test("nothing moves either where what stands above the list is the last to come", async () => {
    await open("/flows");
    const late = /\/api\/v1\/(stuck|stats|limits|flows\/count)(\?|$)/;
    for (const [path, width] of [
      ["/tenants/globex", 1280],
      ["/flows", 390],
    ] as const) {
      await page.setViewportSize({ width, height: 900 });
      const held = Promise.withResolvers<void>();
      await page.route(late, async (route) => {
        await held.promise;
        await route.continue();
      });
      const isListed = page.waitForResponse(/\/api\/v1\/flows\?/);
      await page.goto(collector.url + path);
      await isListed;
      await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
      // Longer than a page waits for what it shows.
      await page.waitForTimeout(500);
      held.resolve();
      await page.getByText(/^[\d,]+ flows?$/).waitFor();
      await rows().first().waitFor();
      expect(await shiftSoFar(), path).toBe(0);
      await page.unrouteAll({ behavior: "wait" });
    }
  });
});

function shiftSoFar(): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let sum = 0;
        const observer = new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) sum += (entry as unknown as { value: number }).value;
        });
        observer.observe({ type: "layout-shift", buffered: true });
        setTimeout(() => resolve(sum), 300);
      }),
  );
}

function rows() {
  return page.getByRole("list", { name: "Flows", exact: true }).getByRole("listitem");
}

function row(id: string) {
  return rows().filter({ hasText: id });
}

/** The menu takes what is typed as soon as its field has the focus. */
async function pressFilterKey(): Promise<void> {
  await page.keyboard.press("f");
  await page.locator("input[aria-label='Filter by']:focus").waitFor();
}

function copied(): Promise<string> {
  return page.evaluate(() => navigator.clipboard.readText());
}
