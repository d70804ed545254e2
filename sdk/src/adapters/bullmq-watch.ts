/**
 * Looks after the waits that this process has opened. A job may be removed, or replaced by a newer one, with nobody
 * told who knows its flow; then nobody but the process that added it can say that it waits no more. So that asks now and
 * then whether the job is there, ever more seldom.
 */
import { clearInterval, setInterval } from "node:timers";
import { diagnoseInternal } from "../diagnostics.ts";
import { runtime } from "../runtime.ts";
import type { Scope } from "../scope.ts";
import { sendStepEnd } from "../step-run.ts";
import { unseen } from "../unseen.ts";
import type { QueuedJob } from "./bullmq-job.ts";
import { bare, keptJob, recentEvents, stateOf } from "./bullmq-store.ts";

export interface Wait {
  /** The step of the wait. */
  readonly stepId: string;
  readonly scope: Scope;
  readonly job: QueuedJob;
  readonly jobId: string;
}

interface Watched extends Wait {
  readonly deduplicationId: string | undefined;
  /** When to ask, in milliseconds since the epoch, and how long after that to ask again. */
  dueAt: number;
  pauseMs: number;
}

/** What comes beyond is not looked after. */
const MAX_WAITS = 5000;
const TICK_MS = 5000;
/** Of one tick: 20 questions a second at most. */
const MAX_QUESTIONS = 100;
const MAX_PAUSE_MS = 60_000;

/** By step, in the order in which they were opened. */
const waits = new Map<string, Watched>();
let timer: NodeJS.Timeout | undefined;
/** One at a time: while Redis is away, questions would pile up. */
let checking: Promise<void> | undefined;

/** Looks after a wait from now on. */
export function watch({ stepId, scope, job, jobId }: Wait): void {
  const deduplicationId = job.opts?.deduplication?.id;
  // There is one job of an id at a time; what had it before is gone.
  const earlier = waits.get(stepId);
  if (earlier !== undefined && earlier.scope.flow.id !== scope.flow.id) cancel(earlier);
  if (deduplicationId !== undefined) askNow(job.queueName, deduplicationId);
  if (waits.size >= MAX_WAITS) return;
  const dueAt = Date.now() + TICK_MS;
  waits.set(stepId, {
    stepId,
    scope,
    job: bare(job, jobId),
    jobId,
    deduplicationId,
    dueAt,
    pauseMs: TICK_MS,
  });
  timer ??= setInterval(checkUnlessBusy, TICK_MS).unref();
}

/** A worker of this process has the job. */
export function unwatch(stepId: string): void {
  waits.delete(stepId);
}

/** Ends the waits of jobs that are gone. Never rejects. */
export async function checkWaits(now: number = Date.now()): Promise<void> {
  await checking;
  checking = checkDue(now);
  await checking;
  checking = undefined;
}

/** What is due and is not asked for now is due at the next tick. */
function checkUnlessBusy(): void {
  if (checking === undefined) void checkWaits();
}

async function checkDue(now: number): Promise<void> {
  try {
    const due = [...waits.values()].filter(({ dueAt }) => dueAt <= now).slice(0, MAX_QUESTIONS);
    await unseen(() => check(due, now));
  } catch (error) {
    diagnoseInternal("looking after a BullMQ job's wait", error);
  }
  if (waits.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

/** The job that was added last may have taken the place of one that this process added before. */
function askNow(queueName: string, deduplicationId: string): void {
  const now = Date.now();
  let found = false;
  for (const wait of waits.values()) {
    if (wait.deduplicationId !== deduplicationId || wait.job.queueName !== queueName) continue;
    wait.dueAt = now;
    found = true;
  }
  if (found) checkUnlessBusy();
}

async function check(due: Watched[], now: number): Promise<void> {
  const places = await Promise.all(due.map(placeOf));
  const gone = new Map<string, Watched[]>();
  for (const [index, wait] of due.entries()) {
    if (places[index] === "waits") {
      wait.dueAt = now + wait.pauseMs;
      wait.pauseMs = Math.min(wait.pauseMs * 2, MAX_PAUSE_MS);
      continue;
    }
    // Another may have come under its id while we asked.
    if (waits.get(wait.stepId) === wait) waits.delete(wait.stepId);
    if (places[index] !== "gone") continue;
    const { queueName } = wait.job;
    gone.set(queueName, [...(gone.get(queueName) ?? []), wait]);
  }
  for (const waitsOfQueue of gone.values()) await conclude(waitsOfQueue);
}

/** `elsewhere`: a worker has had it, and has said so; or nobody can tell. */
type Place = "waits" | "gone" | "elsewhere";

const WAITING = new Set(["waiting", "delayed", "prioritized", "waiting-children", "paused"]);

async function placeOf({ job, jobId, deduplicationId, scope }: Watched): Promise<Place> {
  if (scope.flow.runtime !== runtime()) return "elsewhere";
  const state = await stateOf(job);
  if (state === undefined || state !== "unknown") return WAITING.has(state ?? "") ? "waits" : "elsewhere";
  if (deduplicationId === undefined) return "gone";
  return (await keptJob(job, deduplicationId))?.id === jobId ? "waits" : "gone";
}

const TAKEN = new Set(["active", "completed", "failed"]);

/** A job that is done may be removed as well: that a worker had it is among the last events of its queue, mostly. */
async function conclude(gone: Watched[]): Promise<void> {
  const [first] = gone;
  if (first === undefined) return;
  const last = new Map<string, string>();
  for (const { jobId, event } of await recentEvents(first.job)) {
    if (!last.has(jobId)) last.set(jobId, event);
  }
  for (const wait of gone) if (!TAKEN.has(last.get(wait.jobId) ?? "")) cancel(wait);
}

/** Where a worker had it after all, that ended the wait before: the first end counts. */
function cancel({ scope, stepId }: Wait): void {
  const reason = "the job is no longer in the queue: it was removed, or a newer one has replaced it";
  sendStepEnd(scope.flow, stepId, scope.parent(), { status: "cancelled", reason });
}
