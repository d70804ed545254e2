/**
 * A thousand readers of the live stream on one collector: what each costs, how long a change takes to reach them, and
 * whether one that does not read harms the others. `STREAMS=200 npm run bench -- streams` is fewer.
 */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { liveFlows } from "../collector/src/demo/flows.ts";
import { requestOf, spansBetween } from "../collector/src/demo/spans.ts";
import { startCollector } from "../e2e/support/processes.ts";
import { residentKiB } from "../scripts/process-memory.ts";
import { type Figure, median, quantile, whole } from "./table.ts";

const STREAMS = Number(process.env.STREAMS ?? 1_000);
const TENANTS = 20;
const SECONDS = 15;
/** Flows that begin in a second: each is three or four changes. */
const RATE = 20;

export async function streams(): Promise<Figure[]> {
  const collector = await startCollector();
  const readers: Socket[] = [];
  try {
    const tenants = tenantNames();
    const quiet = { memory: residentKiB(collector.pid), cpu: await cpuShare(collector.pid, 3) };
    const alone = await watch(collector.port, tenants, 1, readers);
    const one = await run(collector.url, collector.pid, alone);
    const all = await watch(collector.port, tenants, STREAMS - 1, readers);
    const stuck = connect(collector.port, "127.0.0.1");
    readers.push(stuck);
    ask(stuck.pause(), "");
    await sleep(1_000);
    const idle = { memory: residentKiB(collector.pid), cpu: await cpuShare(collector.pid, 3) };
    const busy = await run(collector.url, collector.pid, all);
    const perStream = (idle.memory - quiet.memory) / STREAMS;
    return [
      {
        what: `memory of an open stream, of ${whole(STREAMS)}`,
        value: `${perStream.toFixed(1)} KB`,
        beside: `${whole(residentKiB(collector.pid) / 1024)} MB in the end, against ${whole(quiet.memory / 1024)} before the first`,
      },
      {
        what: `CPU of ${whole(STREAMS)} streams of which nothing is said`,
        value: `${(idle.cpu * 100).toFixed(1)} % of a core`,
        beside: `${(quiet.cpu * 100).toFixed(1)} % without`,
      },
      {
        what: `CPU while ${RATE} flows a second begin`,
        value: `${(busy.cpu * 100).toFixed(0)} % of a core`,
        beside: `${(one.cpu * 100).toFixed(0)} % with one reader; ${whole(busy.events)} events were read in ${SECONDS} s`,
      },
      {
        what: "acknowledged span to its event on all streams but the one that is not read",
        value: `${Math.round(median(busy.delays))} ms`,
        beside: `p99 ${Math.round(quantile(busy.delays, 0.99))} ms; with one reader ${Math.round(median(one.delays))}, p99 ${Math.round(quantile(one.delays, 0.99))}`,
      },
    ];
  } finally {
    for (const socket of readers) socket.destroy();
    await collector.stop();
  }
}

interface Watched {
  /** Hears of each flow that any of them hears of. */
  onFlow: (id: string, at: number) => void;
  events: number;
}

/** Opens streams of one customer each. */
async function watch(port: number, tenants: string[], count: number, readers: Socket[]): Promise<Watched> {
  const watched: Watched = { onFlow: () => {}, events: 0 };
  for (let n = 0; n < count; n += 1) {
    const socket = connect(port, "127.0.0.1");
    readers.push(socket);
    ask(socket, `?tenant=${tenants[n % tenants.length]}`);
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      const at = Date.now();
      text += chunk;
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        watched.events += block.includes("event: ") ? 1 : 0;
        const id = /^event: flow\ndata: \{"tenant":"[^"]*","id":"([^"]*)"/m.exec(block)?.[1];
        if (id !== undefined) watched.onFlow(id, at);
      }
    });
    // Not all at once: a listening socket has a queue of its own.
    if (n % 50 === 49) await sleep(20);
  }
  return watched;
}

function ask(socket: Socket, query: string): void {
  socket.on("error", () => {}).write(`GET /api/v1/stream${query} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
}

/** Lets flows begin for a while. */
async function run(
  url: string,
  pid: number,
  watched: Watched,
): Promise<{ cpu: number; delays: number[]; events: number }> {
  const acknowledged = new Map<string, number>();
  const delays: number[] = [];
  watched.onFlow = (id, at) => {
    const since = acknowledged.get(id);
    if (since !== undefined) delays.push(Math.max(0, at - since));
  };
  const next = liveFlows({ tenants: TENANTS, seed: Math.round(Math.random() * 1e6) });
  const before = { events: watched.events, cpu: cpuOf(pid), at: performance.now() };
  for (let n = 0; n < SECONDS * RATE; n += 1) {
    const now = Date.now() * 1000;
    const flow = next(now)[0];
    if (flow === undefined) continue;
    const body = JSON.stringify(requestOf(spansBetween(flow, 0, now + 60_000_000)));
    const headers = { "content-type": "application/json" };
    acknowledged.set(flow.key.id, Number.NaN);
    const answer = await fetch(`${url}/v1/traces`, { method: "POST", headers, body });
    acknowledged.set(flow.key.id, Date.now());
    await answer.arrayBuffer();
    await sleep(Math.max(0, before.at + ((n + 1) * 1000) / RATE - performance.now()));
  }
  await sleep(1_000);
  const seconds = (performance.now() - before.at) / 1000;
  return {
    cpu: (cpuOf(pid) - before.cpu) / seconds,
    // Heard before the answer to the span was: as good as at once.
    delays: delays.map((delay) => (Number.isNaN(delay) ? 0 : delay)),
    events: watched.events - before.events,
  };
}

function tenantNames(): string[] {
  const next = liveFlows({ tenants: TENANTS, seed: 1 });
  const names = new Set<string>();
  for (let n = 0; n < 2_000; n += 1) for (const { key } of next(0)) names.add(key.tenant);
  return [...names];
}

/** Seconds of CPU so far: a hundredth of a second is a tick. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function cpuShare(pid: number, seconds: number): Promise<number> {
  const before = cpuOf(pid);
  await sleep(seconds * 1000);
  return (cpuOf(pid) - before) / seconds;
}
