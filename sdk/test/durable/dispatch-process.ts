/** A BullMQ worker in a process of its own: `node dispatch-process.ts <redis url> <queue> <dies at>`. Prints what it executes. */
import { Queue, Worker } from "bullmq";
import { bullmqDispatch, createScope, flow, redisJournal } from "../../src/durable/index.ts";

const [url = "", queueName = "", diesAt = ""] = process.argv.slice(2);
const connection = { host: "127.0.0.1", port: Number(new URL(url).port), maxRetriesPerRequest: null };
const order = flow({ name: "order" }, async (ctx, n: number) => {
  for (const key of ["charge", "ship", "notify"]) {
    await ctx.run(key, () => {
      console.log(`ran ${n} ${key}`);
      if (key === diesAt) process.kill(process.pid, "SIGKILL");
    });
  }
});
const scope = createScope({ journal: redisJournal({ connection: url }), leaseMs: 300 });
const dispatch = bullmqDispatch(new Queue(queueName, { connection }));
new Worker(queueName, dispatch.processor(scope, { flows: [order] }), {
  connection,
  lockDuration: 300,
  stalledInterval: 100,
  maxStalledCount: 5,
});
