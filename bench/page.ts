/**
 * The page in a real Chromium, as it is built: from the first byte asked for to a list that answers to keys or to the
 * steps of a large flow, and from `step.start` in another process to the row that shows the step.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser } from "playwright-core";
import { startBrowser } from "../e2e/support/browser.ts";
import { startCollector } from "../e2e/support/processes.ts";
import { buildPage } from "../scripts/build-page.ts";
import { flow, flush, setup, shutdown, step } from "../sdk/src/index.ts";
import { firstAnswer, noteFirstAnswer, noteFirstStep, noteSteps } from "./page-probe.ts";
import { type Figure, median, quantile, whole } from "./table.ts";

const FLOWS = 100;
const LOADS = 20;
const STEPS = 200;
const PARTS = 100;
const STEPS_OF_A_PART = 500;

export async function page(): Promise<Figure[]> {
  await buildPage();
  const collector = await startCollector();
  const browser = await startBrowser();
  setup({ serviceName: "bench", endpoint: collector.url });
  try {
    for (let n = 0; n < FLOWS; n += 1) {
      await flow.start({ name: "import", tenant: `customer-${n % 10}` }, () => step.start("read", () => {}));
    }
    await flush();
    // The first one is the collector's first answer too.
    await load(browser, `${collector.url}/flows`, noteFirstAnswer);
    const loads: number[] = [];
    for (let n = 0; n < LOADS; n += 1) {
      loads.push(await load(browser, `${collector.url}/flows`, noteFirstAnswer));
    }
    const large = await largeFlow(browser, collector.url);
    const delays = await follow(browser, collector.url);
    return [
      {
        what: "first load of the page to a list that answers to keys",
        value: times(loads),
        beside: `p99 ${times(loads, 0.99)}, of ${LOADS} loads without a cache, ${FLOWS} flows in the list`,
      },
      ...large,
      {
        what: "step.start to the row on an open page",
        value: times(delays),
        beside: `p99 ${times(delays, 0.99)}, over ${STEPS} steps at default settings`,
      },
    ];
  } finally {
    await browser.close();
    await shutdown();
    await collector.stop();
  }
}

/** A flow of very many steps, from the first byte asked for to the frame that shows them. */
async function largeFlow(browser: Browser, url: string): Promise<Figure[]> {
  await flow.start({ name: "nightly_import", tenant: "bench", id: "large" }, async () => {
    for (let part = 0; part < PARTS; part += 1) {
      step.start(`part ${part}`, () => {
        for (let row = 1; row < STEPS_OF_A_PART; row += 1) {
          step.start(`row ${row}`, { attributes: { row } }, () => {});
        }
      });
      await flush();
    }
  });
  await flush();
  const open = () => load(browser, `${url}/tenants/bench/flows/large`, noteFirstStep);
  const first = await open();
  const loads: number[] = [];
  for (let n = 0; n < LOADS; n += 1) loads.push(await open());
  return [
    {
      what: `first load of the page of a flow of ${whole(PARTS * STEPS_OF_A_PART)} steps to its steps`,
      value: times(loads),
      beside: `p99 ${times(loads, 0.99)}, of ${LOADS} loads without a cache; ${Math.round(first)} ms the first time that anyone asked for it`,
    },
  ];
}

/** Milliseconds until `note` notes; a context of its own has nothing in its cache. */
async function load(browser: Browser, url: string, note: () => void): Promise<number> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  try {
    const page = await context.newPage();
    await page.addInitScript(note);
    await page.goto(url);
    return await (await page.waitForFunction(firstAnswer)).jsonValue();
  } finally {
    await context.close();
  }
}

/** Milliseconds from each step's start in this process to the frame of the browser that shows it. */
async function follow(browser: Browser, url: string): Promise<number[]> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const seen = new Map<string, (at: number) => void>();
  await page.exposeFunction("tell", (name: string, at: number) => seen.get(name)?.(at));
  const delays: number[] = [];
  try {
    await flow.start({ name: "followed", tenant: "bench" }, async () => {
      await page.goto(`${url}/flows?name=followed`);
      await page.getByText("Live", { exact: true }).waitFor();
      await page.locator("[data-column=where]").waitFor();
      await page.evaluate(noteSteps, "tell");
      for (let n = 0; n < STEPS; n += 1) {
        const name = `step-${n}`;
        const shown = new Promise<number>((resolve) => seen.set(name, resolve));
        // At any moment of the SDK's own rhythm and the page's, not in step with them.
        await sleep(Math.random() * 250);
        const started = Date.now();
        await step.start(name, async () => delays.push((await shown) - started));
      }
    });
    return delays;
  } finally {
    await context.close();
  }
}

function times(values: number[], share?: number): string {
  return `${Math.round(share === undefined ? median(values) : quantile(values, share))} ms`;
}
