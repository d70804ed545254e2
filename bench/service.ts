/**
 * Never in the way: the time and the CPU of a request to an Express service, with Weir and collectors that behave well
 * and badly, beside the same service without Weir. All of them run at once and are asked in turn, so that whatever else
 * the machine does meets each of them alike.
 *
 * Twice: by a few clients, each of whom waits for its answer, far from all that the service can take; and at a fixed
 * rate, half of what it can take with Weir, whether or not it has answered those before. There a request's time begins
 * when it was to be sent, so that who is late with one is late with those that wait behind it: one pause of ten milliseconds
 * makes the slowest hundredth of its second. Such pauses come to a machine with Weir and without, some seconds apart. So
 * what is told is the median of many seconds, and beside it what all seconds together give.
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
/** Of the load at a fixed rate: each second is a sample. */
const RATE_SECONDS = 12;
/** At that rate before, not counted: what comes out of a rest is slower for a moment, with Weir and without. */
const RATE_WARM_UP_SECONDS = 3;
/** The first of them is not counted either: until then the services have seldom been busy, and are compiled meanwhile. */
const RATE_ROUNDS = 4;
const CONNECTIONS = 64;
/** No more are sent a second, however many the service can take: the one who sends has to be in time. */
const HIGHEST_RATE = 2500;
/** Answers are looked for in between. */
const NAP_MS = 0.2;
const nobody = new Int32Array(new SharedArrayBuffer(4));
/** What is left to be sent after the last request goes within this time. */
const SENT_MS = 250;

interface Service {
  what: string;
  running: Running;
  url: string;
  agent: Agent;
}

/** Of one load on one service. */
interface Seen {
  /** Milliseconds of each request, of each part that is a sample. */
  parts: number[][];
  /** Microseconds of CPU for a request. */
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
      byClients.push(
        await inTurn(services, round, async (one) => [await waitingClients(one, CLIENTS, REQUESTS, 1)]),
      );
    }
    for (let round = 0; round < RATE_ROUNDS; round += 1) {
      const seen = await inTurn(services, round, (one) => fixedRate(one, rate));
      if (round > 0) atRate.push(seen);
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
  const partsOf = (service: number) => rounds.flatMap((all) => (all[service] as Seen).parts);
  const seen = (service: number, share: number) => partsOf(service).map((part) => quantile(part, share));
  const ratio = (share: number, beside: number): string => {
    const others = seen(beside, share);
    return median(seen(at, share).map((each, n) => each / (others[n] as number))).toFixed(2);
  };
  const together = (service: number) => quantile(partsOf(service).flat(), 0.99);
  const to = (beside: number): string => {
    const all = (together(at) / together(beside)).toFixed(2);
    return `${ratio(0.5, beside)} and ${ratio(0.99, beside)} times`.concat(
      partsOf(at).length > rounds.length ? ` (all together ${all})` : "",
    );
  };
  const good = at > GOOD ? `${to(GOOD)} the good one; ` : "";
  const cpu = median(rounds.map((all) => (all[at] as Seen).cpu));
  return {
    what,
    value: `p50 ${median(seen(at, 0.5)).toFixed(2)} ms, p99 ${median(seen(at, 0.99)).toFixed(2)} ms, ${cpu.toFixed(0)} µs of CPU`,
    beside: `${to(0)} no Weir; ${good}${memory[at]?.toFixed(0)} MB in the end`,
  };
}

async function start(what: string, args: string[]): Promise<Service> {
  const running = startWorker(WORKER, args);
  const [url = ""] = await running.printed(/http:\/\/\S+/);
  return { what, running, url, agent: new Agent({ keepAlive: true, maxSockets: CONNECTIONS }) };
}

/** Each round begins with another: no one always comes after the same. */
async function inTurn(
  services: Service[],
  round: number,
  load: (one: Service) => Promise<number[][]>,
): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (let n = 0; n < services.length; n += 1) {
    const at = (n + round) % services.length;
    const one = services[at] as Service;
    const before = await usage(one);
    const parts = await load(one);
    await pause(SENT_MS);
    const after = await usage(one);
    seen[at] = { parts, cpu: (after.cpu - before.cpu) / (after.requests - before.requests) };
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

/**
 * Whoever asks does not wait for answers.
 *
 * @returns the seconds that count
 */
async function fixedRate(one: Service, rate: number): Promise<number[][]> {
  const started = performance.now();
  const seconds: Promise<number>[][] = Array.from({ length: RATE_WARM_UP_SECONDS + RATE_SECONDS }, () => []);
  for (let n = 0; n < rate * seconds.length; n += 1) {
    const due = started + (n / rate) * 1000;
    while (performance.now() < due) {
      // By sleeping: whoever spins takes a processor from the service and its collector.
      Atomics.wait(nobody, 0, 0, Math.min(NAP_MS, due - performance.now()));
      await turn();
    }
    const answered = timed(one, due);
    // Whoever fails is heard of at the end, when all have been asked.
    answered.catch(() => {});
    seconds[Math.floor(n / rate)]?.push(answered);
  }
  const all = await Promise.all(seconds.map((second) => Promise.all(second)));
  return all.slice(RATE_WARM_UP_SECONDS);
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
