/**
 * How long questions take on a store of believable flows, and how much longer than on a smaller one: what a page waits for
 * should not grow with what is stored. `FLOWS=1000000 npm run bench -- queries` asks of a million, and of a tenth of it.
 *
 * `KEEP=/some/folder` keeps the files there, and uses those that are there already; `AGAINST=100000` is the size of the
 * smaller one; `INGEST=1` asks once more while the collector takes as much as it can, on copies, for as long as it takes.
 * `ONLY='by day|a flow'` asks only the kinds of question whose name has that pattern in it.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DemoFlow } from "../collector/src/demo/demo-flow.ts";
import { fill } from "../collector/src/demo/fill.ts";
import { demoFlows } from "../collector/src/demo/flows.ts";
import type { FlowSummary } from "../collector/src/flow.ts";
import { openSqliteStore } from "../collector/src/sqlite/index.ts";
import { startCollector } from "../e2e/support/processes.ts";
import { inStoreFolder, onCopy, written } from "./kept-store.ts";
import { type Figure, median, quantile, whole } from "./table.ts";
import { startWorker } from "./workers.ts";

const FLOWS = Number(process.env.FLOWS ?? 200_000);
const AGAINST = Number(process.env.AGAINST ?? FLOWS / 10);
const INGEST = process.env.INGEST === "1";
const TENANTS = 1000;
const QUESTIONS = Number(process.env.QUESTIONS ?? 200);
const ONLY = new RegExp(process.env.ONLY ?? "");
/** Questions of each kind before any is timed: a collector that has been asked for a while has its code compiled. */
const WARM_UP = Number(process.env.WARM_UP ?? 100);
/** Questions of a kind that one store is asked before it is the other's turn, besides a few that are not timed. */
const ROUND = 100;
const FIRST_OF_ROUND = 5;
/** How many times as long the answers of the larger store are where they are asked for in the same length as well. */
const MUCH_LONGER = 1.2;
/** Connections that stay. */
const AGENT = new Agent({ keepAlive: true, maxSockets: 1 });
const SEED = 1;
/** The customers of the demo that have most flows. */
const LARGEST = ["acme-corp", "globex-labs", "initech-foods"];
/** Flows that are asked for, of times all over the store. */
const ASKED_FOR = 500;
const LOAD = fileURLToPath(new URL("./load-worker.ts", import.meta.url));
/** Protobuf, 512 spans a request, 8 connections, a second to warm up; an hour, as it is ended with the questions. */
const LOAD_ARGUMENTS = ["protobuf", "512", "8", "1", "3600"];

interface Known {
  tenant: string;
  id: string;
  name: string;
  service: string;
  label: [key: string, value: string];
}

/** By what was asked. */
type Took = Map<string, Times>;

interface Times {
  ms: number[];
  /** Of all answers together: with fewer flows some are shorter. */
  bytes: number;
  /** Where they are, once more: of the larger store so many lines are asked for as the smaller one told. */
  asLong?: number[];
}

export function queries(): Promise<Figure[]> {
  return inStoreFolder(async (folder) => {
    const small = await filled(folder, AGAINST);
    const large = await filled(folder, FLOWS);
    const [before, after] = (await ask([small, large], "idle")) as [Took, Took];
    const figures = [...after].map(([what, took]) => {
      const than = before.get(what) as Times;
      const longer = (took.bytes / than.bytes).toFixed(1);
      return figureOf(
        what,
        took,
        `${timesOf(took.ms, than.ms, `that of ${whole(AGAINST)}`)}; answers ${longer} times as long` +
          (took.asLong && than.asLong ? `, ${timesOf(took.asLong, than.asLong, "of as many lines")}` : ""),
      );
    });
    if (INGEST) {
      const [loaded] = (await onCopy(large, (copy) => ask([copy], "under load"))) as [Took];
      for (const [what, took] of loaded) {
        figures.push(figureOf(`${what}, while it takes all it can`, took, ""));
      }
    }
    return [
      ...figures,
      {
        what: "disk for a flow of the demo",
        value: `${whole(statSync(large).size / FLOWS)} bytes`,
        beside: `${whole(statSync(small).size / AGAINST)} bytes where there are ${whole(AGAINST)}`,
      },
    ];
  });
}

function timesOf(ms: number[], than: number[], of: string): string {
  const times = (share: number) => (quantile(ms, share) / quantile(than, share)).toFixed(2);
  return `${times(0.5)} times ${of}, p99 ${times(0.99)} times`;
}

function figureOf(what: string, { ms }: Times, than: string): Figure {
  return {
    what: `${what}, of ${whole(FLOWS)} flows`,
    value: `${quantile(ms, 0.99).toFixed(1)} ms p99`,
    beside: `${median(ms).toFixed(1)} ms median${than && `: ${than}`}`,
  };
}

