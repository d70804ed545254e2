/** A process that has just begun: none of its processors has run. In a file of its own, for that. */
import { FlowProducer, Worker } from "bullmq";
import { expect, test } from "vitest";
import { startRedis } from "../../../e2e/support/processes.ts";
import { bullmqTelemetry, flowProcessor } from "../../src/adapters/bullmq.ts";
import { flow } from "../../src/index.ts";
import { ended, useRecording } from "./recording.ts";

const recording = useRecording();

test("the first job, failed with no processor asked, ends its flow as all processors here do", async () => {
  const redis = await startRedis();
  recording.closing.push(() => redis.stop());
  const connection = { host: "127.0.0.1", port: redis.port, maxRetriesPerRequest: null };
  const options = { connection, telemetry: bullmqTelemetry() };
  const asked: string[] = [];
  const producer = new FlowProducer(options);
  const whole = new Worker(
    "whole",
    flowProcessor(async (job) => void asked.push(job.name), { endFlow: true }),
    options,
  );
  const parts = new Worker("parts", async () => Promise.reject(new Error("bad row 7")), options);
  recording.closing.push(
    () => producer.close(),
    () => whole.close(),
    () => parts.close(),
  );
  await flow.start({ name: "data_import", tenant: "acme-corp", endOnExit: false }, () =>
    producer.add({
      name: "whole",
      queueName: "whole",
      opts: {},
      children: [{ name: "part", queueName: "parts", opts: { failParentOnFailure: true } }],
    }),
  );
  const seen = await recording.receiver.flowThat(ended);
  expect(seen).toMatchObject({ status: "failed", error: expect.stringMatching(/^child .* failed$/) });
  expect(asked).toEqual([]);
});
