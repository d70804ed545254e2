/** What is over is let go: by servers, clients and workers alike. */
import { once } from "node:events";
import http from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Queue, Worker } from "bullmq";
import express from "express";
import fastify from "fastify";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startRedis } from "../../../e2e/support/processes.ts";
import { bullmqTelemetry, flowProcessor } from "../../src/adapters/bullmq.ts";
import { flowHandler, withExpress } from "../../src/adapters/express.ts";
import { withFastify } from "../../src/adapters/fastify.ts";
import { withHttp } from "../../src/adapters/http.ts";
import { flow, flush, health, setup, shutdown, step } from "../../src/index.ts";
import { type Listening, listen } from "./server.ts";

const MANY = 10_000;
const AT_ONCE = 50;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

let sink: Listening;
/** The handles of all flows, as far as someone still holds them. */
let handles: WeakRef<object>[] = [];

beforeEach(async () => {
  handles = [];
  sink = await listen((request, response) => {
    request.resume().once("end", () => response.setHeader("content-type", "application/json").end("{}"));
  });
  setup({ serviceName: "test", endpoint: sink.url });
});

afterEach(async () => {
  await shutdown();
  await sink.close();
});

function note(): void {
  const current = flow.current();
  if (current !== undefined) handles.push(new WeakRef(current));
}

async function held(): Promise<number> {
  await flush();
  // A WeakRef holds what it was asked for until the turn is over.
  await turn();
  collect();
  return handles.filter((handle) => handle.deref() !== undefined).length;
}

async function inTurns(work: (i: number) => Promise<unknown>, count = MANY): Promise<void> {
  let next = 0;
  const one = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

async function expectNothingLeft(count: number): Promise<void> {
  expect(handles).toHaveLength(count);
  // The last ones may still be on a stack, in a socket that is kept alive, or in a batch.
  await expect.poll(held, { timeout: 10_000 }).toBeLessThan(4 * AT_ONCE);
  expect(health()).toMatchObject({ openFlows: 0, openSteps: 0 });
}

async function post(agent: http.Agent, url: string): Promise<void> {
  const request = http.request(url, { method: "POST", agent }).end();
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  response.resume();
  await once(response, "end");
}

test.each(["Express", "Fastify"])(
  "%s lets go of 10,000 requests, and http of its own",
  async (kind) => {
    const undo = withHttp({ steps: true });
    const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
    const options = { name: "data_import", tenant: "acme-corp" };
    const answer = () => {
      note();
      return step.start("work", () => "done");
    };
    let url: string;
    let close: () => Promise<unknown>;
    if (kind === "Express") {
      const app = withExpress(express());
      app.post(
        "/",
        flowHandler(options, (_req, res) => void res.send(answer())),
      );
      ({ url, close } = await listen(app));
    } else {
      const app = fastify({ forceCloseConnections: true });
      await app.register(withFastify);
      app.post("/", { config: { flow: options } }, async () => answer());
      url = await app.listen();
      close = () => app.close();
    }
    // Half of them continue a flow, in which theirs is a child.
    await inTurns((i) =>
      i % 2 === 0
        ? post(agent, url)
        : flow.start({ name: "order", tenant: "acme-corp" }, () => post(agent, url)),
    );
    await expectNothingLeft(MANY);
    undo();
    agent.destroy();
    await close();
  },
  60_000,
);

test("BullMQ lets go of 2,000 jobs", async () => {
  const redis = await startRedis();
  const connection = { host: "127.0.0.1", port: redis.port, maxRetriesPerRequest: null };
  const queue = new Queue("imports", { connection, telemetry: bullmqTelemetry() });
  const jobs = 2000;
  let done = 0;
  const worker = new Worker(
    "imports",
    flowProcessor(async () => note(), { endFlow: true }),
    { connection, telemetry: bullmqTelemetry(), concurrency: AT_ONCE },
  );
  worker.on("completed", () => done++);
  await inTurns(
    (i) =>
      flow.start({ name: "data_import", tenant: `tenant-${i % 7}`, endOnExit: false }, () =>
        queue.add("import", {}, { removeOnComplete: true }),
      ),
    jobs,
  );
  await expect.poll(() => done, { timeout: 30_000 }).toBe(jobs);
  await expectNothingLeft(jobs);
  await worker.close();
  await queue.close();
  await redis.stop();
}, 60_000);
