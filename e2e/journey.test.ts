// One import through Express → Fastify → BullMQ → worker, each a process of its own, on a real Redis.

import type { TenantPage } from "@weir/collector/schemas";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { flowOf, flowsOf, get, treeOf, until } from "./support/api.ts";
import { type Demo, importFile, startDemo } from "./support/demo.ts";
import { type RunningCollector, type RunningRedis, startCollector, startRedis } from "./support/processes.ts";

let collector: RunningCollector;
let redis: RunningRedis;
let demo: Demo | undefined;

async function begin(): Promise<Demo> {
  demo = await startDemo({
    collector: collector.url,
    redis: redis.url,
    env: { WEIR_HEARTBEAT_INTERVAL: "500" },
  });
  return demo;
}

beforeEach(async () => {
  [collector, redis] = await Promise.all([startCollector(), startRedis()]);
});

afterEach(async () => {
  await demo?.stop();
  await Promise.all([collector.stop(), redis.stop()]);
});

describe("an import through three services and a queue", () => {
  test("is one flow with the right tree, from the API that opened it to the worker that ended it", async () => {
    const demo = await begin();
    await demo.startWorker();
    const id = await importFile(demo.api, "acme-corp");
    const flow = await until("the end of the import", async () => {
      const found = await flowOf(collector.url, "acme-corp", id);
      return found.status !== "running" && found.stepCounts.running === 0 && found;
    });

    expect(flow).toMatchObject({
      name: "data_import",
      status: "succeeded",
      services: ["import-api", "import-worker", "schema-checker"],
      labels: { plan: "team", region: "eu", source: "upload" },
      error: null,
      incomplete: [],
      health: null,
    });
    const done = (name: string, ...children: object[]) => ({ name, status: "succeeded", children });
    expect(treeOf(flow)).toEqual([
      done("read"),
      done("validate", done("check_encoding"), done("check_schema")),
      done("imports", done("import_file", done("process"), done("store"), done("notify"))),
    ]);
    const byName = new Map(flow.steps.map((step) => [step.name, step]));
    expect(byName.get("imports")).toMatchObject({ kind: "queue", service: "import-api" });
    expect(byName.get("check_schema")).toMatchObject({
      service: "schema-checker",
      attributes: { rows: 100 },
    });
    expect(byName.get("store")).toMatchObject({ service: "import-worker" });
    expect(flow.events).toMatchObject([{ name: "half of the rows processed", attributes: { rows: 50 } }]);
    expect((await flowsOf(collector.url)).length).toBe(1);
  });

  test("is seen waiting in the queue while there is no worker", async () => {
    const demo = await begin();
    const id = await importFile(demo.api, "globex");
    const flow = await until("the wait", async () => {
      const found = await flowOf(collector.url, "globex", id);
      return found.currentSteps.includes("imports") && found;
    });
    expect(flow).toMatchObject({ status: "running", health: "ok", endedAt: null });
  });

  test("whose worker is killed stays visible and running, and is called lost", async () => {
    const demo = await begin();
    const worker = await demo.startWorker();
    const id = await importFile(demo.api, "umbrella", 100_000);
    const running = await until("the long step", async () => {
      const found = await flowOf(collector.url, "umbrella", id);
      return found.currentSteps.includes("process") && found;
    });
    expect(running).toMatchObject({ status: "running", health: "ok" });

    await worker.stop("SIGKILL");
    const lost = await until("the loss", async () => {
      const found = await flowOf(collector.url, "umbrella", id);
      return found.health === "lost" && found;
    });
    expect(lost).toMatchObject({
      status: "running",
      endedAt: null,
      currentSteps: ["import_file", "process"],
    });
    expect(await get<TenantPage>(`${collector.url}/api/v1/tenants`)).toMatchObject({
      tenants: [{ tenant: "umbrella", running: 1, lost: 1 }],
    });
    expect(await flowsOf(collector.url, "?health=lost")).toHaveLength(1);
  });

  test("goes on while the collector is away, and is caught up with when it is back", async () => {
    const { port } = collector;
    const demo = await begin();
    await demo.startWorker();
    await importFile(demo.api, "acme-corp");
    await until(
      "the first import",
      async () => (await flowsOf(collector.url, "?status=succeeded")).length === 1,
    );

    await collector.stop();
    const id = await importFile(demo.api, "globex");
    // Long enough for the import to be done by the time someone looks.
    await new Promise((resolve) => setTimeout(resolve, 3000));

    collector = await startCollector({ port });
    const flow = await until("the import of that time", async () => {
      const [found] = await flowsOf(collector.url, "?tenant=globex&status=succeeded");
      return found?.stepCounts.succeeded === 9 && found.incomplete.length === 0 && found;
    });
    expect(flow).toMatchObject({ id, stepCounts: { total: 9 } });
  });
});
