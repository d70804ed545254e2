/**
 * How long questions take on a store of believable flows, and how much longer than on a tenth of it: what a page waits for
 * should not grow with what is stored. `FLOWS=1000000 npm run bench -- queries` asks of a million, and of 100,000.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DemoFlow } from "../collector/src/demo/demo-flow.ts";
import { fill } from "../collector/src/demo/fill.ts";
import { demoFlows } from "../collector/src/demo/flows.ts";
import { openSqliteStore } from "../collector/src/sqlite/index.ts";
import { startCollector } from "../e2e/support/processes.ts";
import { type Figure, median, quantile, whole } from "./table.ts";

const FLOWS = Number(process.env.FLOWS ?? 200_000);
const TENANTS = 1000;
const QUESTIONS = Number(process.env.QUESTIONS ?? 200);
const WARM_UP = 20;
const SEED = 1;

interface Known {
  tenant: string;
  id: string;
  name: string;
  service: string;
  label: [key: string, value: string];
}

type Took = Map<string, number[]>;

export async function queries(): Promise<Figure[]> {
  const small = await measure(FLOWS / 10);
  const large = await measure(FLOWS);
  const figures: Figure[] = [];
  for (const [what, took] of large.took) {
    const before = small.took.get(what) ?? [];
    figures.push({
      what: `${what}, of ${whole(FLOWS)} flows`,
      value: `${quantile(took, 0.99).toFixed(1)} ms p99`,
      beside: `${median(took).toFixed(1)} ms median: ${(median(took) / median(before)).toFixed(2)} times that of ${whole(FLOWS / 10)}, p99 ${(quantile(took, 0.99) / quantile(before, 0.99)).toFixed(2)} times`,
    });
  }
  figures.push({
    what: "disk for a flow of the demo",
    value: `${whole(large.bytes / FLOWS)} bytes`,
    beside: `${whole(small.bytes / (FLOWS / 10))} bytes where there are ${whole(FLOWS / 10)}`,
  });
  return figures;
}

async function measure(flows: number): Promise<{ took: Took; bytes: number }> {
  const folder = mkdtempSync(join(tmpdir(), "weir-queries-"));
  const path = join(folder, "weir.db");
  try {
    console.error(`bench: queries: ${whole(flows)} flows are written …`);
    const known = await filled(path, flows);
    return { took: await ask(path, known), bytes: statSync(path).size };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function filled(path: string, flows: number): Promise<Known[]> {
  const known: Known[] = [];
  const store = openSqliteStore({ path, durability: "normal" });
  const now = Date.now() * 1000;
  await fill({
    store,
    now,
    flows: noted(demoFlows({ flows, tenants: TENANTS, days: 30, seed: SEED, now }), flows, known),
  });
  await store.settle();
  await store.close();
  return known;
}

/** Remembers some of them, to ask for, and gives one in the middle a word and a step that no other has. */
function* noted(all: Iterable<DemoFlow>, flows: number, known: Known[]): Generator<DemoFlow> {
  const every = Math.max(1, Math.floor(flows / 500));
  let n = 0;
  for (const flow of all) {
    const { key, name, by, labels } = flow;
    const [label] = Object.entries(labels);
    if (n % every === 0 && label !== undefined) known.push({ ...key, name, service: by.service, label });
    n += 1;
    const [first, ...rest] = flow.steps;
    if (n === Math.floor(flows / 2) && first !== undefined) {
      yield {
        ...flow,
        labels: { ...labels, ticket: "zq-4711" },
        steps: [{ ...first, name: "quarantine" }, ...rest],
      };
    } else {
      yield flow;
    }
  }
}

