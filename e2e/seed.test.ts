// The examples of the document that Weir's flows come from run as they stand, on real parts.
import { afterAll, beforeAll, expect, test } from "vitest";
import { flowOf, flowsOf, treeOf, until } from "./support/api.ts";
import {
  type Running,
  type RunningCollector,
  startCollector,
  startNode,
  startRedis,
} from "./support/processes.ts";

let collector: RunningCollector;
const running: Running[] = [];

beforeAll(async () => {
  collector = await startCollector();
});

afterAll(async () => {
  await Promise.all(running.map((each) => each.stop()));
  await collector.stop();
});

function program(file: string, args: string[] = [], env: Record<string, string> = {}): Running {
  const started = startNode(`e2e/seed/${file}`, args, { WEIR_ENDPOINT: collector.url, ...env });
  running.push(started);
  return started;
}

const succeeded = (name: string) => ({ name, status: "succeeded", children: [] });

test("basic usage: flows, labels, steps, and an error that is caught", async () => {
  const flows = program("flows.ts");
  expect(await flows.exited).toBe(0);
  expect(flows.output()).toContain("Validation failed: ValueError: Invalid data format");

  const [failed, order, webhook, dataImport] = await flowsOf(collector.url);
  expect(dataImport).toMatchObject({ name: "data_import", tenant: "acme-corp", status: "succeeded" });
  expect(treeOf(await flowOf(collector.url, "acme-corp", dataImport?.id ?? ""))).toEqual(
    ["validate", "process", "store"].map(succeeded),
  );
  expect(webhook).toMatchObject({
    name: "webhook_processing",
    labels: { env: "production", webhook_type: "stripe.payment.success" },
  });
  expect(order).toMatchObject({ tenant: "customer-123", stepCounts: { total: 3, succeeded: 3 } });
  expect(failed).toMatchObject({
    name: "import",
    status: "failed",
    failedStep: "validate",
    error: { type: "ValueError", message: "Invalid data format", stack: expect.stringContaining("flows.ts") },
  });
});

test("distributed over HTTP: the step in the second service is part of the first one's flow", async () => {
  const [, serviceB = ""] = await program("service-b.ts").printed(/listening on (\S+)/);
  const serviceA = program("service-a.ts", [serviceB]);
  expect(await serviceA.exited).toBe(0);

  const flow = await until("the flow of both services", async () => {
    const [found] = await flowsOf(collector.url, "?name=order_processing&limit=1");
    return found?.services.length === 2 && found.stepCounts.succeeded === 1 && found;
  });
  expect(flow).toMatchObject({ status: "succeeded", services: ["service-a", "service-b"] });
});

test("distributed over a queue: opened by the API, still running after its answer, ended by the worker", async () => {
  const redis = await startRedis();
  running.push(redis);
  const [, api] = await program("api.ts", [], { REDIS_URL: redis.url }).printed(/listening on (\S+)/);
  const answer = await fetch(`${api}/process-data/acme-corp`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ rows: 3 }),
  });
  const { flow_id: id } = (await answer.json()) as { flow_id: string };

  const waiting = await until("the open flow", async () => {
    const flow = await flowOf(collector.url, "acme-corp", id);
    return flow.stepCounts.succeeded === 2 && flow.currentSteps.includes("tasks") && flow;
  });
  expect(waiting).toMatchObject({ status: "running", endedAt: null });
  expect(waiting.steps.find((step) => step.kind === "queue")).toMatchObject({
    name: "tasks",
    status: "running",
  });

  await program("worker.ts", [], { REDIS_URL: redis.url }).printed(/ready/);
  const done = await until("the end of the flow", async () => {
    const flow = await flowOf(collector.url, "acme-corp", id);
    return flow.status !== "running" && flow.stepCounts.running === 0 && flow;
  });
  expect(done).toMatchObject({ status: "succeeded", services: ["api", "worker"], incomplete: [] });
  expect(done.steps.map((step) => step.name)).toEqual(
    expect.arrayContaining([
      "validate_request",
      "enqueue_task",
      "tasks",
      "process_data",
      "store_results",
      "send_notification",
    ]),
  );
});
