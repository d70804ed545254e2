/**
 * What the queue itself knows of its jobs, where BullMQ's telemetry does not tell: read beside the calls of the service,
 * never in their way. Answers are `undefined` where the connection is being closed, or BullMQ keeps it otherwise.
 */
import type { QueuedJob } from "./bullmq-job.ts";

/** What we use of a job that was added, beside its fields. */
interface Connected {
  readonly queue: {
    /** BullMQ 5. */
    readonly client?: Promise<Client>;
    /** BullMQ 6. */
    readonly backend?: { readonly connection?: { readonly client?: Promise<Client> } };
    toKey(type: string): string;
  };
  readonly constructor: JobClass;
  getState(): Promise<string>;
}

interface JobClass {
  new (queue: unknown, name: string, data: unknown, options: unknown, id: string): Connected & QueuedJob;
  fromId(queue: unknown, id: string | undefined): Promise<QueuedJob | undefined>;
}

interface Client {
  hgetall(key: string): Promise<Record<string, string>>;
  xrevrange(key: string, to: string, from: string, count: "COUNT", n: number): Promise<[string, string[]][]>;
}

/** Something that happened in a queue. */
interface QueueEvent {
  event: string;
  jobId: string;
  /** Milliseconds since the epoch, by the clock of Redis. */
  at: number;
}

/** How far back events are read: of what is looked for, the last is never long ago. */
const MAX_EVENTS = 1000;

/** The job as the queue has it: `add` returns what was given, under the id of what is there. `null`: there is none. */
export function storedJob(job: QueuedJob): Promise<QueuedJob | null | undefined> {
  return ask(job, async ({ queue, constructor: jobs }) => (await jobs.fromId(queue, job.id)) ?? null);
}

/** The same job with nothing of the user's in it, to be kept and asked for its state. */
export function bare(job: QueuedJob, id: string): QueuedJob {
  const { queue, constructor: Job } = job as unknown as Connected;
  return new Job(queue, job.name, {}, {}, id);
}

/** BullMQ's word for where the job is; `"unknown"` where it is nowhere. */
export function stateOf(job: QueuedJob): Promise<string | undefined> {
  return ask(job, (connected) => connected.getState());
}

/** The job that comes when the active one of its deduplication id is done (`keepLastIfActive`). */
export function keptJob(
  job: QueuedJob,
  deduplicationId: string,
): Promise<{ id: string | undefined; metadata: unknown } | undefined> {
  return ask(job, async ({ queue }) => {
    const kept = await (await clientOf(queue))?.hgetall(queue.toKey(`dn:${deduplicationId}`));
    if (kept?.["opts"] === undefined) return undefined;
    const { tm: metadata } = JSON.parse(kept["opts"]) as { tm?: unknown };
    return { id: kept["jid"], metadata };
  });
}

/** The last that happened in the job's queue, the newest first. */
export async function recentEvents(job: QueuedJob): Promise<QueueEvent[]> {
  const found = await ask(job, async ({ queue }) =>
    (await clientOf(queue))?.xrevrange(queue.toKey("events"), "+", "-", "COUNT", MAX_EVENTS),
  );
  return (found ?? []).map(([id, fields]) => {
    const { event = "", jobId = "" } = Object.fromEntries(
      Array.from({ length: fields.length >> 1 }, (_, i) => [fields[2 * i], fields[2 * i + 1]]),
    ) as Record<string, string>;
    return { event, jobId, at: Number.parseInt(id, 10) };
  });
}

async function ask<T>(
  job: QueuedJob,
  question: (connected: Connected) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await question(job as unknown as Connected);
  } catch {
    return undefined;
  }
}

function clientOf({ client, backend }: Connected["queue"]): Promise<Client> | undefined {
  return client ?? backend?.connection?.client;
}
