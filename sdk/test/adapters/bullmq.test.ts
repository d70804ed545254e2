import {
  DelayedError,
  FlowProducer,
  type Job,
  type JobsOptions,
  Queue,
  UnrecoverableError,
  Worker,
} from "bullmq";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { bullmqTelemetry, type FlowProcessorOptions, flowProcessor } from "../../src/adapters/bullmq.ts";
import { flow, setup, shutdown, step } from "../../src/index.ts";
import { outline, type Receiver, startReceiver } from "./receiver.ts";
import { type RedisServer, startRedis } from "./redis.ts";

let receiver: Receiver;
let redis: RedisServer;
let queue: Queue;
let queueName: string;
const open: { close(): Promise<unknown> }[] = [];
let tests = 0;
let diagnostics: string[] = [];

beforeAll(async () => {
  [receiver, redis] = await Promise.all([startReceiver(), startRedis()]);
  setup({
    serviceName: "test",
    endpoint: receiver.endpoint,
    onDiagnostic: ({ message }) => void diagnostics.push(message),
  });
});

beforeEach(() => {
  receiver.forget();
  diagnostics = [];
  queueName = `imports-${++tests}`;
  queue = new Queue(queueName, { connection: connection(), telemetry: bullmqTelemetry() });
  open.push(queue);
});

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

afterAll(async () => {
  await shutdown();
  await redis.stop();
  await receiver.close();
});

function connection() {
  return { host: "127.0.0.1", port: redis.port, maxRetriesPerRequest: null };
}

/** A worker, once it is connected. */
async function work(
  processor: (job: Job, token?: string) => Promise<unknown>,
  options: FlowProcessorOptions & { concurrency?: number } = { endFlow: true },
): Promise<Worker> {
  const { concurrency = 1, ...flowOptions } = options;
  const worker = new Worker(queueName, flowProcessor(processor, flowOptions), {
    connection: connection(),
    telemetry: bullmqTelemetry(),
    concurrency,
  });
  open.push(worker);
  await worker.waitUntilReady();
  return worker;
}

/** A flow that is left open, with one job in it. */
function addInFlow(tenant: string, options: JobsOptions = {}, name = "import"): Promise<Job> {
  return flow.start({ name: "data_import", tenant, endOnExit: false }, () => queue.add(name, {}, options));
}

const ended = (flow: { status: string }) => flow.status !== "running";

/** Lines without the number of the test's queue. */
function lines(flow: Parameters<typeof outline>[0]): string[] {
  return outline(flow).map((line) => line.replaceAll(queueName, "imports"));
}

test("a job belongs to the flow it was added in, and ends it", async () => {
  await work(() => step.start("process", () => step.start("store", async () => "stored")));
  const job = await addInFlow("acme-corp");
  const seen = await receiver.flowThat(ended);
  expect(seen).toMatchObject({ id: expect.any(String), tenant: "acme-corp", status: "succeeded" });
  expect(lines(seen)).toEqual(["imports (queue)", "  import", "    process", "      store"]);
  await expect.poll(() => job.getState()).toBe("completed");
});

test("the queue step is open while the job waits", async () => {
  await addInFlow("acme-corp");
  const waiting = await receiver.flowThat((flow) => flow.steps.length > 0);
  expect(lines(waiting)).toEqual(["imports (queue, running)"]);

  await work(async () => {});
  const seen = await receiver.flowThat(ended);
  expect(lines(seen)).toEqual(["imports (queue)", "  import"]);
});

test("a delayed job waits as long as it was told to", async () => {
  await work(async () => {});
  await addInFlow("acme-corp", { delay: 300 });
  const [wait] = (await receiver.flowThat(ended)).steps;
  expect((wait?.endedAt ?? 0) - (wait?.startedAt ?? 0)).toBeGreaterThanOrEqual(295);
});

test("attempts are numbered, wait in between, and a later one that succeeds ends the flow", async () => {
  await work(async (job) => {
    if (job.attemptsMade < 2) await step.start("store", () => Promise.reject(new Error("the disk is full")));
  });
  await addInFlow("acme-corp", { attempts: 3, backoff: 20 });
  const seen = await receiver.flowThat(ended);
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
  expect(lines(await receiver.flowThat(ended))).toEqual([
    "imports (queue)",
    "  import (failed)",
    "  imports (queue, attempt 2)",
    "  import (attempt 2)",
  ]);
});

test("endFlow fails the flow with the error of the last attempt, and not before", async () => {
  const statuses: string[] = [];
  await work(async (job) => {
    const [seen] = await receiver.flows();
    statuses.push(seen?.status ?? "unseen");
    throw new Error(`attempt ${job.attemptsMade + 1}`);
  });
  await addInFlow("acme-corp", { attempts: 2, backoff: 20 });
  const seen = await receiver.flowThat(ended);
  expect(statuses).toEqual(["running", "running"]);
  expect(seen).toMatchObject({ status: "failed", error: "attempt 2" });
});

test("an unrecoverable error is the last attempt", async () => {
  await work(async () => {
    throw new UnrecoverableError("no such customer");
  });
  await addInFlow("acme-corp", { attempts: 5 });
  expect(await receiver.flowThat(ended)).toMatchObject({ status: "failed", error: "no such customer" });
});

test("without endFlow the flow stays open", async () => {
  const worker = await work(async () => {}, {});
  const done = new Promise((resolve) => worker.once("completed", resolve));
  await addInFlow("acme-corp");
  await done;
  const [seen] = await receiver.flows();
  expect(seen?.status).toBe("running");
  expect(lines(seen as never)).toEqual(["imports (queue)", "  import"]);
});

