// Keys, the log-in and links in a real Chromium.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flow, flush, setup, shutdown, step } from "@weir/sdk";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { accessFaults } from "./support/axe.ts";
import { openPage, startBrowser } from "./support/browser.ts";
import { type RunningCollector, startCollector, startNode } from "./support/processes.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-e2e-access-"));
const path = join(folder, "weir.db");
let collector: RunningCollector;
let browser: Browser;
let page: Page;
let troubles: string[] = [];
/** A page that is refused for want of a key says so on its console: that is no trouble. */
const REFUSED = /status of 401/;

async function weir(...args: string[]): Promise<string> {
  const running = startNode("collector/bin/weir.mjs", [...args, "--store", `sqlite:${path}`]);
  if ((await running.exited) !== 0) throw new Error(running.output());
  return running.output();
}

async function makeKey(...args: string[]): Promise<string> {
  const [key] = /weir_\w+_\w{8}_\w{50}/.exec(await weir("keys", "create", ...args)) ?? [];
  if (key === undefined) throw new Error("expected a key");
  return key;
}

const idOf = (key: string) => key.split("_")[2] as string;

beforeAll(async () => {
  [collector, browser] = await Promise.all([startCollector({ path }), startBrowser()]);
  setup({ serviceName: "import-api", endpoint: collector.url, apiKey: await makeKey("--role", "ingest") });
  expect(() =>
    flow.start(
      { name: "data_import", tenant: "acme-corp", id: "failed-1", labels: { env: "label-text" } },
      () => {
        step.start("validate", { attributes: { file: "attribute-text" } }, () => {
          throw new TypeError("message-text");
        });
      },
    ),
  ).toThrow(TypeError);
  flow.start({ name: "data_import", tenant: "acme-corp", id: "fine-1" }, () => {});
  flow.start({ name: "report", tenant: "globex", id: "foreign-1" }, () => {});
  await flush();
});

afterEach(async () => {
  await page.context().close();
  expect(troubles.filter((trouble) => !REFUSED.test(trouble))).toEqual([]);
});

