// The example of live sync, as it stands: a page that is typed into, its sync, and the flow that is seen of it.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { freePort } from "../scripts/free-port.ts";
import { flowOf, flowsOf } from "./support/api.ts";
import { openPage, startBrowser } from "./support/browser.ts";
import { type Running, type RunningCollector, startCollector, startNode } from "./support/processes.ts";

let collector: RunningCollector;
let browser: Browser;
let server: Running;
let port: string;

async function startServer(): Promise<void> {
  server = startNode("examples/live-sync/src/server.ts", [], { WEIR_ENDPOINT: collector.url, PORT: port });
  await server.printed(/live-sync: http:\/\/\S+/);
}

beforeAll(async () => {
  port = String(await freePort());
  [collector, browser] = await Promise.all([startCollector(), startBrowser()]);
  await startServer();
});

afterAll(async () => {
  await browser.close();
  await server.stop();
  await collector.stop();
});

test("typing marks the book, its sync is seen live, a second change is pushed too, and a lost server is found again", async () => {
  const { page, troubles } = await openPage(browser, `http://127.0.0.1:${port}/`);
  // Looks at each frame: some of its words stand there for less than half a second.
  const says = (words: string) =>
    page.waitForFunction(
      (words) => document.querySelector("[role=status]")?.textContent?.includes(words),
      words,
      { timeout: 20_000 },
    );
  const inShop = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/books/emma/in-shop`);
    return ((await response.json()) as { title: string | null }).title;
  };
  await says("Ready");
  const title = page.getByRole("textbox");
  await title.pressSequentially("Emm");
  await says("Changed");
  await says("Syncing…");
  await title.press("a");
  await expect.poll(inShop, { timeout: 20_000 }).toBe("Emma");
  await says("Synced ✓");
  expect(troubles).toEqual([]);

  // A page that is opened now is told how the book stands.
  const late = await openPage(browser, `http://127.0.0.1:${port}/`);
  await late.page.getByRole("status").filter({ hasText: "Synced ✓" }).waitFor();
  expect(await late.page.getByRole("textbox").inputValue()).toBe("Emma");
  await late.page.context().close();

  const [summary] = await flowsOf(collector.url);
  await vi.waitFor(
    async () => {
      const flow = await flowOf(collector.url, "acme-corp", summary?.id ?? "");
      expect(flow).toMatchObject({ name: "sync_book", status: "running", currentSteps: ["a change"] });
      const pushes = flow.steps.filter(({ name, status }) => name === "push" && status === "succeeded");
      expect(pushes.length).toBeGreaterThanOrEqual(2);
      expect(flow.steps.map(({ kind }) => kind)).toContain("debounce");
      expect(flow.events.map(({ name }) => name)).toContain("signal");
    },
    { timeout: 10_000 },
  );

  // On Weir's page the run is its tree, and the step where it stands is lit.
  const weir = await openPage(browser, `${collector.url}/tenants/acme-corp/flows/${summary?.id}?view=tree`);
  const lit = weir.page.locator("[role=treeitem][aria-current=step]");
  await lit.filter({ hasText: "a change" }).waitFor();
  await weir.page.getByRole("treeitem").filter({ hasText: "push" }).filter({ hasText: "done" }).waitFor();
  expect(weir.troubles).toEqual([]);
  await weir.page.context().close();

  await server.stop("SIGKILL");
  await says("Offline, trying again…");
  await startServer();
  await says("Ready");
  await title.press("!");
  await says("Synced ✓");
  await page.context().close();
});