/** The path of a store with so many flows. */
function filled(folder: string, flows: number): Promise<string> {
  return written(join(folder, `weir-${flows}.db`), async (path) => {
    console.error(`bench: queries: ${whole(flows)} flows are written …`);
    const store = openSqliteStore({ path, durability: "normal" });
    const now = Date.now() * 1000;
    const all = demoFlows({ flows, tenants: TENANTS, days: 30, seed: SEED, now });
    await fill({ store, now, flows: withOneOfItsKind(all, flows) });
    await store.settle();
    await store.close();
  });
}

/** Gives one in the middle a word and a step that no other has. */
function* withOneOfItsKind(all: Iterable<DemoFlow>, flows: number): Generator<DemoFlow> {
  let n = 0;
  for (const flow of all) {
    n += 1;
    const [first, ...rest] = flow.steps;
    if (n === Math.floor(flows / 2) && first !== undefined) {
      const labels = { ...flow.labels, ticket: "zq-4711" };
      yield { ...flow, labels, steps: [{ ...first, name: "quarantine" }, ...rest] };
    } else {
      yield flow;
    }
  }
}

/** Some flows of the store, to ask for: those that began last before times that lie evenly in it. */
async function someOf(path: string): Promise<Known[]> {
  const store = openSqliteStore({ path, upkeep: false });
  try {
    const endOf = async (order: "oldest" | "newest", filter = {}): Promise<FlowSummary> => {
      const { items } = await store.flows({ order, limit: 1, ...filter });
      const [flow] = items;
      if (flow === undefined) throw new Error(`${path}: expected flows in it, got none`);
      return flow;
    };
    const first = (await endOf("oldest")).startedAt;
    const last = (await endOf("newest")).startedAt;
    const known: Known[] = [];
    for (let n = 1; n <= ASKED_FOR; n += 1) {
      const to = first + Math.ceil(((last - first) * n) / ASKED_FOR) + 1;
      const { tenant, id, name, services, labels } = await endOf("newest", { to });
      const [service] = services;
      const [label] = Object.entries(labels);
      if (service !== undefined && label !== undefined) known.push({ tenant, id, name, service, label });
    }
    return known;
  } finally {
    await store.close();
  }
}

/**
 * Has the system read a store once, so that it has in memory what it keeps of it: as where a collector has been asked for a
 * while, and as it is of one that was just written.
 */
function readOnce(path: string): void {
  const file = openSync(path, "r");
  const piece = Buffer.allocUnsafe(2 ** 20);
  while (readSync(file, piece) > 0);
  closeSync(file);
}

/** A collector that is asked, and flows of its store. */
interface Asked {
  url: string;
  known: Known[];
  took: Took;
}

/** Asks each store the same, in turn: so a machine that slows down slows all. Before any is timed all kinds are asked. */
async function ask(paths: string[], how: "idle" | "under load"): Promise<Took[]> {
  const all = await Promise.all(
    paths.map(async (path) => {
      readOnce(path);
      return { known: await someOf(path), collector: await startCollector({ path }) };
    }),
  );
  const loads =
    how === "idle" ? [] : all.map(({ collector }) => startWorker(LOAD, [collector.url, ...LOAD_ARGUMENTS]));
  try {
    const asked = all.map(({ known, collector }): Asked => ({ known, url: collector.url, took: new Map() }));
    const kinds = Object.keys(questionsOf([])).filter((what) => ONLY.test(what));
    for (let n = 0; n < WARM_UP; n += 1) {
      for (const what of kinds) for (const each of asked) await answered(what, each);
    }
    for (const what of kinds) {
      await askInTurn(what, asked);
      const [small, large] = asked;
      if (small !== undefined && large !== undefined) await askForAsMany(what, small, large);
    }
    return asked.map(({ took }) => took);
  } finally {
    for (const load of loads) await load.stop();
    for (const { collector } of all) await collector.stop();
  }
}

/** In rounds: each is then asked as one that has the machine for itself. */
async function askInTurn(what: string, asked: Asked[]): Promise<void> {
  for (const { took } of asked) took.set(what, { ms: [], bytes: 0 });
  for (let n = 0; n < QUESTIONS; n += ROUND) {
    const ofRound = Math.min(ROUND, QUESTIONS - n);
    for (const each of asked) {
      for (let i = -FIRST_OF_ROUND; i < ofRound; i += 1) {
        const { url, text, ms } = await answered(what, each);
        const times = each.took.get(what) as Times;
        if (i >= 0) times.ms.push(ms);
        if (i >= 0) times.bytes += text.length;
        if (n + i === 0 && text.includes('"partial":true')) console.error(`bench: queries: in part: ${url}`);
      }
    }
  }
}

