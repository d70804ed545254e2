/**
 * Never in the way: the time of a request to an Express service under a small load, with Weir and collectors that
 * behave well and badly, beside the same service without Weir. All of them run at once and are asked in turn, so that
 * whatever else the machine does meets each of them alike.
 */
import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Running } from "../e2e/support/processes.ts";
import { freePort } from "../scripts/free-port.ts";
import { type Figure, median, quantile } from "./table.ts";
import { startSink, startWorker } from "./workers.ts";

const WORKER = fileURLToPath(new URL("./service-worker.ts", import.meta.url));
const ROUNDS = 11;
const REQUESTS = 600;
const WARM_UP = 300;
const AT_ONCE = 2;

interface Service {
  what: string;
  running: Running;
  url: string;
  agent: Agent;
}

export async function service(): Promise<Figure[]> {
  const sink = await startSink();
  const absent = `http://127.0.0.1:${await freePort()}/v1/traces`;
  const services: Service[] = [];
  try {
    services.push(
      await start("no Weir", ["off"]),
      await start("a second one without Weir: the noise", ["off"]),
      await start("a good collector", ["weir", sink.good]),
      await start("an absent collector", ["weir", absent]),
      await start("a slow collector (30 s)", ["weir", `${sink.url}/slow`]),
      await start("a hostile collector", ["weir", `${sink.url}/hostile`]),
    );
    for (const one of services) await load(one, WARM_UP);
    const rounds: Times[][] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const times: Times[] = services.map(() => ({ p50: 0, p99: 0 }));
      // Each round begins with another: no one always comes after the same.
      for (let n = 0; n < services.length; n += 1) {
        const at = (n + round) % services.length;
        times[at] = await load(services[at] as Service, REQUESTS);
      }
      rounds.push(times);
    }
    return await Promise.all(services.map((one, at) => figure(one, at, rounds)));
  } finally {
    for (const { running, agent } of services) {
      agent.destroy();
      await running.stop("SIGKILL");
    }
    await sink.stop();
  }
}

interface Times {
  p50: number;
  p99: number;
}

async function figure(one: Service, at: number, rounds: Times[][]): Promise<Figure> {
  const ratio = (share: keyof Times): string =>
    median(rounds.map((times) => (times[at] as Times)[share] / (times[0] as Times)[share])).toFixed(2);
  const ms = (share: keyof Times): string =>
    median(rounds.map((times) => (times[at] as Times)[share])).toFixed(2);
  await one.running.stop("SIGTERM");
  const rss = Number(/rss (\d+)/.exec(one.running.output())?.[1]) / 2 ** 20;
  return {
    what: `a request with ${one.what}`,
    value: `p50 ${ms("p50")} ms, p99 ${ms("p99")} ms`,
    beside: `${ratio("p50")} and ${ratio("p99")} times no Weir; ${rss.toFixed(0)} MB in the end`,
  };
}

async function start(what: string, args: string[]): Promise<Service> {
  const running = startWorker(WORKER, args);
  const [url = ""] = await running.printed(/http:\/\/\S+/);
  return { what, running, url, agent: new Agent({ keepAlive: true, maxSockets: AT_ONCE }) };
}

/** A few clients, each of whom asks, waits for the answer and then a moment. */
async function load(one: Service, requests: number): Promise<Times> {
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let n = 0; n < requests / AT_ONCE; n += 1) {
        times.push(await ask(`${one.url}/import/acme-corp`, one.agent));
        await pause(1);
      }
    }),
  );
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

function ask(url: string, agent: Agent): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const call = request(url, { agent }, (response) => {
      response.resume();
      response.on("end", () => {
        if (response.statusCode === 200) resolve(performance.now() - started);
        else reject(new Error(`expected 200 from the service, got ${response.statusCode}`));
      });
    });
    call.on("error", reject);
    call.end();
  });
}
