/** What axe-core finds wrong with a page, for people who use it by keyboard or screen reader. */
import axe from "axe-core";
import type { Page } from "playwright-core";

/**
 * One line for each rule that is broken, with the elements that break it; in light and in dark colours.
 *
 * @example expect(await accessFaults(page)).toEqual([]);
 */
export async function accessFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const light = await faults(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.locator("html[data-mantine-color-scheme=dark]").waitFor();
  const dark = (await faults(page)).map((fault) => `dark: ${fault}`);
  await page.emulateMedia({ colorScheme: null });
  return [...light, ...dark];
}

function faults(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
    return violations.map(({ id, help, nodes }) => {
      const places = nodes.slice(0, 3).map(({ target }) => target.join(" "));
      return `${id}: ${help}: ${places.join(" | ")}`;
    });
  });
}
