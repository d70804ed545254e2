// `npm start`: the collector and the demo, together or not at all.
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { flowsOf, until } from "./support/api.ts";
import { type Running, startNode } from "./support/processes.ts";

let folder: string;
let demo: Running | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-start-"));
});

afterEach(async () => {
  await demo?.stop();
  demo = undefined;
  await rm(folder, { recursive: true, force: true });
});

function start(env: Record<string, string> = {}, port = "0", more: string[] = []): Running {
  const args = ["--port", port, "--store", `sqlite:${join(folder, "weir.db")}`, ...more];
  demo = startNode("scripts/start.ts", args, { DEMO_SPEED: "10", DEMO_FAILURES: "0", ...env });
  return demo;
}

async function addressOf(running: Running): Promise<string> {
  const [, address = ""] = await running.printed(/open (http:\/\/\S+)/);
  return address;
}

/** The processes that a process has started. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
}

/** Empty where it has ended meanwhile. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("shows flows of several customers, and takes everything along when it stops", async () => {
  const running = start();
  const address = await addressOf(running);
  await until("flows of three customers that crossed all services", async () => {
    const done = (await flowsOf(address, "?status=succeeded")).filter(
      ({ services }) => services.length === 3,
    );
    return new Set(done.map(({ tenant }) => tenant)).size >= 3;
  });
  const children = childrenOf(running.pid);
  expect(children).toHaveLength(6);

  await running.stop();
  expect(await running.exited).toBe(0);
  expect(children.filter(isAlive)).toEqual([]);
});

test("without Redis says so, and runs with its HTTP part alone", async () => {
  const running = start({ WEIR_REDIS_SERVER: "/nowhere/redis-server" });
  const address = await addressOf(running);
  expect(running.output()).toContain("without Redis the demo runs with its HTTP part alone");
  await until("an import done by the API", async () => {
    return (await flowsOf(address, "?status=succeeded&name=data_import")).length > 0;
  });
});

test("the example of durable orders, and all of its workers, stop too", async () => {
  const running = start({}, "0", ["--example", "durable-order"]);
  const address = await addressOf(running);
  await until("an order that was done", async () => {
    return (await flowsOf(address, "?status=succeeded&name=order")).length > 0;
  });
  const children = childrenOf(running.pid);
  const workers = children
    .flatMap(childrenOf)
    .filter((pid) => pid !== 0 && commandOf(pid).includes("worker.ts"));
  expect(workers.length).toBeGreaterThan(0);

  await running.stop();
  expect(await running.exited).toBe(0);
  await until("the end of the workers", async () => [...children, ...workers].filter(isAlive).length === 0);
});

test("an example that is not there is one line and exit code 2", async () => {
  const running = start({}, "0", ["--example", "orders"]);
  expect(await running.exited).toBe(2);
  expect(running.output().trim()).toBe(
    'weir: expected --example to be one of data-import, durable-order, routine-graph, got "orders"',
  );
});

test("a service that dies is named, and the others stop", async () => {
  const running = start();
  await addressOf(running);
  const children = childrenOf(running.pid);
  process.kill(children.find((pid) => commandOf(pid).includes("worker.ts")) as number, "SIGKILL");
  expect(await running.exited).toBe(1);
  expect(running.output()).toContain("worker ended by itself");
  expect(children.filter(isAlive)).toEqual([]);
});

test("a port in use is one line and exit code 1", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const { port } = other.address() as { port: number };
  const running = start({}, String(port));
  expect(await running.exited).toBe(1);
  expect(running.output().trim().split("\n").at(-1)).toContain(`port ${port} on 127.0.0.1 is in use`);
  other.close();
});
