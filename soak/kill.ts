/**
 * Kills a collector under load, again and again on one file: whatever it acknowledged must be there after the next
 * start, whole, and nothing may be there by half.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startCollector } from "../e2e/support/processes.ts";
import type { Soak } from "./soak.ts";

export interface KillOptions {
  times: number;
  /** Hears of each round. */
  onRound?: (round: number, acknowledged: number) => void;
}

export interface KillReport {
  kills: number;
  /** Requests of one flow each that were answered with 200. */
  acknowledged: number;
  /** Acknowledged, and not there any more. */
  lost: string[];
  /** There, but without all that was sent of it in one request. */
  half: string[];
  /** Milliseconds from the start of the process until it answers, the longest of all rounds. */
  slowestStartMs: number;
}

/** As long as one has time; the tests do a hundred. */
export const kill: Soak = {
  what: "kills of a collector under load, on one file",
  count: 1000,

  async run({ count, say }) {
    const onRound = (round: number, acknowledged: number) => {
      if (round % 50 === 0) say(`${round} kills; ${acknowledged} flows acknowledged in the last round`);
    };
    const { acknowledged, lost, half, slowestStartMs } = await killUnderLoad({ times: count, onRound });
    say(`${acknowledged} flows acknowledged, the slowest start ${Math.round(slowestStartMs)} ms`);
    if (lost.length > 0)
      throw new Error(`expected every acknowledged flow to be there, missed ${lost.join(", ")}`);
    if (half.length > 0) throw new Error(`expected whole flows, got by half ${half.join(", ")}`);
  },
};

const SENDERS = 8;
const STEPS = 3;
/** A round's load goes on for this long at most; the kill comes at a random moment of it. */
const LOAD_MS = 250;
/** With these a request is so large that one thread decodes it and another writes it. */
const BLANKS = " ".repeat(40_000);

export async function killUnderLoad({ times, onRound }: KillOptions): Promise<KillReport> {
  const folder = mkdtempSync(join(tmpdir(), "weir-kill-"));
  const path = join(folder, "weir.db");
  const report: KillReport = { kills: 0, acknowledged: 0, lost: [], half: [], slowestStartMs: 0 };
  try {
    let before: string[] = [];
    for (let round = 1; round <= times + 1; round += 1) {
      const started = performance.now();
      const collector = await startCollector({ path });
      try {
        report.slowestStartMs = Math.max(report.slowestStartMs, performance.now() - started);
        await check(collector.url, round - 1, before, report);
        if (round > times) break;
        const load = send(collector.url, round);
        await sleep(Math.random() * LOAD_MS);
        await collector.stop("SIGKILL");
        before = await load;
      } finally {
        await collector.stop("SIGKILL");
      }
      report.kills += 1;
      report.acknowledged += before.length;
      onRound?.(round, before.length);
    }
    return report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Sends one flow a request until the collector is gone; what was answered with 200 is given back. */
async function send(url: string, round: number): Promise<string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  const acknowledged: string[] = [];
  let next = 0;
  const sender = async () => {
    for (;;) {
      const large = next % 2 === 1;
      const id = `${round}-${next++}`;
      const body = flowBody(id, round) + (large ? BLANKS : "");
      const status = await post(url, agent, body).catch(() => 0);
      if (status === 200) acknowledged.push(id);
      else return;
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  agent.destroy();
  return acknowledged;
}

function post(url: string, agent: Agent, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const call = request(`${url}/v1/traces`, { method: "POST", agent, headers }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
      response.on("error", reject);
    });
    call.on("error", reject);
    call.end(body);
  });
}

function flowBody(id: string, round: number): string {
  const [, n = ""] = id.split("-");
  const start = 1_790_000_000_000 + round * 1000;
  const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const span = (at: number, name: string, kind: string) => ({
    traceId: "1".repeat(32),
    spanId: `${round.toString(16).padStart(6, "0")}${Number(n).toString(16).padStart(9, "0")}${at + 1}`,
    name,
    startTimeUnixNano: `${start + at}000000`,
    endTimeUnixNano: `${start + at + 1}000000`,
    attributes: [
      attribute("weir.kind", kind),
      attribute("weir.flow.id", id),
      attribute("weir.flow.name", "import"),
      attribute("weir.tenant", `round-${round}`),
      attribute("weir.label.n", n),
    ],
  });
  const steps = Array.from({ length: STEPS }, (_, at) => span(at, `step-${at}`, "step"));
  return JSON.stringify({
    resourceSpans: [{ scopeSpans: [{ spans: [...steps, span(STEPS, "import", "flow")] }] }],
  });
}

interface FoundFlow {
  id: string;
  status: string;
  stepCounts: { succeeded: number };
  labels: Record<string, string>;
}

async function check(url: string, round: number, acknowledged: string[], report: KillReport): Promise<void> {
  const found = new Map<string, FoundFlow>();
  let cursor = "";
  do {
    const answer = await fetch(`${url}/api/v1/tenants/round-${round}/flows?limit=500${cursor}`);
    const { flows, nextCursor } = (await answer.json()) as { flows: FoundFlow[]; nextCursor: string | null };
    for (const flow of flows) found.set(flow.id, flow);
    cursor = nextCursor === null ? "" : `&cursor=${nextCursor}`;
  } while (cursor !== "");
  for (const id of acknowledged) if (!found.has(id)) report.lost.push(id);
  for (const { id, status, stepCounts, labels } of found.values()) {
    const whole = status === "succeeded" && stepCounts.succeeded === STEPS && labels.n === id.split("-")[1];
    if (!whole) report.half.push(id);
  }
}
