/**
 * A store of ten million flows of a thousand customers: what it takes on the disk, whether it slows ingest down, what
 * memory the collector needs on it, and how long its questions take. `FLOWS=100000 npm run bench -- large` is smaller.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DemoFlow } from "../collector/src/demo/demo-flow.ts";
import { fill } from "../collector/src/demo/fill.ts";
import { demoFlows } from "../collector/src/demo/flows.ts";
import type { WorkflowPlan } from "../collector/src/demo/plan.ts";
import { openSqliteStore } from "../collector/src/sqlite/index.ts";
import { startCollector } from "../e2e/support/processes.ts";
import { type Figure, median, quantile, whole } from "./table.ts";

const FLOWS = Number(process.env.FLOWS ?? 10_000_000);
const TENANTS = 1000;
const NAMES = ["data_import", "nightly_export", "invoice_run", "onboarding", "report"];
const REGIONS = ["eu", "us", "ap"];
/** Rates are taken over so many flows, at the beginning and at the end. */
const WINDOW = Math.min(250_000, FLOWS / 4);
const QUESTIONS = 300;

export async function large(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "weir-large-"));
  const path = join(folder, "weir.db");
  try {
    const { first, last, ids } = await fillStore(path);
    const size = statSync(path).size;
    const asked = await ask(path, ids);
    return [
      {
        what: `ingest into a store of ${whole(FLOWS)} flows of ${TENANTS} customers, against an empty one`,
        value: (last / first).toFixed(2),
        beside: `${whole(last * 4)} spans a second against ${whole(first * 4)}, without HTTP`,
      },
      {
        what: "disk for a flow of four spans",
        value: `${whole(size / FLOWS)} bytes`,
        beside: `${whole(size / 1024 / 1024)} MiB in all`,
      },
      ...asked,
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Three steps, two labels, one attribute a step: what a flow of four spans is taken to be. */
const WORKFLOWS: readonly WorkflowPlan[] = NAMES.map((name) => ({
  name,
  service: "import-api",
  weight: 1,
  rhythm: "always",
  labels: () => ({}),
  steps: ["read", "validate", "process"].map((step) => ({
    name: step,
    service: "import-api",
    medianMs: 9,
    attributes: (chance) => ({ rows: chance.whole(0, 5000) }),
    fails: step === "process" ? 0.02 : 0,
    errors: [{ type: "ValueError", message: (chance) => `bad row ${chance.whole(0, 99)}`, at: [] }],
  })),
}));

async function fillStore(path: string): Promise<{ first: number; last: number; ids: [string, string][] }> {
  const store = openSqliteStore({ path });
  const ids: [string, string][] = [];
  const rates: number[] = [];
  const now = Date.now() * 1000;
  let since = performance.now();
  let count = 0;
  await fill({
    store,
    now,
    flows: seen(
      demoFlows({ flows: FLOWS, tenants: TENANTS, days: 30, seed: 1, now, workflows: WORKFLOWS }),
      ids,
    ),
    onDone(flows) {
      count += flows;
      if (flows === 0 || count % WINDOW !== 0) return;
      const done = performance.now();
      rates.push((WINDOW / (done - since)) * 1000);
      since = done;
      console.error(`bench: large: ${whole(count)} flows, ${whole(rates.at(-1) ?? 0)} a second`);
    },
  });
  await store.close();
  // The very first window warms the program up, where there are enough of them.
  const [first = 0] = rates.length > 4 ? rates.slice(1) : rates;
  return { first, last: median(rates.slice(-3)), ids };
}

/** Remembers who some of them are, to ask for them. */
function* seen(flows: Iterable<DemoFlow>, ids: [string, string][]): Generator<DemoFlow> {
  let n = 0;
  for (const flow of flows) {
    if (n++ % 10_000 === 0) ids.push([flow.key.tenant, flow.key.id]);
    yield flow;
  }
}

async function ask(path: string, ids: [string, string][]): Promise<Figure[]> {
  const started = performance.now();
  const collector = await startCollector({ path });
  const startMs = performance.now() - started;
  try {
    const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;
    const tenant = () => pick(ids)[0];
    const questions: Record<string, () => string> = {
      "newest flows": () => "/flows",
      "flows of a customer and a name": () => `/flows?tenant=${tenant()}&name=${pick(NAMES)}`,
      "flows of a customer that failed": () => `/flows?tenant=${tenant()}&status=failed`,
      "flows of a name with a label": () => `/flows?name=${pick(NAMES)}&label.region=${pick(REGIONS)}`,
      "failed flows with a label": () => `/flows?status=failed&label.region=${pick(REGIONS)}`,
      customers: () => "/tenants",
      "a flow": () => {
        const [ofTenant, id] = pick(ids);
        return `/tenants/${ofTenant}/flows/${id}`;
      },
    };
    const figures: Figure[] = [];
    for (const [what, route] of Object.entries(questions)) {
      const took: number[] = [];
      for (let n = 0; n < QUESTIONS; n += 1) {
        const asked = performance.now();
        const answer = await fetch(`${collector.url}/api/v1${route()}`);
        await answer.arrayBuffer();
        if (answer.status !== 200) throw new Error(`${route()}: expected 200, got ${answer.status}`);
        took.push(performance.now() - asked);
      }
      figures.push({
        what: `${what}, of ${whole(FLOWS)}`,
        value: `${quantile(took, 0.99).toFixed(1)} ms p99`,
        beside: `${median(took).toFixed(1)} ms median`,
      });
    }
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${collector.pid}/status`, "utf8"))?.[1];
    figures.push({
      what: "memory of the collector after these questions",
      value: `${whole(Number(peak) / 1024)} MiB at most`,
      beside: `it was up after ${(startMs / 1000).toFixed(1)} s`,
    });
    return figures;
  } finally {
    await collector.stop();
  }
}
