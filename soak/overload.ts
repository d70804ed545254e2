/**
 * Far more than a collector can take: hundreds of senders that never wait for their turn. It has to refuse what it
 * can't hold, keep what it acknowledged, go on answering questions, and stay within its memory.
 */
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { startCollector } from "../e2e/support/processes.ts";
import { peakKiB } from "../scripts/process-memory.ts";
import { ATTR } from "../sdk/src/attributes.ts";
import type { Soak } from "./soak.ts";

interface OverloadOptions {
  seconds: number;
  /** Each has one request under way at any time. Default 400: twice the bytes that may be in hand. */
  senders?: number;
}

interface OverloadResult {
  acknowledged: number;
  refused: number;
  /** Questions answered meanwhile. */
  answered: number;
  /** The most memory that the collector had resident, in MiB. */
  peakMiB: number;
  /** Flows of acknowledged requests that are not in the store. Expected: none. */
  missing: string[];
  /** What else went wrong. Expected: nothing. */
  faults: string[];
}

const FLOWS_PER_BODY = 128;
const TENANT = "acme-corp";
/** Stands in the body wherever its number goes. */
const NUMBER = "########";

/** As long as one has time; the tests do a few seconds. */
export const overload: Soak = {
  what: "seconds of a flood",
  count: 60,

  async run({ count, say }) {
    const { acknowledged, refused, answered, peakMiB, missing, faults } = await flood({ seconds: count });
    say(
      `${acknowledged} requests acknowledged, ${refused} refused, ${answered} questions answered, ${peakMiB} MiB`,
    );
    if (missing.length > 0)
      throw new Error(`expected every acknowledged flow to be there, missed ${missing.join(", ")}`);
    if (faults.length > 0) throw new Error(`expected nothing else to go wrong, got ${faults.join("; ")}`);
  },
};

/** Runs a collector of its own and floods it. */
export async function flood({ seconds, senders = 400 }: OverloadOptions): Promise<OverloadResult> {
  const collector = await startCollector({ args: ["--log-level", "error", "--limit-spans-per-second", "0"] });
  const agent = new Agent({ keepAlive: true, maxSockets: senders });
  const until = performance.now() + seconds * 1000;
  const acknowledged: number[] = [];
  const faults: string[] = [];
  let refused = 0;
  let answered = 0;
  let sent = 0;
  const template = body();

  async function send(): Promise<void> {
    while (performance.now() < until) {
      const number = sent++;
      const { status, retryAfter } = await post(collector.url, agent, numbered(template, number));
      if (status === 200) acknowledged.push(number);
      else if ((status === 429 || status === 503) && retryAfter === "1") refused += 1;
      else faults.push(`a sender got ${status}, Retry-After ${retryAfter}`);
      // A flood, but one that leaves the machine to the collector.
      if (status !== 200) await sleep(100);
    }
  }

  async function ask(): Promise<void> {
    while (performance.now() < until) {
      for (const path of ["/healthz", "/api/v1/tenants", "/api/v1/flows?limit=20", "/metrics"]) {
        const response = await fetch(`${collector.url}${path}`);
        if (response.ok) answered += 1;
        else faults.push(`GET ${path}: expected 200, got ${response.status}`);
        await response.arrayBuffer();
      }
      await sleep(50);
    }
  }

  try {
    await Promise.all([ask(), ...Array.from({ length: senders }, send)]);
    const peakMiB = Math.round(peakKiB(collector.pid) / 1024);
    const missing = await missingOf(collector.url, acknowledged);
    return { acknowledged: acknowledged.length, refused, answered, peakMiB, missing, faults };
  } finally {
    agent.destroy();
    await collector.stop();
  }
}

function body(): string {
  const spans = Array.from({ length: FLOWS_PER_BODY }, (_, n) => flowSpans(`${NUMBER}-${n}`, n)).flat();
  const resource = { attributes: [text("service.name", "flood")] };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
}

function flowSpans(id: string, n: number): object[] {
  const identity = [text(ATTR.flowId, id), text(ATTR.flowName, "data_import"), text(ATTR.tenant, TENANT)];
  return ["flow", "read", "validate", "process"].map((name, at) => ({
    traceId: `${NUMBER}${(n + 1).toString(16).padStart(24, "0")}`,
    spanId: `${NUMBER}${(n * 4 + at + 1).toString(16).padStart(8, "0")}`,
    name,
    startTimeUnixNano: `${1_795_341_600_000_000_000n + BigInt(n)}`,
    endTimeUnixNano: `${1_795_341_600_500_000_000n + BigInt(n)}`,
    attributes: [...identity, text(ATTR.kind, at === 0 ? "flow" : "step")],
  }));
}

function text(key: string, value: string): object {
  return { key, value: { stringValue: value } };
}

function numbered(template: string, number: number): Buffer {
  return Buffer.from(template.replaceAll(NUMBER, number.toString(16).padStart(8, "0")));
}

function post(
  url: string,
  agent: Agent,
  payload: Buffer,
): Promise<{ status: number | undefined; retryAfter: string | undefined }> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": payload.length };
    const call = request(`${url}/v1/traces`, { method: "POST", agent, headers }, (response) => {
      response.resume();
      response.on("end", () =>
        resolve({ status: response.statusCode, retryAfter: response.headers["retry-after"] }),
      );
    });
    call.on("error", reject);
    call.end(payload);
  });
}

/** Looks for the first and the last flow of each acknowledged body. */
async function missingOf(url: string, acknowledged: number[]): Promise<string[]> {
  const missing: string[] = [];
  for (const number of acknowledged) {
    const prefix = number.toString(16).padStart(8, "0");
    for (const n of [0, FLOWS_PER_BODY - 1]) {
      const id = `${prefix}-${n}`;
      const response = await fetch(`${url}/api/v1/tenants/${TENANT}/flows/${id}`);
      const flow = (await response.json()) as { status?: string; stepCounts?: { total: number } };
      if (flow.status !== "succeeded" || flow.stepCounts?.total !== 3) missing.push(id);
    }
  }
  return missing;
}
