// The page in a real Chromium, over flows that this process makes as any service would.
import { setTimeout as sleep } from "node:timers/promises";
import { flow, flush, setup, shutdown, step } from "@weir/sdk";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "./support/api.ts";
import { openPage, startBrowser } from "./support/browser.ts";
import { type Running, type RunningCollector, startCollector, startProgram } from "./support/processes.ts";

let collector: RunningCollector;
let browser: Browser;
let troubles: string[] = [];
let page: Page;

beforeAll(async () => {
  [collector, browser] = await Promise.all([startCollector(), startBrowser()]);
  setup({ serviceName: "import-api", endpoint: collector.url });
});

afterEach(async () => {
  await page.context().close();
  expect(troubles).toEqual([]);
});

afterAll(async () => {
  await shutdown();
  await browser.close();
  await collector.stop();
});

async function open(path: string, width?: number): Promise<void> {
  ({ page, troubles } = await openPage(browser, collector.url + path, width));
}

/** Seen by a person: there, and not hidden. */
async function sees(text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor({ state: "visible" });
}

async function doesNotSee(text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor({ state: "hidden" });
}

async function box(of: Locator) {
  const found = await of.boundingBox();
  if (found === null) throw new Error("expected an element that is drawn, got none");
  return found;
}

class ValueError extends Error {
  override readonly name = "ValueError";
}

function failedImport(tenant: string, id: string): void {
  const fail = () =>
    flow.start({ name: "data_import", tenant, id, labels: { env: "production" } }, () => {
      step.start("read", () => {});
      step.start("validate", { attributes: { rows: 120 } }, () => {
        throw new ValueError("row 7: expected 14 columns, got 13");
      });
    });
  expect(fail).toThrow(ValueError);
}

describe("a flow", () => {
  test("a run that was taken over shows how often, and which step ran again", async () => {
    await flow.start({ name: "order", tenant: "acme-corp", id: "taken-over-1" }, async () => {
      step.start("validate", () => {});
      await step.start("charge", async () => {
        await sleep(20);
        flow.event("taken over", { attempt: 1, journaled: 1 });
        await sleep(20);
      });
    });
    await flush();
    await open("/tenants/acme-corp/flows/taken-over-1");
    await page.getByText("Taken over once").waitFor();
    const again = page.getByLabel(/the next one ran it again/);
    await page.getByRole("treeitem").filter({ hasText: "charge" }).filter({ has: again }).waitFor();
    expect(await page.getByRole("treeitem").filter({ has: again }).count()).toBe(1);
  });

  test("a running step is on the page while it runs, and its end is seen without a reload", async () => {
    const gate = Promise.withResolvers<void>();
    const running = flow.start({ name: "data_import", tenant: "acme-corp", id: "live-1" }, () =>
      step.start("validate", () => gate.promise),
    );
    await open("/tenants/acme-corp/flows/live-1");
    await page.getByRole("region", { name: "Where it stands" }).getByText("validate").waitFor();
    await page.getByRole("treeitem").filter({ hasText: "validate" }).getByLabel("Running").waitFor();

    gate.resolve();
    await running;
    await page.getByRole("treeitem").filter({ hasText: "validate" }).getByLabel("Succeeded").waitFor();
    await page.getByRole("region", { name: "Where it stands" }).waitFor({ state: "detached" });
  });

  test("a failed one shows where, why, and the stack", async () => {
    failedImport("acme-corp", "failed-1");
    await flush();
    await open("/tenants/acme-corp/flows/failed-1");
    const why = page.getByRole("region", { name: "Why it failed" });
    await why.getByText("row 7: expected 14 columns, got 13").first().waitFor();
    await why.getByText("ValueError").first().waitFor();
    await why.getByText(/Stack, \d+ lines/).click();
    await why
      .getByText(/page\.test\.ts/)
      .first()
      .waitFor();

    await page.getByRole("treeitem").filter({ hasText: "validate" }).click();
    const panel = page.getByRole("complementary", { name: "Step" });
    await panel.getByText("rows").waitFor();
    await panel.getByText("120", { exact: true }).waitFor();
    expect(new URL(page.url()).searchParams.get("selected")).not.toBeNull();
  });

  test("nested steps, attempts and events are in the timeline", async () => {
    flow.start({ name: "sync", tenant: "acme-corp", id: "tree-1" }, (f) => {
      step.start("push", { attempt: 1 }, () => step.current()?.fail(new Error("timeout")));
      step.start("push", { attempt: 2 }, () => step.start("upload", () => {}));
      f.event("half way", { rows: 60 });
    });
    await flush();
    await open("/tenants/acme-corp/flows/tree-1");
    await page.getByRole("treeitem").filter({ hasText: "upload" }).waitFor();
    await sees("1/2");
    await sees("2/2");
    await sees("half way");
    await page.getByText("Succeeded").first().waitFor();
  });

  test("of hostile names everything is text", async () => {
    const hostile = `<img src=x onerror="document.title='owned'">`;
    flow.start({ name: hostile, tenant: hostile, id: "a/b?c#d%", labels: { [hostile]: hostile } }, () =>
      step.start(hostile, () => {}),
    );
    await flush();
    await open(`/tenants/${encodeURIComponent(hostile)}`);
    await page
      .getByRole("link", { name: /img src=x/ })
      .first()
      .click();
    await page.waitForURL(/flows/);
    await page.getByRole("treeitem").filter({ hasText: "<img src=x" }).waitFor();
    expect(await page.title()).not.toBe("owned");
    expect(await page.locator("img[src=x]").count()).toBe(0);
  });

  test("that is unknown says so, as does a page that is not there", async () => {
    await open("/tenants/acme-corp/flows/nobody");
    await sees(/nothing is known of this flow|no flow|not found|unknown/i);
    await page.goto(`${collector.url}/nowhere`);
    await sees("There is no such page");
    // The browser itself says so of the answer.
    troubles.splice(0);
  });
});

