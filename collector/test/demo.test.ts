/** `weir demo`: flows that nobody ran. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import type { DemoFlow } from "../src/demo/demo-flow.ts";
import { fill } from "../src/demo/fill.ts";
import { type DemoOptions, demoFlows, liveFlows } from "../src/demo/flows.ts";
import { live } from "../src/demo/live.ts";
import { requestOf, type SentSpan, spansBetween } from "../src/demo/spans.ts";
import type { FlowSummary } from "../src/flow.ts";
import { openMemoryStore } from "../src/memory/index.ts";
import { createIngest } from "../src/otlp/ingest.ts";
import { openSqliteStore } from "../src/sqlite/index.ts";
import type { Store } from "../src/store.ts";
import { NOW, startGuarded } from "./access-support.ts";

const DAY = 86_400_000_000;
const OPTIONS: DemoOptions = { flows: 2_000, tenants: 40, days: 28, seed: 1, now: NOW };
const folder = mkdtempSync(join(tmpdir(), "weir-demo-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What does not depend on when it is asked for. */
function essence({ key, name, labels, startedAt, status, error, steps }: DemoFlow, now: number) {
  return [
    key.tenant,
    name,
    labels,
    startedAt - now,
    status,
    error,
    steps.map((step) => [step.id, step.name, step.startedAt - now, step.endedAt - now, step.attributes]),
  ];
}

async function everyFlow(store: Store): Promise<FlowSummary[]> {
  const flows: FlowSummary[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await store.flows({ limit: 500, order: "oldest", cursor });
    flows.push(...page.items);
    if (page.nextCursor === null) return flows;
    cursor = page.nextCursor;
  }
}

test("the same seed makes the same flows, but for the time; another makes others", () => {
  const flows = [...demoFlows(OPTIONS)];
  const fourWeeksLater = [...demoFlows({ ...OPTIONS, now: NOW + 28 * DAY })];
  expect(flows).toHaveLength(OPTIONS.flows);
  expect(fourWeeksLater.map((flow) => essence(flow, NOW + 28 * DAY))).toEqual(
    flows.map((flow) => essence(flow, NOW)),
  );
  const others = [...demoFlows({ ...OPTIONS, seed: 2 })].map((flow) => essence(flow, NOW));
  expect(others).not.toEqual(flows.map((flow) => essence(flow, NOW)));
  expect(new Set(flows.map(({ key }) => key.id)).size).toBe(flows.length);
});

test("they are believable: large and small customers, days and nights, every way to end and not to", async () => {
  const store = openMemoryStore({ now: () => NOW });
  await fill({ store, flows: demoFlows(OPTIONS), now: NOW });
  const flows = await everyFlow(store);
  expect(flows).toHaveLength(OPTIONS.flows);

  const ways = new Set(flows.map(({ status }) => status));
  expect([...ways].sort()).toEqual(["cancelled", "failed", "paused", "running", "succeeded"]);
  const failed = flows.filter(({ status }) => status === "failed");
  expect(failed.length / flows.length).toBeGreaterThan(0.005);
  expect(failed.length / flows.length).toBeLessThan(0.15);
  for (const { error, failedStep } of failed) {
    expect(error?.stack).toMatch(/^\w+: .+\n +at /);
    expect(failedStep).not.toBeNull();
  }

  const { items: tenants } = await store.tenants({ limit: 500 });
  const sizes = tenants.map(({ tenant }) => flows.filter((flow) => flow.tenant === tenant).length);
  expect(Math.max(...sizes)).toBeGreaterThan(4 * Math.min(...sizes));
  const imports = flows.filter(({ name }) => name === "data_import");
  const hours = imports.map(({ startedAt }) => new Date(startedAt / 1000).getUTCHours());
  expect(hours.filter((hour) => hour >= 8 && hour < 17).length).toBeGreaterThan(imports.length / 2);
  expect(flows.every(({ startedAt, endedAt }) => startedAt <= NOW && (endedAt ?? NOW) <= NOW)).toBe(true);
  expect(flows.some(({ parent }) => parent !== null)).toBe(true);
  const steps = await Promise.all(imports.slice(0, 50).map(async (flow) => (await store.flow(flow))?.steps));
  expect(steps.flat().some((step) => step?.kind === "queue")).toBe(true);
  await store.close();
});

test("what died is lost, and what hangs is stalled where it is known what is usual", async () => {
  const path = join(folder, "health.db");
  const options = { ...OPTIONS, flows: 4_000, tenants: 3 };
  let clock = NOW;
  const filled = openSqliteStore({ path, now: () => clock });
  await fill({
    store: filled,
    flows: demoFlows(options),
    now: NOW,
    onTime: (at) => {
      clock = at;
    },
  });
  await filled.close();
  // A collector that has been there for an hour: silence before its own start means nothing.
  clock = NOW - 3_600_000_000;
  const store = openSqliteStore({ path, now: () => clock, limitMs: 60_000 });
  clock = NOW + 60_000_000;
  for (const health of ["lost", "stalled"] as const) {
    const { items } = await store.flows({ health: [health], limit: 10, order: "newest" });
    expect([health, items.length > 0]).toEqual([health, true]);
  }
  await store.close();
});

