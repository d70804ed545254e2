/**
 * Never in the way: the time and the CPU of a request to an Express service, with Weir and collectors that behave well
 * and badly, beside the same service without Weir. All of them run at once and are asked in turn, so that whatever else
 * the machine does meets each of them alike.
 *
 * Twice: by a few clients, each of whom waits for its answer, far from all that the service can take; and at a fixed
 * rate, half of what it can take with Weir, whether or not it has answered those before. There a request's time begins
 * when it was to be sent, so that who is late with one is late with those that wait behind it.
 */
import { Agent, request } from "node:http";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Running } from "../e2e/support/processes.ts";
import { freePort } from "../scripts/free-port.ts";
import type { Usage } from "./service-worker.ts";
import { type Figure, median, quantile, whole } from "./table.ts";
import { startSink, startWorker } from "./workers.ts";

const WORKER = fileURLToPath(new URL("./service-worker.ts", import.meta.url));
const ROUNDS = 9;
const WARM_UP = 4000;
/** Of the load by clients that wait. */
const CLIENTS = 2;
const REQUESTS = 600;
/** Of the load at a fixed rate. */
const RATE_SECONDS = 1;
/** At that rate before, not counted: what comes out of a rest is slower for a moment, with Weir and without. */
const RATE_WARM_UP_SECONDS = 3;
const CONNECTIONS = 64;
/** No more are sent a second, however many the service can take: the one who sends has to be in time. */
const HIGHEST_RATE = 2500;
/** What is left to be sent after the last request goes within this time. */
const SENT_MS = 250;

interface Service {
  what: string;
  running: Running;
  url: string;
  agent: Agent;
}

/** Of one load on one service: milliseconds, and microseconds of CPU for a request. */
interface Seen {
  p50: number;
  p99: number;
  cpu: number;
}

export async function service(): Promise<Figure[]> {
  const sink = await startSink();
  const absent = `http://127.0.0.1:${await freePort()}/v1/traces`;
  const services: Service[] = [];
  try {
    services.push(
      await start("no Weir", ["off"]),
      await start("no Weir, a second time: the noise", ["off"]),
      await start("a good collector", ["weir", sink.good]),
      await start("an absent collector", ["weir", absent]),
      await start("a slow collector (30 s)", ["weir", `${sink.url}/slow`]),
      await start("a hostile collector", ["weir", `${sink.url}/hostile`]),
    );
    for (const one of services) await waitingClients(one, CONNECTIONS, WARM_UP, 0);
    const rate = Math.min(HIGHEST_RATE, (await most(services[GOOD] as Service)) / 2);
    const byClients: Seen[][] = [];
    const atRate: Seen[][] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      byClients.push(await inTurn(services, round, 1, (one) => waitingClients(one, CLIENTS, REQUESTS, 1)));
      atRate.push(
        await inTurn(services, round, RATE_SECONDS / (RATE_WARM_UP_SECONDS + RATE_SECONDS), (one) =>
          fixedRate(one, rate),
        ),
      );
    }
    const memory = await Promise.all(services.map(async (one) => (await usage(one)).rss / 2 ** 20));
    return services.flatMap(({ what }, at) => [
      figure(`a request with ${what}; ${CLIENTS} clients that wait`, at, byClients, memory),
      figure(`a request with ${what}; ${whole(rate)} requests a second`, at, atRate, memory),
    ]);
  } finally {
    for (const { running, agent } of services) {
      agent.destroy();
      await running.stop("SIGKILL");
    }
    await sink.stop();
  }
}

/** Where the good collector stands among the services: what its like do to a service is said beside it too. */
const GOOD = 2;

function figure(what: string, at: number, rounds: Seen[][], memory: number[]): Figure {
  const seen = (share: keyof Seen): number => median(rounds.map((all) => (all[at] as Seen)[share]));
  const ratio = (share: keyof Seen, beside: number): string =>
    median(rounds.map((all) => (all[at] as Seen)[share] / (all[beside] as Seen)[share])).toFixed(2);
  const to = (beside: number): string => `${ratio("p50", beside)} and ${ratio("p99", beside)} times`;
  const good = at > GOOD ? `${to(GOOD)} the good one; ` : "";
  return {
    what,
    value: `p50 ${seen("p50").toFixed(2)} ms, p99 ${seen("p99").toFixed(2)} ms, ${seen("cpu").toFixed(0)} µs of CPU`,
    beside: `${to(0)} no Weir; ${good}${memory[at]?.toFixed(0)} MB in the end`,
  };
}

async function start(what: string, args: string[]): Promise<Service> {
  const running = startWorker(WORKER, args);
  const [url = ""] = await running.printed(/http:\/\/\S+/);
  return { what, running, url, agent: new Agent({ keepAlive: true, maxSockets: CONNECTIONS }) };
}

/**
 * Each round begins with another: no one always comes after the same.
 *
 * @param counted the share of requests, the last ones, whose times count
 */
async function inTurn(
  services: Service[],
  round: number,
  counted: number,
  load: (one: Service) => Promise<number[]>,
): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (let n = 0; n < services.length; n += 1) {
    const at = (n + round) % services.length;
    const one = services[at] as Service;
    const before = await usage(one);
    const all = await load(one);
    const times = all.slice(-Math.floor(all.length * counted));
    await pause(SENT_MS);
    const cpu = ((await usage(one)).cpu - before.cpu) / all.length;
    seen[at] = { p50: quantile(times, 0.5), p99: quantile(times, 0.99), cpu };
  }
  return seen;
}

/** Clients, each of whom asks, waits for the answer and then a moment. */
async function waitingClients(
  one: Service,
  clients: number,
  requests: number,
  pauseMs: number,
): Promise<number[]> {
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let n = 0; n < requests / clients; n += 1) {
        times.push(await timed(one, performance.now()));
        if (pauseMs > 0) await pause(pauseMs);
      }
    }),
  );
  return times;
}

/** How many requests a second it can take. */
async function most(one: Service): Promise<number> {
  const started = performance.now();
  await waitingClients(one, CONNECTIONS, WARM_UP, 0);
  return WARM_UP / ((performance.now() - started) / 1000);
}

/** Whoever asks does not wait for answers. */
async function fixedRate(one: Service, rate: number): Promise<number[]> {
  const started = performance.now();
  const asked: Promise<number>[] = [];
  for (let n = 0; n < rate * (RATE_WARM_UP_SECONDS + RATE_SECONDS); n += 1) {
    const due = started + (n / rate) * 1000;
    while (performance.now() < due) await turn();
    const answered = timed(one, due);
    // Whoever fails is heard of at the end, when all have been asked.
    answered.catch(() => {});
    asked.push(answered);
  }
  return await Promise.all(asked);
}

/** @param since when it was to be sent */
async function timed({ url, agent }: Service, since: number): Promise<number> {
  await ask(`${url}/import/acme-corp`, agent);
  return performance.now() - since;
}

async function usage({ url, agent }: Service): Promise<Usage> {
  return JSON.parse(await ask(`${url}/usage`, agent)) as Usage;
}

function ask(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(url, { agent }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => {
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`expected 200 from the service, got ${response.statusCode}`));
      });
    });
    call.on("error", reject);
    call.end();
  });
}
