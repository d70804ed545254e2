// What `npm start` runs: a collector with the example of data imports, or with `npm start -- --example durable-order` that of
// orders whose workers are killed, with `routine-graph` that of a graph of routines. All other arguments are the collector's: `npm start -- --port 5000`.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildPage } from "./build-page.ts";
import { Child, type ChildOptions } from "./child.ts";
import { freePort } from "./free-port.ts";
import { ROOT } from "./run.ts";
import { getSystemParts, REDIS_SERVER } from "./system-parts.ts";

/** Each starts its processes, and says what there is to see. */
const EXAMPLES: Record<string, (address: string) => Promise<string>> = {
  "data-import": startImports,
  "durable-order": startOrders,
  "routine-graph": startRows,
};
const { example, ofCollector } = splitArguments(process.argv.slice(2));

/** In the order of their start; stopped from the end. */
const children: Child[] = [];
/** Deleted in the end. */
const folder = mkdtempSync(join(tmpdir(), "weir-start-"));
let stopping = false;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop(0));

try {
  await start();
} catch (error) {
  if (!stopping) say(error instanceof Error ? error.message : String(error));
  await stop(1);
}

async function start(): Promise<void> {
  const startExample = Object.hasOwn(EXAMPLES, example) ? EXAMPLES[example] : undefined;
  if (startExample === undefined) {
    say(
      `expected --example to be one of ${Object.keys(EXAMPLES).join(", ")}, got ${JSON.stringify(example)}`,
    );
    return await stop(2);
  }
  await buildPage();
  const address = await startCollector();
  const seen = await startExample(address);
  process.stdout.write(`\nweir: ${seen}: open ${address}    (Ctrl-C stops)\n`);
}

function splitArguments(args: string[]): { example: string; ofCollector: string[] } {
  const at = args.indexOf("--example");
  if (at === -1) return { example: "data-import", ofCollector: args };
  return { example: args[at + 1] ?? "", ofCollector: args.toSpliced(at, 2) };
}

async function startImports(address: string): Promise<string> {
  const redisUrl = await startRedis();
  const [checkerPort, apiPort] = [await freePort(), await freePort()];
  const env = {
    WEIR_ENDPOINT: address,
    WEIR_HEARTBEAT_INTERVAL: "2000",
    CHECKER_URL: `http://127.0.0.1:${checkerPort}`,
    API_URL: `http://127.0.0.1:${apiPort}`,
    REDIS_URL: redisUrl ?? "",
  };
  await startService("checker", { ...env, PORT: String(checkerPort) }, /listening/);
  await startService("api", { ...env, PORT: String(apiPort) }, /listening/);
  if (redisUrl !== undefined) await startService("worker", env, /waiting/);
  await startService("traffic", env);
  return "flows of six customers are on their way";
}

/** Ends by itself when all orders have; the collector stays, to look at them. */
async function startOrders(address: string): Promise<string> {
  const env = { WEIR_ENDPOINT: address, WEIR_HEARTBEAT_INTERVAL: "2000", ORDERS_FOLDER: folder };
  await startUntilDone("durable-order", "chaos", env, /orders are in the journal/);
  return "orders are on their way, and their workers are killed";
}

/** Ends by itself when all rows are written. */
async function startRows(address: string): Promise<string> {
  const env = { WEIR_ENDPOINT: address, WEIR_HEARTBEAT_INTERVAL: "2000", ROWS_FOLDER: folder };
  await startUntilDone("routine-graph", "main", env, /catalogue-1 runs/);
  return "a graph of routines is at work on a file of rows";
}

async function startCollector(): Promise<string> {
  const collector = launch({
    name: "collector",
    command: process.execPath,
    args: [join(ROOT, "collector", "bin", "weir.mjs"), "serve", ...ofCollector],
    // So that `--store` is a path from where the command was typed.
    cwd: process.cwd(),
    // It says by itself who it is.
    onLine: (line) => void process.stderr.write(`${line}\n`),
  });
  const found = await collector.says(/listening on (http:\/\/\S+)/);
  // It has said why; its exit code is ours.
  if (found?.[1] === undefined) return await stop(await collector.ended);
  watch(collector);
  return reachable(found[1]);
}

async function startRedis(): Promise<string | undefined> {
  const [program] = await getSystemParts([REDIS_SERVER]);
  if (program === undefined) {
    say("without Redis the demo runs with its HTTP part alone: the API does the worker's part");
    return undefined;
  }
  const port = await freePort();
  const kept = ["--save", "", "--appendonly", "no", "--dir", folder];
  const redis = launch({
    name: "redis",
    command: program,
    args: ["--port", String(port), "--bind", "127.0.0.1", ...kept],
    cwd: folder,
  });
  watch(redis);
  await redis.says(/Ready to accept connections/);
  return `redis://127.0.0.1:${port}`;
}

/** Starts one service of the imports, and waits until it says that it is ready. */
async function startService(file: string, env: Record<string, string>, ready?: RegExp): Promise<void> {
  const service = launchService("data-import", file, env);
  watch(service);
  if (ready !== undefined) await service.says(ready);
}

/** Starts what ends by itself when its work is done, and waits until it has begun. */
async function startUntilDone(of: string, file: string, env: Record<string, string>, begun: RegExp) {
  const found = await launchService(of, file, env).says(begun);
  if (found === undefined) throw new Error(`${file} ended before it had begun: its own lines say why`);
}

function launchService(of: string, file: string, env: Record<string, string>): Child {
  const tell = (line: string) => {
    // While all are stopping, each misses the others.
    if (!stopping) process.stderr.write(`[${file}] ${line}\n`);
  };
  return launch({
    name: file,
    command: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", join("src", `${file}.ts`)],
    cwd: join(ROOT, "examples", of),
    env,
    onLine: tell,
    // Services say there when they are ready; this one what came of its orders.
    ...(of !== "data-import" && { onOutput: tell }),
  });
}

/** @throws where all are being stopped: who comes now would be left over */
function launch(options: ChildOptions): Child {
  if (stopping) throw new Error("stopping");
  const child = new Child(options);
  children.push(child);
  return child;
}

/** All of them, or none. */
function watch(child: Child): void {
  void child.ended.then((code) => {
    if (stopping) return;
    say(`${child.name} ended by itself with exit code ${code}: the others are stopped`);
    void stop(1);
  });
}

async function stop(code: number): Promise<never> {
  if (stopping) return await new Promise(() => {});
  stopping = true;
  // Ctrl-C in a terminal reaches the children too, and a second signal would cut short what the first began.
  await sleep(250);
  const [collector, ...others] = children;
  await Promise.all(others.map((child) => child.stop()));
  // Last, so that it takes what they had still to send.
  await collector?.stop();
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}

/** A collector that listens on every address is found on this one. */
function reachable(address: string): string {
  const url = new URL(address);
  if (url.hostname === "0.0.0.0" || url.hostname === "[::]") url.hostname = "127.0.0.1";
  return url.origin;
}

function say(line: string): void {
  process.stderr.write(`weir: ${line}\n`);
}