/** Lists of which the larger store tells more are asked for once more, for as many lines as the smaller one tells. */
async function askForAsMany(what: string, small: Asked, large: Asked): Promise<void> {
  const [less, more] = [small, large].map(({ took }) => took.get(what) as Times) as [Times, Times];
  if (more.bytes < less.bytes * MUCH_LONGER || !isList(questionsOf(small.known)[what]?.() ?? "")) return;
  [less.asLong, more.asLong] = [[], []];
  for (let n = 0; n < QUESTIONS; n += ROUND) {
    const ofRound = Math.min(ROUND, QUESTIONS - n) + FIRST_OF_ROUND;
    const lines: number[] = [];
    for (let i = 0; i < ofRound; i += 1) {
      const { text, ms } = await answered(what, small);
      lines.push(linesIn(text));
      if (i >= FIRST_OF_ROUND) less.asLong.push(ms);
    }
    for (const [i, limit] of lines.entries()) {
      const { ms } = await answered(what, large, Math.max(1, limit));
      if (i >= FIRST_OF_ROUND) more.asLong.push(ms);
    }
  }
}

/** Whether it can be asked for so many lines. */
function isList(route: string): boolean {
  return /^\/(flows|stuck|stats\/errors)(\?|$)/.test(route);
}

function linesIn(text: string): number {
  const list = Object.values(JSON.parse(text) as object).find(Array.isArray);
  return list?.length ?? 0;
}

/** Leaves little to collect: the pauses of who asks would be told as the collector's. */
function answered(
  what: string,
  { url: origin, known }: Asked,
  limit?: number,
): Promise<{ url: string; text: string; ms: number }> {
  const route = questionsOf(known)[what] as () => string;
  const asked = route();
  const url = `${origin}/api/v1${asked}${limit ? `${asked.includes("?") ? "&" : "?"}limit=${limit}` : ""}`;
  const { promise, resolve, reject } = Promise.withResolvers<{ url: string; text: string; ms: number }>();
  const started = performance.now();
  const request = get(url, { agent: AGENT }, (answer) => {
    const chunks: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.on("error", reject);
    answer.on("end", () => {
      const ms = performance.now() - started;
      const text = Buffer.concat(chunks).toString("latin1");
      if (answer.statusCode === 200) resolve({ url, text, ms });
      else reject(new Error(`${url}: expected 200, got ${answer.statusCode}: ${text}`));
    });
  });
  request.on("error", reject);
  return promise;
}

/** What is asked, by its name: each time of other flows. */
function questionsOf(known: Known[]): Record<string, () => string> {
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
  const rare: ((flow: Known) => Record<string, string>)[] = [
    ({ tenant }) => ({ tenant, name: "billing_run" }),
    ({ tenant }) => ({ tenant, service: "billing" }),
    ({ tenant }) => ({ tenant, name: "billing_run", status: "failed" }),
    () => ({ name: "billing_run", status: "cancelled" }),
    ({ name }) => ({ name, status: "failed" }),
  ];
  const worst = () => {
    const tenant = LARGEST[Math.floor(Math.random() * LARGEST.length)] as string;
    const filter = rare[Math.floor(Math.random() * rare.length)] as (typeof rare)[number];
    return of(filter({ ...pick(), tenant }));
  };
  const pair = () => of((pairs[Math.floor(Math.random() * pairs.length)] as (typeof pairs)[number])(pick()));
  return {
    "newest flows": () => "/flows",
    "flows of any two filters": () => `/flows?${pair()}`,
    "search: a word of most": () => `/flows?q=${pick().name.split(/\W|_/)[0]}`,
    "search: a word of an error": () => "/flows?q=timed",
    "search: a word of one flow": () => "/flows?q=zq",
    "search: a step of one flow": () => "/flows?q=quarant",
    "search: the beginning of an id": () => `/flows?q=${pick().id.slice(0, 16)}`,
    "search: nothing has it": () => "/flows?q=xylophone",
    "search: two words": () => {
      const { name, label } = pick();
      return `/flows?${of({ q: `${name} ${label[1]}` })}`;
    },
    "search: two words, one of an error": () => `/flows?${of({ q: `${pick().name} fail` })}`,
    "the longest": () => "/flows?order=longest",
    "the last to end": () => "/flows?order=last-ended",
    "the last active of a customer": () => `/flows?${of({ order: "last-active", tenant: pick().tenant })}`,
    "the longest of any two filters": () => `/flows?order=longest&${pair()}`,
    "flows of a large customer or status, and a rare name or service": () => `/flows?${worst()}`,
    "the longest of a large customer or status, and a rare name or service": () =>
      `/flows?order=longest&${worst()}`,
    "count of a large customer or status, and a rare name or service": () => `/flows/count?${worst()}`,
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
}
