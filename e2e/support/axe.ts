/** What axe-core finds wrong with a page, for people who use it by keyboard or screen reader. */
import axe from "axe-core";
import type { Page } from "playwright-core";

/** The only rules whose answer follows from colours: what is right in light is right in dark for all others. */
const OF_COLOURS = ["color-contrast", "link-in-text-block"];

/**
 * One line for each rule that is broken, with the elements that break it; in light and in dark colours. Waits until the
 * page has said what it is of: before, there is nothing to find fault with.
 *
 * @example expect(await accessFaults(page)).toEqual([]);
 */
export async function accessFaults(page: Page): Promise<string[]> {
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
  const light = await faults(page, {});
  await page.emulateMedia({ colorScheme: "dark" });
  await page.locator("html[data-mantine-color-scheme=dark]").waitFor();
  const dark = await faults(page, { runOnly: OF_COLOURS });
  await page.emulateMedia({ colorScheme: null });
  return [...light, ...dark.map((fault) => `dark: ${fault}`)];
}

function faults(page: Page, wanted: axe.RunOptions): Promise<string[]> {
  // What is right is neither told nor worked out further; style sheets are those of the page itself.
  const options: axe.RunOptions = { ...wanted, resultTypes: ["violations"], preload: false };
  return page.evaluate(async (options) => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run(options);
    return violations.map(({ id, help, nodes }) => {
      const places = nodes.slice(0, 3).map(({ target }) => target.join(" "));
      return `${id}: ${help}: ${places.join(" | ")}`;
    });
  }, options);
}
