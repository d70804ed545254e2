// The producer of the seed's "Async task flows": opens the flow, queues the task, answers. The flow stays open.

import { flow, setup, step } from "@weir/sdk";
import { bullmqTelemetry } from "@weir/sdk/bullmq";
import { withExpress } from "@weir/sdk/express";
import { Queue } from "bullmq";
import express from "express";

setup({ serviceName: "api" });
const connection = { url: process.env["REDIS_URL"] as string };
const tasks = new Queue("tasks", { connection, telemetry: bullmqTelemetry() });

const app = express();
withExpress(app);
app.use(express.json());

app.post("/process-data/:customer", async (req, res) => {
  const tenant = req.params.customer;
  const id = await flow.start({ name: "async_data_processing", tenant, endOnExit: false }, async (f) => {
    await step.start("validate_request", async () => {});
    await step.start("enqueue_task", async () => {
      await tasks.add("process_data", { customer: tenant, data: req.body });
    });
    return f.id;
  });
  // The flow is still running after this answer.
  res.json({ status: "processing", flow_id: id });
});

const server = app.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === "object" ? address?.port : address}`);
});
