// What a person does with the lists of the page, in a real Chromium, by mouse and by keyboard.
import { flow, flush, setup, shutdown, step } from "@weir/sdk";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { accessFaults } from "./support/axe.ts";
import { openPage, startBrowser } from "./support/browser.ts";
import { type RunningCollector, startCollector } from "./support/processes.ts";

let collector: RunningCollector;
let browser: Browser;
let troubles: string[] = [];
let page: Page;

beforeAll(async () => {
  [collector, browser] = await Promise.all([startCollector(), startBrowser()]);
  setup({ serviceName: "import-api", endpoint: collector.url });
  for (const region of ["eu", "us", "ap"]) {
    flow.start({ name: "report", tenant: "globex", id: `report-${region}`, labels: { region } }, () => {});
  }
  fail("globex", "import-1");
  fail("initech", "import-2");
  await flush();
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
    await page.waitForURL(/\/flows$/);
    await page.keyboard.press("/");
    await page.keyboard.type("g c?");
    await page.waitForURL(/q=g\+c/);
    expect(await page.getByRole("dialog").count()).toBe(0);
  });
});