test("a job that puts itself off has not failed", async () => {
  let runs = 0;
  await work(async (job, token) => {
    if (++runs > 1) return;
    await job.moveToDelayed(Date.now() + 50, token);
    throw new DelayedError();
  });
  await addInFlow("acme-corp");
  const seen = await receiver.flowThat(ended);
  expect(seen.status).toBe("succeeded");
  expect(lines(seen)).toEqual(["imports (queue)", "  import (cancelled)", "  imports (queue)", "  import"]);
});

test("a job outside any flow is left as it was", async () => {
  const flows: unknown[] = [];
  const worker = await work(async () => {
    flows.push(flow.current());
    return "result";
  });
  const done = new Promise<unknown>((resolve) => worker.once("completed", (_job, result) => resolve(result)));
  const job = await queue.add("import", { rows: 7 });
  expect(await done).toBe("result");
  expect(job.opts.telemetry).toBeUndefined();
  expect(flows).toEqual([undefined]);
  expect(await receiver.flows()).toEqual([]);
  expect(receiver.strangers()).toBe(0);
});

test("a worker made in a flow does not put its jobs into that", async () => {
  const current: unknown[] = [];
  await flow.start({ name: "deploy", tenant: "us" }, () =>
    work(async () => void current.push(flow.current()?.name)),
  );
  await queue.add("import", {});
  await addInFlow("acme-corp");
  await receiver.flowThat((flow) => flow.name === "data_import" && ended(flow));
  expect(current).toEqual([undefined, "data_import"]);
});

test("jobs of many tenants at once keep apart", async () => {
  await work(
    (job) =>
      step.start("process", async () => {
        const before = flow.current()?.tenant;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
        if (flow.current()?.tenant !== before || before !== job.data.tenant) throw new Error("mixed up");
        if (job.attemptsMade === 0 && Number(before?.slice(7)) % 5 === 0) throw new Error("first attempt");
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
  await expect.poll(async () => (await receiver.flows()).filter(ended).length, { timeout: 9000 }).toBe(60);
  for (const seen of await receiver.flows()) {
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
  const waiting = await receiver.flowThat((flow) => flow.steps.length === 3);
  expect(lines(waiting)).toEqual(["split", "  imports (queue, running)", "  imports (queue, running)"]);

  await work(
    async (job) => {
      if (job.data.fails === true && job.attemptsMade === 0) throw new Error("once");
    },
    { concurrency: 2 },
  );
  const seen = await receiver.flowThat(
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
  const producer = new FlowProducer({ connection: connection(), telemetry: bullmqTelemetry() });
  open.push(producer);
  await flow.start({ name: "data_import", tenant: "acme-corp", endOnExit: false }, () =>
    producer.add({
      name: "whole",
      queueName,
      opts: {},
      children: [{ name: "part", queueName, opts: {} }],
    }),
  );
  const waiting = await receiver.flowThat((flow) => flow.steps.length === 2);
  expect(lines(waiting)).toEqual(["imports (queue, running)", "imports (queue, running)"]);

  await work(async () => {});
  const seen = await receiver.flowThat(({ steps }) =>
    steps.some(({ name, status }) => name === "whole" && status !== "running"),
  );
  expect(lines(seen).sort()).toEqual(["  part", "  whole", "imports (queue)", "imports (queue)"]);
});

test("a job added by a job hangs under that job's step", async () => {
  await work(async (job) => {
    if (job.name === "first") await step.start("hand on", () => queue.add("second", {}));
  }, {});
  await addInFlow("acme-corp", {}, "first");
  const seen = await receiver.flowThat(({ steps }) =>
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
  const worker = new Worker(queueName, async () => void seenIn.push(flow.current()?.tenant), {
    connection: connection(),
    telemetry: bullmqTelemetry(),
  });
  open.push(worker);
  const done = new Promise((resolve) => worker.once("completed", resolve));
  await addInFlow("acme-corp");
  await done;
  expect(seenIn).toEqual(["acme-corp"]);
  expect(lines((await receiver.flows())[0] as never)).toEqual(["imports (queue)"]);
});

test("a worker without telemetry runs the job all the same, and is told what is missing", async () => {
  const worker = new Worker(
    queueName,
    flowProcessor(async () => flow.current()?.tenant ?? "none"),
    { connection: connection() },
  );
  open.push(worker);
  const done = new Promise<unknown>((resolve) => worker.once("completed", (_job, result) => resolve(result)));
  await addInFlow("acme-corp");
  expect(await done).toBe("none");
  expect(diagnostics).toEqual([expect.stringContaining("telemetry: bullmqTelemetry()")]);
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
  const stuck = new Worker(queueName, processor, { ...options, lockDuration: 50, skipLockRenewal: true });
  // The first finds that its job is no longer its own.
  stuck.on("error", () => {});
  await addInFlow("acme-corp");
  await expect.poll(() => runs).toBe(1);
  const other = new Worker(queueName, processor, options);
  open.push(stuck, other);
  const seen = await receiver.flowThat(ended);
  hung.resolve();
  expect(seen.status).toBe("succeeded");
  expect(lines(seen)).toEqual([
    "imports (queue)",
    "  import (running)",
    "  imports (queue, attempt 2)",
    "  import (attempt 2)",
  ]);
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

test("a processor's length is kept, as BullMQ reads it", () => {
  expect(flowProcessor(async (_job, _token, _signal) => {}).length).toBe(3);
  expect(flowProcessor(async (_job) => {}).length).toBe(1);
});
