// The small examples, as they stand.
import { afterEach, beforeEach, expect, test } from "vitest";
import { flowOf, flowsOf, treeOf } from "./support/api.ts";
import { type RunningCollector, startCollector, startNode } from "./support/processes.ts";

let collector: RunningCollector;

beforeEach(async () => {
  collector = await startCollector();
});

afterEach(() => collector.stop());

/** The one flow that an example makes. */
async function flowBy(example: string) {
  const running = startNode(`examples/${example}/src/main.ts`, [], { WEIR_ENDPOINT: collector.url });
  expect(await running.exited, running.output()).toBe(0);
  const [flow, ...others] = await flowsOf(collector.url);
  expect(others).toEqual([]);
  return await flowOf(collector.url, flow?.tenant ?? "", flow?.id ?? "");
}

const step = (name: string, status: string, ...children: object[]) => ({ name, status, children });

test("plain-otel: attributes alone make a flow", async () => {
  const flow = await flowBy("plain-otel");
  expect(flow).toMatchObject({
    tenant: "acme-corp",
    name: "send_invoices",
    status: "succeeded",
    labels: { env: "demo", language: "any" },
    incomplete: [],
    events: [{ name: "prices applied", attributes: { currency: "EUR" } }],
  });
  expect(treeOf(flow)).toEqual([
    step("collect", "succeeded", step("read_usage", "succeeded"), step("apply_prices", "succeeded")),
    step("charge", "failed"),
    step("charge", "succeeded"),
    step("send_mail", "failed"),
  ]);
  expect(flow.steps.find(({ name }) => name === "charge")?.error?.message).toBe(
    "card declined: insufficient funds",
  );
});