describe("the lists", () => {
  test("customers appear by themselves, with what fails; a click leads to their flows and to one of them", async () => {
    await open("/");
    failedImport("globex", "failed-2");
    const customer = page.getByRole("link", { name: "globex" });
    await customer.first().waitFor();
    await sees("row 7: expected 14 columns, got 13");
    await customer.first().click();
    await page.waitForURL(/\/tenants\/globex/);
    await page.locator('a[href$="/flows/failed-2"]').click();
    await page.getByRole("region", { name: "Why it failed" }).waitFor();
  });

  test("every filter is in the URL, and a URL with filters gives the same view", async () => {
    for (const region of ["eu", "us"]) {
      flow.start({ name: "report", tenant: "initech", id: `report-${region}`, labels: { region } }, () => {});
    }
    failedImport("initech", "import-1");
    await flush();
    await open("/tenants/initech");
    await sees("report-eu");
    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await page.getByRole("option", { name: "Status" }).click();
    await page.getByRole("option", { name: "Failed" }).click();
    await doesNotSee("report-eu");
    await sees("import-1");
    expect(page.url()).toContain("status=failed");

    await page.goto(`${collector.url}/tenants/initech?name=report&label.region=eu`);
    await sees("report-eu");
    await doesNotSee("report-us");
    await page.goBack();
    await sees("import-1");
  });

  test("text is searched in ids, labels and errors", async () => {
    await open("/flows?q=expected%2014%20COLUMNS");
    await sees("failed-1");
    await doesNotSee("tree-1");
  });

  test("of ten thousand flows only those that are seen are drawn, and the end can be reached by scrolling", async () => {
    for (let n = 0; n < 10_000; n += 1) {
      flow.start({ name: "bulk", tenant: "umbrella", id: `bulk-${String(n).padStart(5, "0")}` }, () => {});
      if (n % 500 === 499) await flush();
    }
    await flush();
    await open("/tenants/umbrella");
    await sees("bulk-09999");
    expect(await page.getByText(/^bulk-\d{5}$/).count()).toBeLessThan(200);
    await until("the end is seen", async () => {
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      return await page.getByText("bulk-00000").isVisible();
    });
    expect(await page.getByText(/^bulk-\d{5}$/).count()).toBeLessThan(200);
    expect(await page.getByText("bulk-09999").count()).toBe(0);
  });

  test("on a narrow screen nothing runs out of it", async () => {
    await open("/", 360);
    const main = page.getByRole("main");
    const flows = main.getByRole("list", { name: "Flows", exact: true }).getByRole("listitem");
    // What is there once the page has been filled.
    const filled: [path: string, content: Locator][] = [
      ["/", main.getByRole("link", { name: "globex" })],
      ["/stuck", main.getByText("Nothing is stuck")],
      ["/flows", flows],
      ["/settings", main.getByText("SQLite")],
      ["/tenants/acme-corp", flows],
      ["/tenants/acme-corp/stats", main.getByText(/row #: expected/)],
      ["/tenants/acme-corp/flows/failed-1", main.getByRole("treeitem")],
    ];
    for (const [path, content] of filled) {
      await page.goto(collector.url + path);
      await content.first().waitFor();
      for (const width of [360, 420]) {
        await page.setViewportSize({ width, height: 800 });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow, `${path} at ${width}`).toBeLessThanOrEqual(0);
        const menu = await box(page.getByRole("navigation", { name: "Pages" }));
        const last = await box(page.getByRole("banner").getByRole("link", { name: "Settings" }));
        const next = await box(page.getByRole("button", { name: "Go to…" }));
        expect(last.x + last.width, `${path} at ${width}`).toBeLessThanOrEqual(menu.x + menu.width + 0.5);
        expect(last.x + last.width, `${path} at ${width}`).toBeLessThanOrEqual(next.x);
      }
    }
  });

  test("without any flow the page says what to do next, and shows the flow while that runs", async () => {
    const empty = await startCollector();
    let service: Running | undefined;
    try {
      ({ page, troubles } = await openPage(browser, empty.url));
      await sees("No flow has arrived yet");
      const program = await page.locator("pre").textContent();
      service = startProgram(process.execPath, ["--input-type=module", "--eval", program ?? ""]);
      await doesNotSee("No flow has arrived yet");
      await sees("acme-corp");
    } finally {
      await service?.stop();
      await page.context().close();
      await empty.stop();
    }
  });
});
