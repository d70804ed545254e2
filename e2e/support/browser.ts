/** A real Chromium, one for the tests of a file. */
import { type Browser, chromium, type Page } from "playwright-core";
import { CHROMIUM, findSystemPart } from "../../scripts/system-parts.ts";

export async function startBrowser(): Promise<Browser> {
  const executablePath = findSystemPart(CHROMIUM);
  if (executablePath === undefined) {
    throw new Error("expected a chromium on this machine: install it, or set WEIR_CHROMIUM");
  }
  const args = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
  ];
  return chromium.launch({ executablePath, args });
}

export interface OpenPage {
  page: Page;
  /** What went wrong in the page itself: errors on its console, refusals by its security policy. */
  troubles: string[];
}

/**
 * Opens another address in the same page, as if nobody had been there: what its browser kept is gone, and the pointer lies
 * where nothing is. Much quicker than a page of its own, whose process has to be started and the code compiled anew.
 */
export async function openAnew({ page, troubles }: OpenPage, url: string): Promise<void> {
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.mouse.move(0, 0);
  await page.evaluate(() => localStorage.clear());
  await page.context().clearPermissions();
  troubles.length = 0;
  await page.goto(url);
}

export async function openPage(browser: Browser, url: string, width = 1440): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, locale: "en-GB" });
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") troubles.push(message.text());
  });
  page.on("pageerror", (error) => troubles.push(error.message));
  await page.goto(url);
  return { page, troubles };
}