test("over OTLP the same arrives as straight in the store, at once and piece by piece", async () => {
  const flows = [...demoFlows({ ...OPTIONS, flows: 400 })];
  const straight = openMemoryStore({ now: () => NOW });
  await fill({ store: straight, flows, now: NOW });
  const expected = await everyFlow(straight);

  const sendAll = async (moments: number[]) => {
    const store = openMemoryStore({ now: () => NOW });
    const ingest = createIngest({ accept: (observations) => store.append(observations) });
    let after = 0;
    for (const upTo of moments) {
      const body = Buffer.from(
        JSON.stringify(requestOf(flows.flatMap((flow) => spansBetween(flow, after, upTo)))),
      );
      const { partial } = await ingest.take({ encoding: "json", body, tenant: null });
      expect(partial.errorMessage).toBe("");
      after = upTo;
    }
    return store;
  };
  const first = flows[0]?.startedAt as number;
  const pieces = Array.from({ length: 40 }, (_, n) => first + ((NOW - first) * (n + 1)) / 40);
  for (const store of [await sendAll([NOW]), await sendAll(pieces)]) {
    expect(await everyFlow(store)).toEqual(expected);
    for (const key of expected) expect(await store.flow(key)).toEqual(await straight.flow(key));
  }
});

test("live: each flow begins when it does, and what is under way goes on", async () => {
  const ending = new AbortController();
  const sent: SentSpan[] = [];
  const next = liveFlows({ tenants: 3, seed: 1 });
  const now = Date.now() * 1000;
  const [underWay] = next(now - 10_000_000).map((flow) => ({
    ...flow,
    endedAt: now + 1,
    spanId: "a".repeat(16),
  }));
  await live({
    rate: 200,
    next,
    underWay: { flows: [underWay as DemoFlow], sentUpTo: now },
    async send(spans) {
      sent.push(...spans);
      if (sent.length > 60) ending.abort();
    },
    signal: ending.signal,
  });
  const spans = sent.map(({ span }) => span as { spanId: string; startTimeUnixNano: string });
  expect(spans.some(({ spanId }) => spanId === "a".repeat(16))).toBe(true);
  const end = Date.now() * 1e6;
  expect(spans.every(({ startTimeUnixNano }) => Number(startTimeUnixNano) <= end)).toBe(true);
});

const BIN = fileURLToPath(new URL("../bin/weir.mjs", import.meta.url));

function weir(args: string[], env: Record<string, string> = {}) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const options = { cwd: folder, env: { PATH: process.env.PATH, ...env } };
    execFile(process.execPath, [BIN, "demo", ...args], options, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

test("fills an empty store, and one that is not empty only where it is told to", async () => {
  const args = ["--flows", "300", "--tenants", "5", "--store", "sqlite:filled.db"];
  expect(await weir(args)).toEqual({
    code: 0,
    stdout: "weir: made 300 flows of 5 customers in filled.db\n",
    stderr: "",
  });
  expect(await weir(args)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("add to it with --force"),
  });
  expect(await weir([...args, "--force"])).toMatchObject({ code: 0 });
  const store = openSqliteStore({ path: join(folder, "filled.db") });
  expect(await store.total({})).toBe(600);
  await store.close();
});

test("sends to a collector that runs, with a key", async () => {
  const collector = await startGuarded("never");
  collector.clock.now = Date.now() * 1000;
  try {
    const args = ["--url", `${collector.url}/`, "--flows", "200", "--tenants", "5"];
    const refused = await weir(args);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("answered 401: expected a key"),
    });
    const sent = await weir(args, { WEIR_API_KEY: await collector.key("ingest") });
    expect(sent).toMatchObject({
      code: 0,
      stdout: `weir: sent 200 flows of 5 customers to ${collector.url}\n`,
      stderr: "",
    });
    expect((await collector.store.flows({ limit: 500, order: "newest" })).items).toHaveLength(200);
  } finally {
    await collector.close();
  }
});

test.each([
  [["--flows", "many"], '--flows: expected a whole number from 0 to 100000000, got "many"'],
  [["--days", "0"], '--days: expected a whole number from 1 to 3650, got "0"'],
  [["--url", "localhost"], "--url: expected an address such as http://127.0.0.1:4318"],
  [["--live", "2", "--store", "sqlite:a.db"], "expected either --store or --url (--live needs a collector"],
])("demo %j: one line and exit 2", async (args, line) => {
  const { code, stdout, stderr } = await weir(args as string[]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(line);
});
