import * as bullmq from "bullmq";
import * as bullmq5 from "bullmq5";
import { expect, test } from "vitest";
import { flowProcessor } from "../../src/adapters/bullmq.ts";
import { type QueueKind, queueContract } from "./queue.contract.ts";

// What the tests use of both majors is the same.
queueContract({ ...(bullmq5 as unknown as QueueKind), name: "BullMQ 5", module: "bullmq5" });
queueContract({ ...bullmq, name: "BullMQ 6", module: "bullmq" });

test("a processor's length is kept, as BullMQ reads it", () => {
  expect(flowProcessor(async (_job, _token, _signal) => {}).length).toBe(3);
  expect(flowProcessor(async (_job) => {}).length).toBe(1);
});
