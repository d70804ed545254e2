/**
 * A store of ten million flows of a thousand customers: what it takes on the disk, whether it slows ingest down, what
 * memory the collector needs on it, and how long its questions take. `FLOWS=100000 npm run bench -- large` is smaller.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FlowObservation } from "../collector/src/observation.ts";
import { openSqliteStore } from "../collector/src/sqlite/index.ts";
import { startCollector } from "../e2e/support/processes.ts";
import { type Figure, median, quantile, whole } from "./table.ts";

const FLOWS = Number(process.env.FLOWS ?? 10_000_000);
const TENANTS = 1000;
const NAMES = ["data_import", "nightly_export", "invoice_run", "onboarding", "report"];
const STEPS = ["read", "validate", "process"];
const REGIONS = ["eu", "us", "ap"];
/** Flows of one append. */
const BATCH = 1000;
/** Rates are taken over so many flows, at the beginning and at the end. */
const WINDOW = Math.min(250_000, FLOWS / 4);
const QUESTIONS = 300;

export async function large(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "weir-large-"));
  const path = join(folder, "weir.db");
  try {
    const { first, last, ids } = await fill(path);
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

async function fill(path: string): Promise<{ first: number; last: number; ids: [string, string][] }> {
  const store = openSqliteStore({ path });
  const ids: [string, string][] = [];
  const rates: number[] = [];
  let since = performance.now();
  for (let n = 0; n < FLOWS; n += BATCH) {
    const observations: FlowObservation[] = [];
    for (let i = n; i < n + BATCH; i += 1) observations.push(...flowNumber(i));
    await store.append(observations);
    const one = observations[0]?.flow;
    if (one !== undefined && n % (BATCH * 10) === 0) ids.push([one.tenant, one.id]);
    if ((n + BATCH) % WINDOW === 0) {
      const now = performance.now();
      rates.push((WINDOW / (now - since)) * 1000);
      since = now;
      console.error(`bench: large: ${whole(n + BATCH)} flows, ${whole(rates.at(-1) ?? 0)} a second`);
    }
  }
  await store.close();
  // The very first window warms the program up, where there are enough of them.
  const [first = 0] = rates.length > 4 ? rates.slice(1) : rates;
  return { first, last: median(rates.slice(-3)), ids };
}

/** As the SDK sends it: a flow with an id of ours, three steps, two labels, one attribute a step. */
function flowNumber(n: number): FlowObservation[] {
  const flow = { tenant: `tenant-${(n * 7919) % TENANTS}`, id: uuid(1_790_000_000_000 + n) };
  const name = NAMES[n % NAMES.length] as string;
  const start = 1_790_000_000_000_000 + n * 1000;
  const by = (at: number, spanId: string) => ({
    flow,
    at,
    spanId,
    service: "import-api",
    instance: `import-api-${n % 7}`,
  });
  const said: FlowObservation[] = STEPS.flatMap((step, at): FlowObservation[] => {
    const spanId = randomBytes(8).toString("hex");
    const from = start + 1000 + at * 10_000 + (n % 977);
    return [
      {
        kind: "step-opened",
        ...by(from, spanId),
        flowName: name,
        stepId: spanId,
        name: step,
        stepKind: "step",
        attempt: 1,
        optional: false,
        parent: null,
        attributes: { rows: n % 5000 },
        copyOf: null,
      },
      {
        kind: "step-ended",
        ...by(from + 9000, spanId),
        flowName: name,
        stepId: spanId,
        status: "succeeded",
        error: null,
      },
    ];
  });
  const spanId = randomBytes(8).toString("hex");
  const labels = { env: "production", region: REGIONS[n % REGIONS.length] as string };
  said.push(
    { kind: "flow-opened", ...by(start, spanId), name, labels, parent: null, copyOf: null },
    {
      kind: "flow-ended",
      ...by(start + 40_000, spanId),
      name,
      status: n % 50 === 0 ? "failed" : "succeeded",
      error: n % 50 === 0 ? { type: "ValueError", message: `bad row ${n % 100}`, stack: null } : null,
    },
  );
  return said;
}

/** Version 7: the time, then chance. */
function uuid(ms: number): string {
  const time = ms.toString(16).padStart(12, "0");
  const rest = randomBytes(10).toString("hex");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-a${rest.slice(3, 6)}-${rest.slice(6, 18)}`;
}

async function ask(path: string, ids: [string, string][]): Promise<Figure[]> {
  const started = performance.now();
  const collector = await startCollector({ path });
  const startMs = performance.now() - started;
  try {
    const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;
    const tenant = () => `tenant-${Math.floor(Math.random() * TENANTS)}`;
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
