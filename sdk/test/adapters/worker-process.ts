// A worker in a process of its own. Argument: a WorkerPlan as JSON. Prints "active" when it has a job.
import type { Worker } from "bullmq";
import { bullmqTelemetry, flowProcessor } from "../../src/adapters/bullmq.ts";
import { flush, setup } from "../../src/index.ts";

export interface WorkerPlan {
  /** The package to load. */
  bullmq: string;
  queueName: string;
  port: number;
  /** Begins its job, and never ends it. */
  hangs: boolean;
}

const plan = JSON.parse(process.argv[2] ?? "{}") as WorkerPlan;
const bullmq = (await import(plan.bullmq)) as { Worker: typeof Worker };
setup({ serviceName: plan.hangs ? "worker-1" : "worker-2" });

const worker = new bullmq.Worker(
  plan.queueName,
  flowProcessor(
    async () => {
      process.stdout.write("active\n");
      if (plan.hangs) await new Promise(() => {});
    },
    { endFlow: true },
  ),
  {
    connection: { host: "127.0.0.1", port: plan.port, maxRetriesPerRequest: null },
    telemetry: bullmqTelemetry(),
    lockDuration: 200,
    // All workers of a queue look for stalled jobs no more often than one of them did.
    stalledInterval: 50,
  },
);
worker.on("completed", async () => {
  await flush();
  process.exit();
});
