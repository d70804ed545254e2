import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { flowOf, until } from "./support/api.ts";
import { openPage, startBrowser } from "./support/browser.ts";
import { startCollector, startProgram } from "./support/processes.ts";

const SERVICE = fileURLToPath(new URL("./support/durable-service.ts", import.meta.url));

test("a durable run whose process dies goes on as the same flow: replays are no work, the gap is seen", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-seen-"));
  const collector = await startCollector();
  const browser = await startBrowser();
  try {
    const env = { WEIR_ENDPOINT: collector.url };
    const service = (...args: string[]) =>
      startProgram(process.execPath, [SERVICE, join(folder, "journal.db"), ...args], env);
    const first = service("shop-1", "hangs");
    await first.printed(/shipping/);
    const open = await until("the step in hand", async () => {
      const flow = await flowOf(collector.url, "acme-corp", "order-17");
      return flow.currentSteps.includes("ship") && flow;
    });
    expect(open).toMatchObject({ status: "running", labels: { plan: "team" } });
    await first.stop("SIGKILL");
    const second = service("shop-2");
    await second.printed(/ended/);
    const flow = await until("the end", async () => {
      const found = await flowOf(collector.url, "acme-corp", "order-17");
      return found.status === "succeeded" && found;
    });
    expect(flow).toMatchObject({ incomplete: [], services: ["shop-1", "shop-2"], children: [] });
    const ids = new Map(flow.steps.map(({ id, name }) => [id, name]));
    const seen = flow.steps.map(({ parentId, name, kind, status, attempt }) => {
      const parent = parentId === null ? "" : `${ids.get(parentId)} / `;
      return `${parent}${name} · ${kind} ${status} ${attempt}`;
    });
    const reserved = (item: string) => [
      `reserve ${item} · step succeeded 1`,
      `reserve ${item} / find · step succeeded 1`,
      `reserve ${item} / hold · step failed 1`,
      `reserve ${item} / hold · step succeeded 2`,
    ];
    expect(seen.toSorted()).toEqual(
      [
        "charge · step succeeded 1",
        ...reserved("a"),
        ...reserved("b"),
        "sleep · sleep succeeded 1",
        "ship · step succeeded 1",
        "notify · step succeeded 1",
      ].toSorted(),
    );
    expect(flow.events).toMatchObject([{ name: "taken over", attributes: { attempt: 1 } }]);
    const { page, troubles } = await openPage(browser, `${collector.url}/tenants/acme-corp/flows/order-17`);
    for (const text of ["charge", "reserve a", "hold", "sleep", "ship", "notify", "taken over"])
      await page.getByText(text).first().waitFor();
    expect(troubles).toEqual([]);
  } finally {
    await browser.close();
    await collector.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