async function ask(path: string, known: Known[]): Promise<Took> {
  const collector = await startCollector({ path });
  try {
    const pick = () => known[Math.floor(Math.random() * known.length)] as Known;
    const of = (filter: Record<string, string>) => new URLSearchParams(filter).toString();
    const labelled = ({ label: [key, value] }: Known) => ({ [`label.${key}`]: value });
    const pairs: ((flow: Known) => Record<string, string>)[] = [
      ({ tenant, name }) => ({ tenant, name }),
      ({ tenant }) => ({ tenant, status: "failed" }),
      (flow) => ({ tenant: flow.tenant, ...labelled(flow) }),
      ({ tenant, service }) => ({ tenant, service }),
      ({ name }) => ({ name, status: "failed" }),
      (flow) => ({ name: flow.name, ...labelled(flow) }),
      (flow) => ({ status: "failed", ...labelled(flow) }),
      ({ service }) => ({ service, status: "failed" }),
      ({ tenant }) => ({ tenant, q: "fail" }),
      ({ name }) => ({ name, health: "stalled" }),
    ];
    const pair = () =>
      of((pairs[Math.floor(Math.random() * pairs.length)] as (typeof pairs)[number])(pick()));
    const questions: Record<string, () => string> = {
      "newest flows": () => "/flows",
      "flows of any two filters": () => `/flows?${pair()}`,
      "search: a word of most": () => `/flows?q=${pick().name.split(/\W|_/)[0]}`,
      "search: a word of an error": () => "/flows?q=timed",
      "search: a word of one flow": () => "/flows?q=zq",
      "search: a step of one flow": () => "/flows?q=quarant",
      "search: the beginning of an id": () => `/flows?q=${pick().id.slice(0, 16)}`,
      "search: nothing has it": () => "/flows?q=xylophone",
      "search: two words": () => `/flows?${of({ q: `${pick().name} fail` })}`,
      "the longest": () => "/flows?order=longest",
      "the last to end": () => "/flows?order=last-ended",
      "the last active of a customer": () => `/flows?${of({ order: "last-active", tenant: pick().tenant })}`,
      "the longest of any two filters": () => `/flows?order=longest&${pair()}`,
      "count of all": () => "/flows/count",
      "count of any two filters": () => `/flows/count?${pair()}`,
      "count of a word": () => `/flows/count?q=${pick().name.split(/\W|_/)[0]}`,
      customers: () => "/tenants",
      "customers who need attention": () => "/tenants?order=attention&history=14",
      "what is stuck": () => "/stuck",
      "statistics of a customer": () => `/stats?${of({ tenant: pick().tenant })}`,
      "statistics of all": () => "/stats",
      "statistics of a customer by day": () => `/stats?${of({ tenant: pick().tenant, groupBy: "day" })}`,
      "statistics of a customer by label": () => `/stats?${of({ tenant: pick().tenant, groupBy: "labels" })}`,
      "steps of a customer and a name": () => {
        const { tenant, name } = pick();
        return `/stats?${of({ tenant, name, groupBy: "step" })}`;
      },
      "errors of a customer": () => `/stats/errors?${of({ tenant: pick().tenant })}`,
      "errors of all": () => "/stats/errors",
      "histogram of all": () => "/flows/histogram",
      "histogram of a customer": () => `/flows/histogram?${of({ tenant: pick().tenant })}`,
      "a flow": () => {
        const { tenant, id } = pick();
        return `/tenants/${encodeURIComponent(tenant)}/flows/${encodeURIComponent(id)}`;
      },
    };
    const took: Took = new Map();
    for (const [what, route] of Object.entries(questions)) {
      const times: number[] = [];
      for (let n = -WARM_UP; n < QUESTIONS; n += 1) {
        const url = `${collector.url}/api/v1${route()}`;
        const asked = performance.now();
        const answer = await fetch(url);
        const text = await answer.text();
        if (answer.status !== 200) throw new Error(`${url}: expected 200, got ${answer.status}: ${text}`);
        if (n >= 0) times.push(performance.now() - asked);
        if (n === 0 && text.includes('"partial":true')) console.error(`bench: queries: in part: ${url}`);
      }
      took.set(what, times);
    }
    return took;
  } finally {
    await collector.stop();
  }
}
