/** Does a flow cross a queue? With the BullMQ of the folder that the doctor is called in. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { flow } from "@weir/sdk";
import { bullmqTelemetry, flowProcessor } from "@weir/sdk/bullmq";
import { TENANT } from "./arrival.ts";
import { type Hop, hasCrossed, lost } from "./hops.ts";
import { failed } from "./report.ts";

const HOP_MS = 5000;
const JOB = "on the other side";

/** What is used of BullMQ 5 and 6. */
interface BullMq {
  Queue: new (
    name: string,
    options: object,
  ) => Connected & {
    add(name: string, data: object, options?: object): Promise<unknown>;
    obliterate(options: { force: boolean }): Promise<void>;
  };
  Worker: new (name: string, processor: unknown, options: object) => Connected;
}

interface Connected {
  on(event: "error", listener: (error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  close(force?: boolean): Promise<void>;
  disconnect(): Promise<void>;
}

/**
 * Adds a job in a flow and waits for a worker of its own to have it.
 *
 * @param folder whose BullMQ is taken
 */
export async function queueHop(redis: string, folder: string): Promise<Hop> {
  const bullmq = bullMqIn(folder);
  if (bullmq === undefined) {
    return failed(
      `bullmq can't be imported from ${folder}: the queue hop was not tried`,
      "call the doctor in the folder of a service that uses it, or leave --redis away",
    );
  }
  // What a part says here is nearer to the cause than what its promises reject with.
  let lastError: Error | undefined;
  const made: Connected[] = [];
  const watched = <T extends Connected>(part: T): T => {
    part.on("error", (error) => {
      lastError = error;
    });
    made.push(part);
    return part;
  };
  const name = `weir-doctor-${process.pid}-${Date.now()}`;
  // Left to itself BullMQ knocks at a Redis that is not there for ever.
  const connection = { url: redis, maxRetriesPerRequest: null, retryStrategy: () => null };
  const shared = { connection, telemetry: bullmqTelemetry() };
  const queue = watched(new bullmq.Queue(name, shared));
  let reached = false;

  const hop = async (): Promise<Hop> => {
    await queue.waitUntilReady();
    reached = true;
    const picked = Promise.withResolvers<string | undefined>();
    const pickUp = flowProcessor(async () => picked.resolve(flow.current()?.id), { endFlow: true });
    watched(new bullmq.Worker(name, pickUp, shared));
    return await flow.start(
      { name: "doctor: queue hop", tenant: TENANT, endOnExit: false },
      async ({ id }): Promise<Hop> => {
        await queue.add(JOB, {});
        const arrived = await picked.promise;
        if (arrived !== id) return lost(arrived);
        return { id, complete: hasCrossed(JOB, name) };
      },
    );
  };

  try {
    return await within(HOP_MS, hop());
  } catch (error) {
    const why = (lastError ?? (error as Error)).message || String((lastError as { code?: unknown })?.code);
    return reached
      ? failed(
          `a job did not cross the queue: ${why}`,
          "see Redis's log; BullMQ wants Redis 5 or newer, better 6.2",
        )
      : failed(
          `Redis can't be reached at ${withoutPassword(redis)}: ${why}`,
          "start it, or give its address: --redis redis://HOST:6379",
        );
  } finally {
    // Workers first: they end what they hold, and the job's end is part of the flow.
    if (reached) await within(HOP_MS, leave(made, queue)).catch(() => {});
    await Promise.allSettled(made.map((part) => within(1000, part.disconnect())));
  }
}

async function leave(made: Connected[], queue: InstanceType<BullMq["Queue"]>): Promise<void> {
  for (const part of made) if (part !== queue) await part.close();
  await queue.obliterate({ force: true });
  await queue.close();
}

function bullMqIn(folder: string): BullMq | undefined {
  try {
    return createRequire(join(folder, "package.json"))("bullmq") as BullMq;
  } catch {
    return undefined;
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function withoutPassword(redis: string): string {
  const url = new URL(redis);
  url.password = "";
  return url.href;
}
