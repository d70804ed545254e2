/** The services of `examples/data-import`, each in its own process. */
import { freePort } from "../../scripts/free-port.ts";
import { type Running, startNode } from "./processes.ts";

export interface Demo {
  api: string;
  startWorker(): Promise<Running>;
  stop(): Promise<void>;
}

export interface DemoOptions {
  collector: string;
  redis: string;
  env?: Record<string, string>;
}

const FOLDER = "examples/data-import/src";

/** The API and the checker; the worker is started by itself, so that it can be killed by itself. */
export async function startDemo({ collector, redis, env = {} }: DemoOptions): Promise<Demo> {
  const running: Running[] = [];
  const shared = { WEIR_ENDPOINT: collector, REDIS_URL: redis, DEMO_FAILURES: "0", DEMO_SPEED: "4", ...env };
  const service = async (name: string, more: Record<string, string>, ready: RegExp): Promise<Running> => {
    const started = startNode(`${FOLDER}/${name}.ts`, [], { ...shared, ...more });
    running.push(started);
    await started.printed(ready);
    return started;
  };
  const stop = async () => {
    await Promise.all(running.map((each) => each.stop()));
  };
  const [checkerPort, apiPort] = [await freePort(), await freePort()];
  const checker = `http://127.0.0.1:${checkerPort}`;
  try {
    await service("checker", { PORT: `${checkerPort}` }, /listening/);
    await service("api", { PORT: `${apiPort}`, CHECKER_URL: checker }, /listening/);
  } catch (error) {
    await stop();
    throw error;
  }
  return { api: `http://127.0.0.1:${apiPort}`, startWorker: () => service("worker", {}, /waiting/), stop };
}

/** Sends one file to be imported, and returns the id of its flow. */
export async function importFile(api: string, customer: string, rows = 100): Promise<string> {
  const answer = await fetch(`${api}/import/${customer}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ file: "contacts.csv", rows, plan: "team", region: "eu", source: "upload" }),
  });
  if (answer.status !== 202)
    throw new Error(`import: expected 202, got ${answer.status}: ${await answer.text()}`);
  return ((await answer.json()) as { flow: string }).flow;
}
