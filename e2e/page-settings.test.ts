// The settings in a real Chromium: what an admin does there, and what it changes.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { accessFaults } from "./support/axe.ts";
import { openPage, startBrowser } from "./support/browser.ts";
import { sendByHand } from "./support/by-hand.ts";
import { type RunningCollector, startCollector } from "./support/processes.ts";

let collector: RunningCollector;
let browser: Browser;
let page: Page;
let troubles: string[] = [];

const tenant = "acme-corp";

beforeAll(async () => {
  [collector, browser] = await Promise.all([startCollector(), startBrowser()]);
  await sendByHand(collector.url, {
    tenant,
    name: "data_import",
    id: "flow-1",
    ago: 9_000,
    status: "succeeded",
  });
});
afterEach(async () => {
  await page.context().close();
  expect(troubles).toEqual([]);
});
afterAll(async () => {
  await browser.close();
  await collector.stop();
});

async function open(path = "/settings", width?: number): Promise<void> {
  ({ page, troubles } = await openPage(browser, collector.url + path, width));
}

const patient = { timeout: 10_000 };
const section = (name: string) => page.getByRole("region", { name, exact: true });

test("the link of traces is kept, and one that is none is refused in words", async () => {
  await open();
  const link = page.getByRole("textbox", { name: "Trace link" });
  await link.fill("javascript:alert(1)");
  await page.getByRole("button", { name: "Save the link" }).click();
  await page
    .getByRole("alert")
    .getByText(/expected an http or https URL/)
    .waitFor();
  // The browser itself says so of the answer.
  troubles.splice(0);
  await link.fill("https://tempo.example.com/{traceId}");
  await page.getByRole("button", { name: "Save the link" }).click();
  await page.getByText("Saved").waitFor();
  await page.reload();
  await expect
    .poll(() => page.getByRole("textbox", { name: "Trace link" }).inputValue(), patient)
    .toBe("https://tempo.example.com/{traceId}");
});

test("a limit of a name is set and taken away, and the list of who did what has both", async () => {
  await open();
  const limits = section("Stalled after");
  await limits.getByLabel("Flow", { exact: true }).fill("data_import");
  await limits.getByLabel("Stalled after", { exact: true }).fill("soon");
  await limits.getByRole("button", { name: "Set the limit" }).click();
  await limits
    .getByRole("alert")
    .getByText(/Expected a flow's name and a time/)
    .waitFor();
  await limits.getByLabel("Stalled after", { exact: true }).fill("90m");
  await limits.getByRole("button", { name: "Set the limit" }).click();
  await limits.getByRole("cell", { name: "90m" }).waitFor();
  await limits.getByRole("button", { name: "Take away the limit of data_import" }).click();
  await limits.getByText("No flow has a limit of its own.").waitFor();
  await page.reload();
  await section("Who did what").getByText("no limit for data_import").waitFor();
});

test("links are listed, and a revoked one shows nothing more", async () => {
  const made = await fetch(`${collector.url}/api/v1/shares`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ tenant, flowId: "flow-1", expiresIn: "1d" }),
  });
  const { path } = (await made.json()) as { path: string };
  await open(path);
  await page.getByRole("heading", { name: "data_import" }).waitFor();
  await page.getByText(tenant).first().waitFor();
  // Nothing else to click to.
  expect(await page.getByRole("link").count()).toBe(0);
  expect(await accessFaults(page)).toEqual([]);
  await page.goto(`${collector.url}/settings`);
  await section("Links").getByRole("link", { name: "Flow flow-1" }).waitFor();
  await section("Links")
    .getByRole("button", { name: /^Revoke link/ })
    .click();
  await section("Links").getByText("None works now.").waitFor();
  await page.goto(collector.url + path);
  await page.getByText("This link does not work").first().waitFor();
  troubles.splice(0);
});

test("the collector tells how it is, on a narrow screen too", async () => {
  await open("/settings", 390);
  await section("This collector")
    .getByText(/SQLite/)
    .waitFor();
  await section("Kept for").getByText("for ever").waitFor();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  expect(await accessFaults(page)).toEqual([]);
});

test("without an answer they say so, and are there when one asks again", async () => {
  await open("/flows");
  await page.getByText("flow-1").first().waitFor();
  await page.route("**/api/v1/me", (route) => route.abort());
  await page.goto(`${collector.url}/settings`);
  await page.getByText("No answer").waitFor(patient);
  expect(await accessFaults(page)).toEqual([]);
  await page.unroute("**/api/v1/me");
  await page.getByRole("button", { name: "Try again" }).click();
  await section("Trace link").waitFor();
  troubles.splice(0, Number.POSITIVE_INFINITY, ...troubles.filter((each) => !each.includes("ERR_FAILED")));
});

// Last: from then on a key is asked for.
test("the first key closes the collector, and whoever made it is in; the next is shown once and can be revoked", async () => {
  await open();
  const keys = section("Keys");
  await keys.getByText(/The first one closes the collector/).waitFor();
  await keys.getByRole("button", { name: "Make a key" }).click();
  await expect.poll(() => keys.getByLabel("The new key").inputValue(), patient).toMatch(/^weir_admin_/);
  await page.reload();
  await keys.getByRole("row", { name: /everything/ }).waitFor();
  expect(await keys.getByLabel("The new key").count()).toBe(0);
  expect((await fetch(`${collector.url}/api/v1/flows`)).status).toBe(401);

  await keys.getByLabel("May").selectOption("read");
  await keys.getByLabel("Customer", { exact: true }).fill(tenant);
  await keys.getByLabel("What it is for").fill("support");
  await keys.getByRole("button", { name: "Make a key" }).click();
  const read = await keys.getByLabel("The new key").inputValue();
  const ask = async () =>
    (await fetch(`${collector.url}/api/v1/flows`, { headers: { authorization: `Bearer ${read}` } })).status;
  expect(await ask()).toBe(200);
  await keys
    .getByRole("row", { name: /support/ })
    .getByRole("button", { name: /^Revoke key/ })
    .click();
  await keys.getByRole("row", { name: /support.*revoked/ }).waitFor();
  expect(await ask()).toBe(401);
});
