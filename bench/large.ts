/**
 * A store of ten million flows of a thousand customers: what it takes on the disk, whether it slows ingest down, what
 * memory the collector needs on it, and how long its questions take. `FLOWS=100000 npm run bench -- large` is smaller;
 * `TMPDIR` says where the store is to be: it takes some GiB, and with `KEEP=/some/folder`, which keeps it, twice that.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { fill } from "../collector/src/demo/fill.ts";
import { demoFlows } from "../collector/src/demo/flows.ts";
import type { WorkflowPlan } from "../collector/src/demo/plan.ts";
import { openSqliteStore } from "../collector/src/sqlite/index.ts";
import { type RunningCollector, startCollector } from "../e2e/support/processes.ts";
import { peakKiB } from "../scripts/process-memory.ts";
import { builtCollector } from "./built-collector.ts";
import { inStoreFolder, onCopy, written } from "./kept-store.ts";
import { BATCHES, load, WARM_UP_SECONDS } from "./load.ts";
import { type Figure, median, quantile, whole } from "./table.ts";

const FLOWS = Number(process.env.FLOWS ?? 10_000_000);
const TENANTS = 1000;
const DAYS = 30;
const NAMES = ["data_import", "nightly_export", "invoice_run", "onboarding", "report"];
const REGIONS = ["eu", "us", "ap"];
/** Told of as it is filled. */
const WINDOW = 250_000;
const ROUNDS = 5;
const SECONDS = 4;
const QUESTIONS = 300;
const SOME = 500;

export function large(): Promise<Figure[]> {
  return inStoreFolder(async (folder) => {
    const path = await written(join(folder, `large-${FLOWS}.db`), fillStore);
    const disk = diskOf(path);
    // Hours may lie behind it.
    console.error(`bench: large: ${disk.what}: ${disk.value}`);
    return [disk, ...(await onCopy(path, measured))];
  });
}

function diskOf(path: string): Figure {
  const { size } = statSync(path);
  return {
    what: `disk for a flow of four spans, of ${whole(FLOWS)} of ${TENANTS} customers`,
    value: `${whole(size / FLOWS)} bytes`,
    beside: `${whole(size / 1024 / 1024)} MiB in all`,
  };
}

async function measured(path: string): Promise<Figure[]> {
  const built = await builtCollector();
  try {
    const started = performance.now();
    const collector = await startCollector({ path, program: built.program });
    try {
      const startMs = performance.now() - started;
      const asked = await ask(collector);
      const ingest = await ingestBeside(collector, built.program);
      return [ingest, ...asked, memoryOf(collector, startMs)];
    } finally {
      await collector.stop();
    }
  } finally {
    built.remove();
  }
}

/** In turn, so that a machine that slows down slows both. */
async function ingestBeside(large: RunningCollector, program: string): Promise<Figure> {
  const rates: { full: number; empty: number }[] = [];
  let refusals = 0;
  const rateOf = async ({ url }: RunningCollector, round: number) => {
    const skip = round * 1_000_000;
    const { spansPerSecond, refused } = await load(url, {
      encoding: "protobuf",
      kind: BATCHES,
      seconds: SECONDS,
      skip,
    });
    refusals += refused;
    return spansPerSecond;
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const full = await rateOf(large, round);
    const empty = await startCollector({ program });
    try {
      rates.push({ full, empty: await rateOf(empty, round) });
    } finally {
      await empty.stop();
    }
  }
  const full = median(rates.map((rate) => rate.full));
  const empty = median(rates.map((rate) => rate.empty));
  return {
    what: `ingest into a store of ${whole(FLOWS)} flows, against an empty one`,
    value: median(rates.map((rate) => rate.full / rate.empty)).toFixed(2),
    beside: `${whole(full)} spans a second, HTTP to commit, against ${whole(empty)}; ${refusals} requests refused`,
  };
}

function memoryOf({ pid }: RunningCollector, startMs: number): Figure {
  const seconds = ROUNDS * (WARM_UP_SECONDS + SECONDS);
  return {
    what: "memory of the collector on it",
    value: `${whole((peakKiB(pid) * 1024) / 1e6)} MB at most`,
    beside: `through ${seconds} s of ingest and these questions; it was up after ${(startMs / 1000).toFixed(1)} s`,
  };
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

/** What is measured is the store that comes of it: a loss of power here loses nothing that anyone was told is kept. */
async function fillStore(path: string): Promise<void> {
  const store = openSqliteStore({ path, durability: "normal" });
  const now = Date.now() * 1000;
  let since = performance.now();
  let count = 0;
  await fill({
    store,
    now,
    flows: demoFlows({ flows: FLOWS, tenants: TENANTS, days: DAYS, seed: 1, now, workflows: WORKFLOWS }),
    onDone(flows) {
      count += flows;
      if (flows === 0 || count % WINDOW !== 0) return;
      const done = performance.now();
      const rate = (WINDOW / (done - since)) * 1000;
      since = done;
      console.error(`bench: large: ${whole(count)} flows, ${whole(rate)} a second`);
    },
  });
  await store.settle();
  await store.close();
}

/** Flows of times all over the store, to ask for them. */
async function someOf({ url }: RunningCollector): Promise<[tenant: string, id: string][]> {
  const found: [string, string][] = [];
  for (let n = 0; n < SOME; n += 1) {
    const to = new Date(Date.now() - ((DAYS * n) / SOME) * 86_400_000).toISOString();
    const answer = await fetch(`${url}/api/v1/flows?limit=1&to=${to}`);
    const { flows } = (await answer.json()) as { flows: { tenant: string; id: string }[] };
    for (const { tenant, id } of flows) found.push([tenant, id]);
  }
  return found;
}

async function ask(collector: RunningCollector): Promise<Figure[]> {
  const ids = await someOf(collector);
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
    let refused = 0;
    for (let n = 0; n < QUESTIONS; n += 1) {
      const asked = performance.now();
      const answer = await fetch(`${collector.url}/api/v1${route()}`);
      await answer.arrayBuffer();
      if (answer.status !== 200) refused += 1;
      took.push(performance.now() - asked);
    }
    figures.push({
      what: `${what}, of ${whole(FLOWS)}`,
      value: `${quantile(took, 0.99).toFixed(1)} ms p99`,
      beside: `${median(took).toFixed(1)} ms median${refused === 0 ? "" : `; ${refused} of ${QUESTIONS} refused`}`,
    });
  }
  return figures;
}
