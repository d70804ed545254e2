/** The worker: takes imports from the queue, and ends their flows. */
import { setup } from "@weir/sdk";
import { bullmqTelemetry, flowProcessor } from "@weir/sdk/bullmq";
import { type Job, UnrecoverableError, Worker } from "bullmq";
import { DuplicateImportError, type ImportFile, importFile, QUEUE } from "./import-file.ts";
import { connect } from "./redis.ts";
import { onStop } from "./stop.ts";

setup({ serviceName: "import-worker" });

const redis = connect(process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379");

const worker = new Worker<ImportFile>(QUEUE, flowProcessor(work, { endFlow: true }), {
  connection: redis,
  telemetry: bullmqTelemetry(),
  concurrency: 8,
});

async function work(job: Job<ImportFile>): Promise<void> {
  try {
    await importFile(job.data);
  } catch (error) {
    // BullMQ tries again whatever is not this.
    if (error instanceof DuplicateImportError) {
      throw Object.assign(new UnrecoverableError(error.message), { cause: error });
    }
    throw error;
  }
}

await worker.waitUntilReady();
console.log("import-worker: waiting for imports");

onStop(async () => {
  await worker.close();
  redis.disconnect();
});
