// The consumer of the seed's "Async task flows": adds its steps to the flow, and ends it.

import { flow, setup, step } from "@weir/sdk";
import { bullmqTelemetry } from "@weir/sdk/bullmq";
import { Worker } from "bullmq";

setup({ serviceName: "worker" });
const connection = { url: process.env["REDIS_URL"] as string };

const worker = new Worker(
  "tasks",
  async () => {
    await step.start("process_data", async () => {});
    await step.start("store_results", async () => {});
    await step.start("send_notification", async () => {});
    flow.end();
    return { status: "success" };
  },
  { connection, telemetry: bullmqTelemetry() },
);
await worker.waitUntilReady();
console.log("ready");
