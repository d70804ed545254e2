/** Enqueued runs through BullMQ, on a real Redis. */
import { fileURLToPath } from "node:url";
import { Queue, QueueEvents, Worker } from "bullmq";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningRedis, startProgram, startRedis } from "../../../e2e/support/processes.ts";
import { bullmqDispatch, flow, type Journal, redisJournal } from "../../src/durable/index.ts";
import { scopeOn } from "./places.ts";

let redis: RunningRedis;
let journal: Journal;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  redis = await startRedis();
  journal = redisJournal({ connection: redis.url });
});
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
  await journal.close();
  await redis.stop();
});

async function queueOf(name: string) {
  const connection = { host: "127.0.0.1", port: redis.port, maxRetriesPerRequest: null };
  const queue = new Queue(name, { connection });
  const events = new QueueEvents(name, { connection });
  await events.waitUntilReady();
  closing.push(
    () => queue.close(),
    () => events.close(),
  );
  const ended = new Promise<string>((resolve) => {
    events.on("completed", () => resolve("completed"));
    events.on("failed", ({ failedReason }) => resolve(failedReason));
  });
  return { connection, queue, ended };
}

test("a job's retry goes on with the run: finished steps are not repeated, the last failure undoes", async () => {
  const { connection, queue, ended } = await queueOf("retries");
  const log: string[] = [];
  const order = flow({ name: "order" }, async (ctx, shipsAt: number) => {
    await ctx.run("charge", () => void log.push("charge"));
    ctx.onRollback(() => void log.push("refund"));
    await ctx.run("ship", ({ attempt }) => {
      log.push(`ship ${attempt}`);
      if (attempt < shipsAt) throw new Error("no truck");
    });
  });
  const dispatch = bullmqDispatch(queue, { attempts: 3 });
  const scope = scopeOn(journal, { dispatch });
  const worker = new Worker("retries", dispatch.processor(scope, { flows: [order] }), { connection });
  closing.push(() => worker.close());
  await scope.enqueue(order, 3, { id: "o:1", tenant: "acme-corp" });
  await scope.enqueue(order, 3, { id: "o:1", tenant: "acme-corp" });
  expect(await ended).toBe("completed");
  expect(log.splice(0)).toEqual(["charge", "ship 1", "ship 2", "ship 3"]);
  expect(await journal.read("o:1")).toMatchObject({ status: "succeeded", attempt: 3, tenant: "acme-corp" });
  await scope.enqueue(order, 9, { id: "o:2" });
  await expect.poll(async () => (await journal.read("o:2"))?.status, { timeout: 5000 }).toBe("failed");
  expect(log).toEqual(["charge", "ship 1", "ship 2", "ship 3", "refund"]);
});

test("the process of a job dies: another goes on after the last step that was finished", {
  timeout: 30_000,
}, async () => {
  const { queue, ended } = await queueOf("deaths");
  const order = flow({ name: "order" }, (_ctx, _n: number) => {});
  const scope = scopeOn(journal, { dispatch: bullmqDispatch(queue) });
  const program = fileURLToPath(new URL("./dispatch-process.ts", import.meta.url));
  const first = startProgram(process.execPath, [program, redis.url, "deaths", "ship"]);
  await scope.enqueue(order, 7, { id: "o:3" });
  await first.exited;
  const second = startProgram(process.execPath, [program, redis.url, "deaths"]);
  closing.push(() => second.stop());
  expect(await ended).toBe("completed");
  const ran = (output: string) => [...output.matchAll(/^ran 7 (\w+)$/gm)].map(([, key]) => key);
  expect(ran(first.output())).toEqual(["charge", "ship"]);
  expect(ran(second.output())).toEqual(["ship", "notify"]);
  expect(await journal.read("o:3")).toMatchObject({ status: "succeeded" });
});

test("a run that sleeps lets its job succeed, and the scope wakes it", async () => {
  const { connection, queue, ended } = await queueOf("sleeps");
  const sleepy = flow({ name: "sleepy" }, async (ctx) => {
    await ctx.sleep(300);
    return await ctx.run("a", () => "awake");
  });
  const dispatch = bullmqDispatch(queue);
  const scope = scopeOn(journal, { dispatch, parkAfter: 50 });
  const worker = new Worker("sleeps", dispatch.processor(scope, { flows: [sleepy] }), { connection });
  closing.push(() => worker.close());
  await scope.enqueue(sleepy, undefined, { id: "s:1" });
  expect(await ended).toBe("completed");
  expect(await journal.read("s:1")).toMatchObject({ status: "running" });
  expect(await scope.exec(sleepy, undefined, { id: "s:1" })).toBe("awake");
});
