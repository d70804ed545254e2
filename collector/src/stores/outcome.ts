/**
 * How a flow or a step stands, as one small whole number: its status and, once it has ended, about how long it took.
 * Statistics count these numbers and nothing else, so what is counted can be added up, taken away again and merged,
 * and a percentile of any number of runs is exact to a hundredth.
 *
 * Durations fall into buckets of which each is a fiftieth wider than the one before (a sketch, as in the paper on
 * DDSketch): told by the middle of its bucket, a duration is off by 1 % at the most.
 */
import type { EndStatus, Micros, Status } from "../flow.ts";

const RELATIVE_ERROR = 0.01;

/** Powers and logarithms need not agree in their last digits. */
const ROUNDING = 1e-9;
const GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const PER_BUCKET = 1 / Math.log(GROWTH);

const OPEN: readonly Status[] = ["running", "paused"];
/** Only ever added to: these numbers are on people's disks. */
const ENDED: readonly EndStatus[] = ["succeeded", "failed", "cancelled"];
/** How many these are: to divide by what the compiler knows is several times as quick, and answers do so by the ten thousand. */
const OPENS = 2;
const ENDS = 3;

/** @param durationUs `null` while it is open. */
export function outcomeOf(status: Status, durationUs: Micros | null): number {
  if (durationUs === null) return status === "paused" ? 1 : 0;
  return OPENS + bucketOf(durationUs) * ENDS + ENDED.indexOf(status as EndStatus);
}

/** What an outcome tells of the status, by its place in here: an array is quicker to count in than an object. The place is an outcome itself. */
export const STATUSES_TOLD: readonly Status[] = [...OPEN, ...ENDED];

export function placeOfStatus(outcome: number): number {
  return outcome < OPENS ? outcome : OPENS + ((outcome - OPENS) % ENDS);
}

export function statusOfOutcome(outcome: number): Status {
  return STATUSES_TOLD[placeOfStatus(outcome)] as Status;
}

export function hasEnded(outcome: number): boolean {
  return outcome >= OPENS;
}

/** `null` of what is open. Larger outcomes never have smaller durations. */
export function durationOfOutcome(outcome: number): Micros | null {
  return hasEnded(outcome) ? (DURATIONS[outcome] as Micros) : null;
}

/** Of one that has ended: into which bucket its duration falls. */
export function bucketOfOutcome(outcome: number): number {
  return Math.floor((outcome - OPENS) / ENDS);
}

/** A duration that is not longer than any in the bucket. */
export function shortestIn(bucket: number): Micros {
  return bucket < 2 ? bucket : Math.floor(GROWTH ** (bucket - 2) * (1 - ROUNDING));
}

/** Bucket 0 is of what took no time, bucket 1 of one microsecond. */
export function bucketOf(us: Micros): number {
  return us < 1 ? 0 : 1 + Math.ceil(Math.log(us) * PER_BUCKET);
}

/** As many as there may be. */
export const BUCKETS = bucketOf(Number.MAX_SAFE_INTEGER) + 1;

/** Of each outcome, the middle of its bucket, worked out once: each answer asks for thousands. What is open has none. */
export const DURATIONS = Float64Array.from({ length: OPENS + BUCKETS * ENDS }, (_, outcome) => {
  const bucket = bucketOfOutcome(outcome);
  return bucket === 0 ? 0 : (2 * GROWTH ** (bucket - 1)) / (GROWTH + 1);
});
