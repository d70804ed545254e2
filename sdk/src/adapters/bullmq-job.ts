/**
 * What we need to know of BullMQ's jobs, and what their stays in a queue are known by.
 */

/** What we need to know of a BullMQ job to open its wait. */
export interface QueuedJob {
  id?: string | undefined;
  name: string;
  queueName: string;
  /** When it was added, in milliseconds since the epoch. */
  timestamp?: number;
  /** The schedule that makes such jobs. */
  repeatJobKey?: string | undefined;
  opts?: JobOptions;
}

interface JobOptions {
  telemetry?: { metadata?: string; omitContext?: boolean };
  /** What BullMQ 5 calls the metadata in a sandbox. */
  tm?: string;
  jobId?: string | undefined;
  deduplication?: { id: string; replace?: boolean; keepLastIfActive?: boolean } | undefined;
  /** What BullMQ 5 also calls it. */
  debounce?: unknown;
}

/** How far a job has come: what its next stay in the queue is known by, at both ends of it. */
export interface Progress {
  /** The attempt that the job waits for, from 1. */
  attempt: number;
  /** How often its processor has put it back without failing. */
  putBacks: number;
  /** How often it has failed. */
  failures: number;
}

/** Before its first attempt. */
export const FIRST: Progress = { attempt: 1, putBacks: 0, failures: 0 };

/** What a schedule makes lives on when the flow in which the schedule was made is long over: it belongs to none. */
export function isScheduled(job: QueuedJob): boolean {
  return typeof job.repeatJobKey === "string";
}

/** The same, where nothing but the id is known. */
export function isScheduledId(jobId: string): boolean {
  return /^repeat:.*:\d+$/.test(jobId);
}

/** Steps of a job say which one it is. Its data and its result are the user's own, and stay where they are. */
export function attributesOf(jobName: string, jobId: string | undefined): Record<string, unknown> {
  return { "bullmq.job.name": jobName, "bullmq.job.id": jobId };
}

/** Worked out from the job, so that nothing more has to travel: BullMQ keeps no new metadata between attempts. */
export function waitId(queueName: string, jobId: string, { attempt, putBacks }: Progress): string {
  return `queue:${queueName}:${jobId}:${attempt}.${putBacks}`;
}

/** Whether a newer job may take its place, or it may come into the queue later: `add` tells neither. */
export function isReplaceable({ opts }: QueuedJob): boolean {
  const { replace, keepLastIfActive } = opts?.deduplication ?? {};
  return replace === true || keepLastIfActive === true;
}

/** Whether the queue may have had a job of its id or its deduplication id before. */
export function mayBeThere({ opts = {} }: QueuedJob): boolean {
  return (opts.jobId ?? opts.deduplication ?? opts.debounce) !== undefined;
}
