/** What a queue adapter promises, over the majors of BullMQ. */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type * as bullmq from "bullmq";
import type { Job, JobsOptions, Queue, Worker } from "bullmq";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Running, type RunningRedis, startNode, startRedis } from "../../../e2e/support/processes.ts";
import { bullmqTelemetry, type FlowProcessorOptions, flowProcessor } from "../../src/adapters/bullmq.ts";
import { checkWaits } from "../../src/adapters/bullmq-watch.ts";
import { flow, step } from "../../src/index.ts";
import { outline, type SeenFlow } from "./receiver.ts";
import { ended, useRecording } from "./recording.ts";
import type { WorkerPlan } from "./worker-process.ts";

export type QueueKind = {
  name: string;
  /** What its package is called here. */
  module: string;
} & Pick<typeof bullmq, "Queue" | "Worker" | "FlowProducer" | "DelayedError" | "UnrecoverableError">;

/** A time at which everything that is looked after is due. */
const AT_LAST = Number.POSITIVE_INFINITY;

export function queueContract(kind: QueueKind): void {
  describe(`${kind.name}: the contract of queues`, () => {
    const recording = useRecording();
    let redis: RunningRedis;
    let queue: Queue;
    let queueName: string;
    let tests = 0;

    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());

    beforeEach(() => {
      queueName = `imports-${++tests}`;
      queue = makeQueue(queueName);
    });

    function makeQueue(name: string): Queue {
      const made = new kind.Queue(name, { connection: connection(), telemetry: bullmqTelemetry() });
      recording.closing.push(() => made.close());
      return made;
    }

    function connection() {
      return { host: "127.0.0.1", port: redis.port, maxRetriesPerRequest: null };
    }

    /** A worker, once it is connected. */
    async function work(
      processor: (job: Job, token?: string) => Promise<unknown>,
      options: FlowProcessorOptions & { concurrency?: number } = { endFlow: true },
      name = queueName,
    ): Promise<Worker> {
      const { concurrency = 1, ...flowOptions } = options;
      return started(
        new kind.Worker(name, flowProcessor(processor, flowOptions), {
          connection: connection(),
          telemetry: bullmqTelemetry(),
          concurrency,
        }),
      );
    }

    async function started(worker: Worker): Promise<Worker> {
      recording.closing.push(() => worker.close());
      await worker.waitUntilReady();
      return worker;
    }

    /** A worker whose processor is a file, which BullMQ runs in a process of its own. */
    function workInSandbox(): Promise<Worker> {
      const file = fileURLToPath(new URL("./sandboxed.ts", import.meta.url));
      return started(
        new kind.Worker(queueName, file, {
          connection: connection(),
          telemetry: bullmqTelemetry({ endFlow: true, sandboxed: true }),
          workerForkOptions: {
            execArgv: [],
            env: { PATH: process.env["PATH"], WEIR_ENDPOINT: recording.receiver.endpoint },
          },
        }),
      );
    }

    /** A flow that is left open, with one job in it. */
    function addInFlow(tenant: string, options: JobsOptions = {}, name = "import"): Promise<Job> {
      return flow.start({ name: "data_import", tenant, endOnExit: false }, () =>
        queue.add(name, {}, options),
      );
    }

    /** The flow of a tenant, once something has waited in it. */
    function flowOf(tenant: string): Promise<SeenFlow> {
      return recording.receiver.flowThat((seen) => seen.tenant === tenant && seen.steps.length > 0);
    }

    /** Lines without the number of the test's queue. */
    function lines(seen: SeenFlow | undefined): string[] {
      return seen === undefined ? [] : outline(seen).map((line) => line.replaceAll(queueName, "imports"));
    }

    test("a job belongs to the flow it was added in, and ends it", async () => {
      await work(() => step.start("process", () => step.start("store", async () => "stored")));
      const job = await addInFlow("acme-corp");
      const seen = await recording.receiver.flowThat(ended);
      expect(seen).toMatchObject({ id: expect.any(String), tenant: "acme-corp", status: "succeeded" });
      expect(lines(seen)).toEqual(["imports (queue)", "  import", "    process", "      store"]);
      await expect.poll(() => job.getState()).toBe("completed");
    });

    test("the queue step is open while the job waits", async () => {
      await addInFlow("acme-corp");
      const waiting = await recording.receiver.flowThat((flow) => flow.steps.length > 0);
      expect(lines(waiting)).toEqual(["imports (queue, running)"]);

      await work(async () => {});
      const seen = await recording.receiver.flowThat(ended);
      expect(lines(seen)).toEqual(["imports (queue)", "  import"]);
    });

    test("a delayed job waits as long as it was told to", async () => {
      await work(async () => {});
      await addInFlow("acme-corp", { delay: 300 });
      const [wait] = (await recording.receiver.flowThat(ended)).steps;
      expect((wait?.endedAt ?? 0) - (wait?.startedAt ?? 0)).toBeGreaterThanOrEqual(295);
    });

    test("attempts are numbered, wait in between, and a later one that succeeds ends the flow", async () => {
      await work(async (job) => {
        if (job.attemptsMade < 2)
          await step.start("store", () => Promise.reject(new Error("the disk is full")));
      });
      await addInFlow("acme-corp", { attempts: 3, backoff: 20 });
      const seen = await recording.receiver.flowThat(ended);
      expect(seen.status).toBe("succeeded");
      expect(lines(seen)).toEqual([
        "imports (queue)",
        "  import (failed)",
        "    store (failed)",
        "  imports (queue, attempt 2)",
        "  import (attempt 2, failed)",
        "    store (failed)",
        "  imports (queue, attempt 3)",
        "  import (attempt 3)",
      ]);
    });

    test("retries without a delay wait and are numbered too", async () => {
      await work(async (job) => {
        if (job.attemptsMade === 0) throw new Error("once");
      });
      await addInFlow("acme-corp", { attempts: 2 });
      expect(lines(await recording.receiver.flowThat(ended))).toEqual([
        "imports (queue)",
        "  import (failed)",
        "  imports (queue, attempt 2)",
        "  import (attempt 2)",
      ]);
    });

    test("endFlow fails the flow with the error of the last attempt, and not before", async () => {
      const statuses: string[] = [];
      await work(async (job) => {
        const [seen] = await recording.receiver.flows();
        statuses.push(seen?.status ?? "unseen");
        throw new Error(`attempt ${job.attemptsMade + 1}`);
      });
      await addInFlow("acme-corp", { attempts: 2, backoff: 20 });
      const seen = await recording.receiver.flowThat(ended);
      expect(statuses).toEqual(["running", "running"]);
      expect(seen).toMatchObject({ status: "failed", error: "attempt 2" });
    });

    test("an unrecoverable error is the last attempt", async () => {
      await work(async () => {
        throw new kind.UnrecoverableError("no such customer");
      });
      await addInFlow("acme-corp", { attempts: 5 });
      expect(await recording.receiver.flowThat(ended)).toMatchObject({
        status: "failed",
        error: "no such customer",
      });
    });

    test("without endFlow the flow stays open", async () => {
      const worker = await work(async () => {}, {});
      const done = new Promise((resolve) => worker.once("completed", resolve));
      await addInFlow("acme-corp");
      await done;
      const [seen] = await recording.receiver.flows();
      expect(seen?.status).toBe("running");
      expect(lines(seen as never)).toEqual(["imports (queue)", "  import"]);
    });

    test("a job that puts itself off has not failed", async () => {
      let runs = 0;
      await work(async (job, token) => {
        if (++runs > 1) return;
        await job.moveToDelayed(Date.now() + 50, token);
        throw new kind.DelayedError();
      });
      await addInFlow("acme-corp");
      const seen = await recording.receiver.flowThat(ended);
      expect(seen.status).toBe("succeeded");
      expect(lines(seen)).toEqual([
        "imports (queue)",
        "  import (cancelled)",
        "  imports (queue)",
        "  import",
      ]);
    });

    test("a job outside any flow is left as it was", async () => {
      const flows: unknown[] = [];
      const worker = await work(async () => {
        flows.push(flow.current());
        return "result";
      });
      const done = new Promise<unknown>((resolve) =>
        worker.once("completed", (_job, result) => resolve(result)),
      );
      const job = await queue.add("import", { rows: 7 });
      expect(await done).toBe("result");
      expect(job.opts.telemetry).toBeUndefined();
      expect(flows).toEqual([undefined]);
      expect(await recording.receiver.flows()).toEqual([]);
      expect(recording.receiver.strangers()).toBe(0);
    });

    test("a worker made in a flow does not put its jobs into that", async () => {
      const current: unknown[] = [];
      await flow.start({ name: "deploy", tenant: "us" }, () =>
        work(async () => void current.push(flow.current()?.name)),
      );
      await queue.add("import", {});
      await addInFlow("acme-corp");
      await recording.receiver.flowThat((flow) => flow.name === "data_import" && ended(flow));
      expect(current).toEqual([undefined, "data_import"]);
    });

    test("jobs of many tenants at once keep apart", async () => {
      await work(
        (job) =>
          step.start("process", async () => {
            const before = flow.current()?.tenant;
            await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
            if (flow.current()?.tenant !== before || before !== job.data.tenant) throw new Error("mixed up");
            if (job.attemptsMade === 0 && Number(before?.slice(7)) % 5 === 0)
              throw new Error("first attempt");
          }),
        { endFlow: true, concurrency: 20 },
      );
      const tenants = Array.from({ length: 60 }, (_, i) => `tenant-${i}`);
      await Promise.all(
        tenants.map((tenant) =>
          flow.start({ name: "data_import", tenant, endOnExit: false }, () =>
            queue.add("import", { tenant }, { attempts: 2 }),
          ),
        ),
      );
      await expect
        .poll(async () => (await recording.receiver.flows()).filter(ended).length, { timeout: 9000 })
        .toBe(60);
      for (const seen of await recording.receiver.flows()) {
        expect(seen.status).toBe("succeeded");
        expect(seen.steps.length).toBe(Number(seen.tenant.slice(7)) % 5 === 0 ? 6 : 3);
      }
    });

    test("each job of a bulk add waits for itself, and is no attempt of another", async () => {
      await flow.start({ name: "data_import", tenant: "acme-corp", endOnExit: false }, () =>
        step.start("split", () =>
          queue.addBulk([
            { name: "part", data: { fails: true }, opts: { attempts: 2 } },
            { name: "part", data: {} },
          ]),
        ),
      );
      const waiting = await recording.receiver.flowThat((flow) => flow.steps.length === 3);
      expect(lines(waiting)).toEqual(["split", "  imports (queue, running)", "  imports (queue, running)"]);

      await work(
        async (job) => {
          if (job.data.fails === true && job.attemptsMade === 0) throw new Error("once");
        },
        { concurrency: 2 },
      );
      const seen = await recording.receiver.flowThat(
        (flow) => flow.steps.filter(({ name }) => name === "part").length === 3,
      );
      expect(lines(seen).sort()).toEqual(
        [
          "split",
          "  imports (queue)",
          "    part (failed)",
          "    imports (queue, attempt 2)",
          "    part (attempt 2)",
          "  imports (queue)",
          "    part",
        ].sort(),
      );
    });

    test("jobs of a BullMQ flow belong to ours, parents and children", async () => {
      const producer = new kind.FlowProducer({ connection: connection(), telemetry: bullmqTelemetry() });
      recording.closing.push(() => producer.close());
      await flow.start({ name: "data_import", tenant: "acme-corp", endOnExit: false }, () =>
        producer.add({
          name: "whole",
          queueName,
          opts: {},
          children: [{ name: "part", queueName, opts: {} }],
        }),
      );
      const waiting = await recording.receiver.flowThat((flow) => flow.steps.length === 2);
      expect(lines(waiting)).toEqual(["imports (queue, running)", "imports (queue, running)"]);

      await work(async () => {});
      const seen = await recording.receiver.flowThat(({ steps }) =>
        steps.some(({ name, status }) => name === "whole" && status !== "running"),
      );
      expect(lines(seen).sort()).toEqual(["  part", "  whole", "imports (queue)", "imports (queue)"]);
    });

    test("a job added by a job hangs under that job's step", async () => {
      await work(async (job) => {
        if (job.name === "first") await step.start("hand on", () => queue.add("second", {}));
      }, {});
      await addInFlow("acme-corp", {}, "first");
      const seen = await recording.receiver.flowThat(({ steps }) =>
        steps.some(({ name, status }) => name === "second" && status !== "running"),
      );
      expect(lines(seen)).toEqual([
        "imports (queue)",
        "  first",
        "    hand on",
        "      imports (queue)",
        "        second",
      ]);
    });

    test("a worker's telemetry alone continues the flow", async () => {
      const seenIn: unknown[] = [];
      const worker = new kind.Worker(queueName, async () => void seenIn.push(flow.current()?.tenant), {
        connection: connection(),
        telemetry: bullmqTelemetry(),
      });
      recording.closing.push(() => worker.close());
      const done = new Promise((resolve) => worker.once("completed", resolve));
      await addInFlow("acme-corp");
      await done;
      expect(seenIn).toEqual(["acme-corp"]);
      expect(lines((await recording.receiver.flows())[0] as never)).toEqual(["imports (queue)"]);
    });

    test("a worker without telemetry runs the job all the same, and is told what is missing", async () => {
      const worker = new kind.Worker(
        queueName,
        flowProcessor(async () => flow.current()?.tenant ?? "none"),
        { connection: connection() },
      );
      recording.closing.push(() => worker.close());
      const done = new Promise<unknown>((resolve) =>
        worker.once("completed", (_job, result) => resolve(result)),
      );
      await addInFlow("acme-corp");
      expect(await done).toBe("none");
      expect(recording.diagnostics).toEqual([expect.stringContaining("telemetry: bullmqTelemetry()")]);
    });

    test("a stalled job that another picks up is a further attempt", async () => {
      let runs = 0;
      const hung = Promise.withResolvers<void>();
      const processor = flowProcessor(
        async () => {
          if (++runs === 1) await hung.promise;
        },
        { endFlow: true },
      );
      const options = { connection: connection(), telemetry: bullmqTelemetry(), stalledInterval: 50 };
      const stuck = new kind.Worker(queueName, processor, {
        ...options,
        lockDuration: 50,
        skipLockRenewal: true,
      });
      // The first finds that its job is no longer its own.
      stuck.on("error", () => {});
      await addInFlow("acme-corp");
      await expect.poll(() => runs).toBe(1);
      const other = new kind.Worker(queueName, processor, options);
      recording.closing.push(
        () => stuck.close(),
        () => other.close(),
      );
      const seen = await recording.receiver.flowThat(ended);
      hung.resolve();
      expect(seen.status).toBe("succeeded");
      expect(lines(seen)).toEqual([
        "imports (queue)",
        "  import (running)",
        "  imports (queue, attempt 2)",
        "  import (attempt 2)",
      ]);
    });

    test("a job whose worker process died waits from when the queue knew of that until another has it", {
      timeout: 30_000,
    }, async () => {
      function startWorker(hangs: boolean): Running {
        const plan: WorkerPlan = { bullmq: kind.module, queueName, port: redis.port, hangs };
        const worker = startNode("sdk/test/adapters/worker-process.ts", [JSON.stringify(plan)], {
          WEIR_ENDPOINT: recording.receiver.endpoint,
        });
        recording.closing.push(() => worker.stop("SIGKILL"));
        return worker;
      }
      const doomed = startWorker(true);
      await addInFlow("acme-corp");
      await recording.receiver.flowThat(({ steps }) => steps.some(({ name }) => name === "import"));
      await doomed.stop("SIGKILL");

      // Looks for stalled jobs, and takes none.
      const checker = new kind.Worker(queueName, null, { connection: connection(), stalledInterval: 50 });
      recording.closing.push(() => checker.close());
      const stalled = new Promise((resolve) => checker.once("stalled", resolve));
      void checker.startStalledCheckTimer();
      await stalled;
      const waitedAtLeast = 400;
      await sleep(waitedAtLeast);
      startWorker(false);
      const seen = await recording.receiver.flowThat(ended);
      expect(lines(seen)).toEqual([
        "imports (queue)",
        "  import (running)",
        "  imports (queue, attempt 2)",
        "  import (attempt 2)",
      ]);
      const wait = seen.steps.find(({ kind: of, attempt }) => of === "queue" && attempt === 2);
      expect((wait?.endedAt ?? 0) - (wait?.startedAt ?? 0)).toBeGreaterThanOrEqual(waitedAtLeast);
    });

    test("schedules do not inherit the flow of the job before", async () => {
      await queue.upsertJobScheduler("tick", { every: 50 }, { name: "tick", data: {} });
      const flowsOfTicks: unknown[] = [];
      await work(async (job) => {
        if (job.name === "tick") flowsOfTicks.push(flow.current());
      });
      for (let i = 0; i < 5; i++) {
        await addInFlow("acme-corp");
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
      await expect.poll(() => flowsOfTicks.length).toBeGreaterThan(3);
      await queue.removeJobScheduler("tick");
      expect(new Set(flowsOfTicks)).toEqual(new Set([undefined]));
    });

    test("a job whose id is there already is shown as not added, and waits in no flow", async () => {
      await addInFlow("acme-corp", { jobId: "order-7" });
      await addInFlow("globex", { jobId: "order-7" });
      const other = await recording.receiver.flowThat(
        ({ tenant, steps }) => tenant === "globex" && steps.length > 0,
      );
      expect(lines(other)).toEqual(["imports (queue, cancelled)"]);
      const first = await recording.receiver.flowThat(({ tenant }) => tenant === "acme-corp");
      expect(lines(first)).toEqual(["imports (queue, running)"]);
      expect(recording.receiver.wire()).toContain("the job was not added");

      await work(async () => {});
      const done = await recording.receiver.flowThat((seen) => seen.tenant === "acme-corp" && ended(seen));
      expect(lines(done)).toEqual(["imports (queue)", "  import"]);
    });

    test("adding a job twice in one flow leaves the wait that is there", async () => {
      const twice = () => queue.add("import", {}, { jobId: "order-7" });
      await flow.start({ name: "data_import", tenant: "acme-corp", endOnExit: false }, async () => {
        await twice();
        await twice();
        await step.start("again", twice);
      });
      await work(async () => {});
      const seen = await recording.receiver.flowThat(ended);
      expect(lines(seen).sort()).toEqual(["  import", "again", "imports (queue)"].sort());
    });

    test("a job of one's own id that is done and removed at once keeps its wait", async () => {
      await work(async () => {});
      await addInFlow("acme-corp", { jobId: "order-7", removeOnComplete: true });
      const seen = await recording.receiver.flowThat(
        ({ status, steps }) => status !== "running" && steps.length === 2,
      );
      expect(lines(seen)).toEqual(["imports (queue)", "  import"]);
    });

    test("a deduplicated job is not added either", async () => {
      await addInFlow("acme-corp", { deduplication: { id: "acme", ttl: 60_000 } });
      await addInFlow("globex", { deduplication: { id: "acme", ttl: 60_000 } });
      const other = await recording.receiver.flowThat(
        ({ tenant, steps }) => tenant === "globex" && steps.length > 0,
      );
      expect(lines(other)).toEqual(["imports (queue, cancelled)"]);
    });

    test("a debounced job waits until a newer one replaces it, which waits in turn", async () => {
      const options = { deduplication: { id: "acme", ttl: 60_000, replace: true }, delay: 60_000 };
      await addInFlow("acme-corp", options);
      expect(lines(await flowOf("acme-corp"))).toEqual(["imports (queue, running)"]);

      const job = await addInFlow("globex", options);
      expect(lines(await flowOf("globex"))).toEqual(["imports (queue, running)"]);
      const replaced = await recording.receiver.flowThat(
        ({ tenant, steps }) => tenant === "acme-corp" && steps.every(ended),
      );
      expect(lines(replaced)).toEqual(["imports (queue, cancelled)"]);
      expect(recording.receiver.wire()).toContain("a newer one has replaced it");

      await work(async () => {});
      await job.promote();
      const seen = await recording.receiver.flowThat(ended);
      expect([seen.tenant, ...lines(seen)]).toEqual(["globex", "imports (queue)", "  import"]);
    });

    test("what would replace a job that is active is not added", async () => {
      const first = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      await work(async () => {
        begun.resolve();
        await first.promise;
      });
      const options = { deduplication: { id: "acme", replace: true } };
      await addInFlow("acme-corp", options);
      await begun.promise;
      await addInFlow("globex", options);
      expect(lines(await flowOf("globex"))).toEqual(["imports (queue, cancelled)"]);
      first.resolve();
      const seen = await recording.receiver.flowThat(ended);
      expect([seen.tenant, ...lines(seen)]).toEqual(["acme-corp", "imports (queue)", "  import"]);
    });

    test("a job that is kept for later waits from when it was added, until a newer one is kept", async () => {
      const first = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      await work(async (job) => {
        begun.resolve();
        if (job.name === "first") await first.promise;
      });
      const options = { deduplication: { id: "acme", keepLastIfActive: true } };
      await addInFlow("acme-corp", options, "first");
      await begun.promise;
      await addInFlow("initech", options);
      expect(lines(await flowOf("initech"))).toEqual(["imports (queue, running)"]);

      await addInFlow("globex", options);
      expect(lines(await flowOf("globex"))).toEqual(["imports (queue, running)"]);
      const replaced = await recording.receiver.flowThat(
        ({ tenant, steps }) => tenant === "initech" && steps.every(ended),
      );
      expect(lines(replaced)).toEqual(["imports (queue, cancelled)"]);

      first.resolve();
      const seen = await recording.receiver.flowThat(
        ({ tenant, status }) => tenant === "globex" && status !== "running",
      );
      expect(lines(seen)).toEqual(["imports (queue)", "  import"]);
    });

    test("a job that is removed while it waits leaves no wait open", async () => {
      const job = await addInFlow("acme-corp");
      await addInFlow("globex");
      expect(lines(await flowOf("acme-corp"))).toEqual(["imports (queue, running)"]);
      await flowOf("globex");
      await checkWaits(AT_LAST);
      await job.remove();
      await checkWaits(AT_LAST);
      expect(lines(await flowOf("acme-corp"))).toEqual(["imports (queue, cancelled)"]);
      expect(lines(await flowOf("globex"))).toEqual(["imports (queue, running)"]);
      await queue.obliterate();
      await checkWaits(AT_LAST);
      expect(lines(await flowOf("globex"))).toEqual(["imports (queue, cancelled)"]);
    });

    test("a job that is removed while it waits for its next attempt leaves no wait open", async () => {
      await work(() => Promise.reject(new Error("the disk is full")));
      const job = await addInFlow("acme-corp", { attempts: 2, backoff: 60_000 });
      await recording.receiver.flowThat(({ steps }) => steps.length === 3);
      await job.remove();
      await checkWaits(AT_LAST);
      expect(lines(await flowOf("acme-corp"))).toEqual([
        "imports (queue)",
        "  import (failed)",
        "  imports (queue, attempt 2, cancelled)",
      ]);
    });

    test("a job that another process has done, and removed, is not taken for one that was removed", async () => {
      const elsewhere = new kind.Worker(queueName, async () => {}, { connection: connection() });
      const done = new Promise((resolve) => elsewhere.once("completed", resolve));
      await started(elsewhere);
      await addInFlow("acme-corp", { removeOnComplete: true });
      await done;
      await flowOf("acme-corp");
      await checkWaits(AT_LAST);
      // It has no telemetry, so nobody has said that the wait is over.
      expect(lines(await flowOf("acme-corp"))).toEqual(["imports (queue, running)"]);
    });

    test("a job that stalled too often fails its flow, though no processor is asked", async () => {
      const hung = Promise.withResolvers<void>();
      let runs = 0;
      const processor = flowProcessor(
        async () => {
          runs++;
          await hung.promise;
        },
        { endFlow: true },
      );
      const options = {
        connection: connection(),
        telemetry: bullmqTelemetry(),
        stalledInterval: 50,
        maxStalledCount: 0,
      };
      const stuck = new kind.Worker(queueName, processor, {
        ...options,
        lockDuration: 50,
        skipLockRenewal: true,
      });
      stuck.on("error", () => {});
      await addInFlow("acme-corp");
      await expect.poll(() => runs).toBe(1);
      const other = new kind.Worker(queueName, processor, options);
      recording.closing.push(
        () => stuck.close(),
        () => other.close(),
      );
      const seen = await recording.receiver.flowThat(ended);
      hung.resolve();
      expect(seen).toMatchObject({ status: "failed", error: "job stalled more than allowable limit" });
      expect(runs).toBe(1);
    });

    test("a parent that fails by its child fails its flow", async () => {
      const producer = new kind.FlowProducer({ connection: connection(), telemetry: bullmqTelemetry() });
      recording.closing.push(() => producer.close());
      const parts = `${queueName}-parts`;
      const fail = async () => Promise.reject(new Error("bad row 7"));
      // No processor says what the parent's end means, as none is asked.
      await started(
        new kind.Worker(
          queueName,
          flowProcessor(async () => {}, { endFlow: true }),
          {
            connection: connection(),
            telemetry: bullmqTelemetry({ endFlow: true }),
          },
        ),
      );
      await work(fail, {}, parts);
      await flow.start({ name: "data_import", tenant: "acme-corp", endOnExit: false }, () =>
        producer.add({
          name: "whole",
          queueName,
          opts: {},
          children: [{ name: "part", queueName: parts, opts: { failParentOnFailure: true } }],
        }),
      );
      const seen = await recording.receiver.flowThat(ended);
      expect(seen).toMatchObject({ status: "failed", error: expect.stringMatching(/^child .* failed$/) });
    });

    test("a node without options belongs to no flow, which a diagnostic says", async () => {
      const producer = new kind.FlowProducer({ connection: connection(), telemetry: bullmqTelemetry() });
      recording.closing.push(() => producer.close());
      await flow.start({ name: "data_import", tenant: "acme-corp" }, () =>
        producer.add({ name: "whole", queueName, children: [{ name: "part", queueName, opts: {} }] }),
      );
      expect(lines((await recording.receiver.flows())[0])).toEqual(["imports (queue, running)"]);
      expect(recording.diagnostics).toEqual([expect.stringContaining("opts: {}")]);
    });

    test("a worker's telemetry ends flows where its processor can't", async () => {
      const worker = new kind.Worker(
        queueName,
        async (job) => {
          if (job.name === "bad") throw new Error("bad row 7");
        },
        { connection: connection(), telemetry: bullmqTelemetry({ endFlow: true }) },
      );
      await started(worker);
      await addInFlow("acme-corp");
      await addInFlow("globex", {}, "bad");
      await expect
        .poll(async () =>
          (await recording.receiver.flows()).map(({ tenant, status, error }) => [tenant, status, error]),
        )
        .toEqual([
          ["acme-corp", "succeeded", undefined],
          ["globex", "failed", "bad row 7"],
        ]);
    });

    test("a schedule that is made in a flow makes jobs that belong to none", async () => {
      const flows: unknown[] = [];
      await flow.start({ name: "deploy", tenant: "us" }, () =>
        queue.upsertJobScheduler("tick", { every: 30 }, { name: "tick", data: {} }),
      );
      const worker = await work(async () => void flows.push(flow.current()));
      await expect.poll(() => flows.length).toBeGreaterThan(3);
      await worker.close();
      // The same where nothing is around the processor.
      const before = flows.length;
      await started(
        new kind.Worker(queueName, async () => void flows.push(flow.current()), {
          connection: connection(),
          telemetry: bullmqTelemetry(),
        }),
      );
      await expect.poll(() => flows.length).toBeGreaterThan(before + 2);
      await queue.removeJobScheduler("tick");
      expect(new Set(flows)).toEqual(new Set([undefined]));
      expect((await recording.receiver.flows()).map(({ name, steps }) => [name, steps])).toEqual([
        ["deploy", []],
      ]);
      expect(recording.diagnostics).toEqual([]);
    });

    test("a sandboxed processor continues the flow", async () => {
      await workInSandbox();
      await addInFlow("acme-corp", { attempts: 2 });
      await addInFlow("globex", {}, "bad");
      await expect
        .poll(
          async () =>
            (await recording.receiver.flows()).map((seen) => [
              seen.tenant,
              seen.status,
              seen.error,
              ...lines(seen),
            ]),
          { timeout: 9000 },
        )
        .toEqual([
          [
            "acme-corp",
            "succeeded",
            undefined,
            "imports (queue)",
            "  import (failed)",
            "    store (failed)",
            "  imports (queue, attempt 2)",
            "  import (attempt 2)",
            "    store",
          ],
          ["globex", "failed", "bad row 7", "imports (queue)", "  bad (failed)", "    store (failed)"],
        ]);
    });

    test("a sandboxed job waits between its attempts, and is seen to", async () => {
      await workInSandbox();
      const job = await addInFlow("acme-corp", { attempts: 2, backoff: 60_000 });
      await expect
        .poll(async () => lines(await flowOf("acme-corp")), { timeout: 5000 })
        .toEqual([
          "imports (queue)",
          "  import (failed)",
          "    store (failed)",
          "  imports (queue, attempt 2, running)",
        ]);
      await job.promote();
      await expect
        .poll(async () => lines(await flowOf("acme-corp")), { timeout: 5000 })
        .toEqual([
          "imports (queue)",
          "  import (failed)",
          "    store (failed)",
          "  imports (queue, attempt 2)",
          "  import (attempt 2)",
          "    store",
        ]);
    });

    test("a job's data and result stay, unless they are asked for", async () => {
      await work(async () => ({ secret: "result-4711" }), {
        endFlow: true,
        attributes: (job) => ({ rows: (job.data as { rows: number }).rows }),
      });
      await flow.start({ name: "data_import", tenant: "acme-corp", endOnExit: false }, () =>
        queue.add("import", { rows: 120, secret: "data-4711" }, { priority: 2 }),
      );
      await recording.receiver.flowThat(ended);
      const wire = recording.receiver.wire();
      expect(wire).not.toContain("4711");
      expect(wire).toMatch(/"rows":"?120/);
    });

    test("attributes that can't be read cost the attributes, and not the job", async () => {
      await work(async () => {}, {
        endFlow: true,
        attributes: () => {
          throw new Error("no rows");
        },
      });
      await addInFlow("acme-corp");
      expect((await recording.receiver.flowThat(ended)).status).toBe("succeeded");
      expect(recording.diagnostics).toEqual([expect.stringContaining("it threw Error: no rows")]);
    });

    test("prioritised jobs wait as long as the others let them", async () => {
      await addInFlow("acme-corp", { priority: 9 });
      await addInFlow("globex", { priority: 1 });
      const order: unknown[] = [];
      await work(async () => void order.push(flow.current()?.tenant));
      await expect.poll(async () => (await recording.receiver.flows()).filter(ended).length).toBe(2);
      expect(order).toEqual(["globex", "acme-corp"]);
      for (const seen of await recording.receiver.flows()) {
        expect(lines(seen)).toEqual(["imports (queue)", "  import"]);
      }
    });

    test("jobs that are removed on completion stay", async () => {
      await work(async () => {});
      const job = await addInFlow("acme-corp", { removeOnComplete: true });
      expect(lines(await recording.receiver.flowThat(ended))).toEqual(["imports (queue)", "  import"]);
      await expect.poll(() => queue.getJob(job.id ?? "")).toBeUndefined();
    });

    test("a worker takes nothing of one job into the next", async () => {
      const found: unknown[] = [];
      const wanted: unknown[] = [];
      const worker = await work(async () => void found.push(flow.current()?.tenant ?? "none"));
      await worker.pause();
      for (let i = 0; i < 20; i++) {
        if (i % 2 === 0) await addInFlow(`tenant-${i}`);
        else await queue.add("import", {});
        wanted.push(i % 2 === 0 ? `tenant-${i}` : "none");
      }
      worker.resume();
      await expect.poll(() => found).toEqual(wanted);
    });
  });
}
