/** A sandboxed processor: BullMQ runs this file in a process of its own. */
import { continueFlow, type SandboxedJob } from "../../src/adapters/bullmq.ts";
import { setup, step } from "../../src/index.ts";

setup({ serviceName: "sandboxed" });

export default (job: SandboxedJob): Promise<void> =>
  continueFlow(job, () =>
    step.start("store", async () => {
      if (job.name === "bad") throw new Error("bad row 7");
      if (job.opts.attempts === 2 && job.attemptsMade === 0) throw new Error("the disk is full");
    }),
  );