afterAll(async () => {
  await shutdown();
  await browser.close();
  await collector.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function open(path: string): Promise<void> {
  ({ page, troubles } = await openPage(browser, collector.url + path));
}

async function logIn(key: string): Promise<void> {
  await page.getByLabel("Key").fill(key);
  await page.getByRole("button", { name: "Log in" }).click();
}

function forget(trouble: RegExp): void {
  troubles.splice(0, Number.POSITIVE_INFINITY, ...troubles.filter((each) => !trouble.test(each)));
}

async function sees(text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor({ state: "visible" });
}

describe("the log-in", () => {
  test("stands before every page, leads back to it, says who is in, and lets out", async () => {
    await open("/tenants/acme-corp?name=data_import");
    await page.waitForURL(/\/login\?next=/);
    await logIn("weir_read_nonsense");
    await page.getByRole("alert").waitFor();
    await logIn(await makeKey("--role", "read", "--name", "support desk"));
    await page.waitForURL(/\/tenants\/acme-corp\?name=data_import$/);
    await sees("failed-1");
    expect(await page.evaluate(() => document.cookie)).toBe("");
    await page.goto(`${collector.url}/tenants/acme-corp/flows/failed-1`);
    await sees("message-text");
    await page.getByRole("button", { name: "Who is logged in" }).click();
    // Who may only read shares nothing. The page knows by now what he may.
    expect(await page.getByRole("button", { name: "Share", includeHidden: true }).count()).toBe(0);
    await sees("support desk");
    await page.getByRole("menuitem", { name: "Log out" }).click();
    // Our own page may have noticed first, and then leads back here.
    await page.waitForURL(/\/login(\?next=.*)?$/);
    await page.goto(`${collector.url}/flows`);
    await page.waitForURL(/\/login\?next=%2Fflows/);
  });

  test("works without a script", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    page = await context.newPage();
    troubles = [];
    await page.goto(`${collector.url}/flows`);
    await logIn(await makeKey("--role", "read"));
    await page.waitForURL(`${collector.url}/flows`);
  });

  test("a page that is open goes to it when its key is revoked", async () => {
    const key = await makeKey("--role", "read");
    await open("/flows");
    await logIn(key);
    await sees("failed-1");
    await weir("keys", "revoke", idOf(key));
    await page.waitForURL(/\/login\?next=%2Fflows/);
  });

  test("a link on another site leads a browser that is logged in straight to the page", async () => {
    await open("/flows");
    await logIn(await makeKey("--role", "read"));
    await sees("failed-1");
    const other = createServer((_request, response) => {
      response.setHeader("content-type", "text/html");
      response.end(`<a href="${collector.url}/tenants/acme-corp">there</a>`);
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    // Another site: by name, so that the browser tells the two apart.
    await page.goto(`http://localhost:${(other.address() as AddressInfo).port}/`);
    await page.getByText("there").click();
    await page.waitForURL(`${collector.url}/tenants/acme-corp`);
    await sees("failed-1");
    other.close();
  });

  test("a key of one customer sees this customer, and of another that it does not open it", async () => {
    await open("/");
    await page.setViewportSize({ width: 360, height: 800 });
    await logIn(await makeKey("--role", "read", "--tenant", "globex"));
    await sees("globex");
    expect(await page.getByText("acme-corp").count()).toBe(0);
    // With the way out beside it, the menu still has room for all its words.
    await page.getByRole("button", { name: "Who is logged in" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);

    for (const path of ["", "/stats", "/flows/failed-1", "/flows/nobody"]) {
      await page.goto(`${collector.url}/tenants/acme-corp${path}`);
      await page.getByRole("heading", { name: "Your key does not open acme-corp" }).waitFor();
      expect(await page.getByText("message-text").count()).toBe(0);
    }
    await expect.poll(() => page.title()).toContain("Not allowed");
    expect(await accessFaults(page)).toEqual([]);
    await page.getByRole("link", { name: "The flows of globex" }).click();
    await page.locator('a[href$="/flows/foreign-1"]').waitFor();
    // What the browser says of the answers for the other customer.
    forget(/status of 404/);
  });

  test("what a key may not do is said in the collector's words, with the way to another key", async () => {
    await open("/flows");
    await logIn(await makeKey("--role", "read"));
    await sees("failed-1");
    const message = "expected a key that reads, of the role read or admin; this one is of the role ingest";
    await page.route("**/api/v1/stuck?*", (route) =>
      route.fulfill({ status: 403, json: { error: { code: "forbidden", message } } }),
    );
    await page.goto(`${collector.url}/stuck`);
    const alert = page.getByRole("alert");
    await alert.getByRole("heading", { name: "Not allowed" }).waitFor();
    await alert.getByText(message).waitFor();
    expect(await alert.getByRole("button", { name: "Try again" }).count()).toBe(0);
    expect(await accessFaults(page)).toEqual([]);
    await alert.getByRole("button", { name: "Log in with another key" }).click();
    await page.waitForURL(/\/login\?next=%2Fstuck/);
    await logIn(await makeKey("--role", "admin"));
    await page.waitForURL(/\/stuck$/);
    forget(/status of 403/);
  });
});

describe("a link", () => {
  async function shared(): Promise<string> {
    await page.getByRole("button", { name: "Make a link" }).click();
    return page.getByLabel("The new link").inputValue();
  }

  test("is made on a flow's page, shows it to who has no key, and nothing once it is revoked", async () => {
    await open("/tenants/acme-corp/flows/failed-1");
    await logIn(await makeKey("--role", "admin"));
    await page.getByRole("button", { name: "Share" }).click();
    const url = await shared();

    const guest = await openPage(browser, url);
    await guest.page.getByRole("banner").getByText("acme-corp").waitFor();
    await guest.page.getByText("message-text").first().waitFor();
    await guest.page.getByRole("treeitem").filter({ hasText: "validate" }).click();
    await guest.page.getByText("attribute-text").waitFor();
    expect(await guest.page.getByRole("link").count()).toBe(0);
    expect(guest.page.url()).toContain(url);
    for (const width of [1440, 360]) {
      await guest.page.setViewportSize({ width, height: 900 });
      expect((await guest.page.getByRole("main").boundingBox())?.width).toBe(width);
      expect(await guest.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
    }

    await page
      .getByRole("button", { name: /^Revoke link/ })
      .first()
      .click();
    await page.getByText("None works now.").waitFor();
    await guest.page.reload();
    await guest.page.getByText("This link does not work").waitFor();
    expect(await accessFaults(guest.page)).toEqual([]);
    expect(guest.troubles.filter((trouble) => !/status of 404/.test(trouble))).toEqual([]);
    await guest.page.context().close();
  });

  test("to all flows of a name, without details, leads to these and back", async () => {
    await open("/tenants/acme-corp/flows/fine-1");
    await logIn(await makeKey("--role", "admin"));
    await page.getByRole("button", { name: "Share" }).click();
    await page.getByRole("radio", { name: /^All data_import flows/ }).check();
    await page.getByRole("checkbox", { name: /Hide details/ }).check();
    const url = await shared();

    const guest = await openPage(browser, url);
    await guest.page.getByRole("heading", { name: "data_import" }).waitFor();
    await guest.page.locator('a[href$="/flows/failed-1"]').click();
    await guest.page.getByRole("region", { name: "Why it failed" }).getByText("TypeError").waitFor();
    const text = await guest.page.locator("body").textContent();
    for (const hidden of ["message-text", "attribute-text", "label-text", "import-api"]) {
      expect(text).not.toContain(hidden);
    }
    await guest.page.getByRole("link", { name: "All data_import flows" }).click();
    await guest.page.locator('a[href$="/flows/fine-1"]').waitFor();
    for (const link of await guest.page.getByRole("link").all()) {
      expect(await link.getAttribute("href")).toMatch(new RegExp(`^${new URL(url).pathname}`));
    }
    expect(guest.troubles).toEqual([]);
    await guest.page.context().close();
  });
});

test("the doctor says whether the key is taken", async () => {
  await open("/login");
  const examine = async (key: string) => {
    const running = startNode("collector/bin/weir.mjs", ["doctor", collector.url], { WEIR_API_KEY: key });
    await running.exited;
    return running.output();
  };
  expect(await examine(await makeKey("--role", "ingest"))).toContain("accepted, and may send");
  expect(await examine(await makeKey("--role", "read"))).toContain("may not send (403)");
  expect(await examine("weir_ingest_nonsense")).toContain("not accepted (401)");
});

test("while it is open the page says so, and that can be put away", async () => {
  const free = await startCollector();
  ({ page, troubles } = await openPage(browser, free.url));
  await sees("Open: anyone who can reach this address");
  await page.getByRole("button", { name: "Put this note away" }).click();
  await page.getByText("Open: anyone").waitFor({ state: "detached" });
  // First: a page whose collector goes away says so on its console.
  await page.context().close();
  await free.stop();
});
