/** The way from the API to the worker: a queue in Redis. Without Redis the API does the work itself. */
import { flow } from "@weir/sdk";
import { bullmqTelemetry } from "@weir/sdk/bullmq";
import { Queue } from "bullmq";
import { type ImportFile, importFile, QUEUE } from "./import-file.ts";
import { connect } from "./redis.ts";

const REDIS_URL = process.env["REDIS_URL"];

const redis = REDIS_URL ? connect(REDIS_URL) : undefined;
const queue = redis && new Queue<ImportFile>(QUEUE, { connection: redis, telemetry: bullmqTelemetry() });
if (queue === undefined)
  console.log("import-api: REDIS_URL is not set, imports are done here and not in a worker");

/** Returns when the import is under way. */
export async function submit(file: ImportFile): Promise<void> {
  if (queue === undefined) void importHere(file);
  else await queue.add("import_file", file, { attempts: 3, backoff: { type: "exponential", delay: 1000 } });
}

/** What the worker does, without its second and third attempt. */
async function importHere(file: ImportFile): Promise<void> {
  try {
    await importFile(file);
    flow.end();
  } catch (error) {
    flow.fail(error);
  }
}

export async function closeImports(): Promise<void> {
  await queue?.close();
  redis?.disconnect();
}
