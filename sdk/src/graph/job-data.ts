/** A job as plain data: what is saved, serialised and taken up again. */
import type { Status } from "../attributes.ts";
import type { LabelValue } from "../types.ts";
import type { DurationsData } from "./durations.ts";

export interface JobData {
  id: string;
  tenant: string;
  graph: { name: string; version: number };
  labels: Record<string, LabelValue>;
  status: Status;
  /** Of a job that is paused or was cancelled. */
  reason: string | undefined;
  /** What it failed with. */
  error: unknown;
  createdAt: number;
  endedAt: number | undefined;
  entry: { routine: string; slot: string; params: unknown };
  /** The number of the next delivery. */
  next: number;
  pending: PendingDelivery[];
  /** By `routine.slot`, what was merged so far. */
  merged: [slot: string, value: unknown][];
  /** By `routine.slot`, what joins have to know beside the parts that are pending. */
  gathering: [slot: string, data: unknown][];
  routines: [id: string, data: RoutineData][];
  shared: [key: string, value: unknown][];
  deadLetters: DeadLetter[];
  deadLettersDropped: number;
  history: HistoryEntry[];
  historyDropped: number;
  pauses: PausePoint[];
}

/** Sent, and not finished. */
export interface PendingDelivery {
  readonly n: number;
  /** `writer.input` */
  readonly slot: string;
  /** `reader.output>writer.input`; `undefined` for what `execute` gave. */
  readonly connection: string | undefined;
  readonly payload: unknown;
  /** How often it was tried. */
  readonly attempts: number;
  readonly turns: Readonly<Record<string, number>> | undefined;
}

export interface RoutineData {
  /** Handled with success. */
  succeeded: number;
  /** Attempts that failed. */
  failures: number;
  retries: number;
  /** Failed for good, and counted against the job. */
  failed: number;
  /** Failed for good, and not counted: under `SKIP`, or of an optional routine. */
  skipped: number;
  durations: DurationsData;
  state: [key: string, value: unknown][];
}

/** A delivery that failed for good. */
export interface DeadLetter {
  readonly at: number;
  readonly delivery: number;
  readonly routine: string;
  readonly slot: string;
  readonly connection: string | undefined;
  readonly payload: unknown;
  readonly error: unknown;
  readonly attempts: number;
  /** It does not fail the job. */
  readonly skipped: boolean;
}

/** Something that happened in a job. */
export interface HistoryEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /**
   * `succeeded`, `failed` (an attempt), `given up` (after the last one), `late` (for a join that went on without it): of a delivery.
   * The others are of the job.
   */
  readonly kind: HistoryKind;
  readonly routine?: string;
  readonly slot?: string;
  readonly delivery?: number;
  readonly attempt?: number;
  /** How long the attempt took, in milliseconds. */
  readonly ms?: number;
  /** How many deliveries it sent. */
  readonly sent?: number;
  readonly error?: { readonly type: string; readonly message: string };
  readonly reason?: string;
}

export const HISTORY_KINDS = [
  "begun",
  "succeeded",
  "failed",
  "given up",
  "late",
  "paused",
  "resumed",
  "ended",
] as const;
/** What a line of a job's history tells of. */
export type HistoryKind = (typeof HISTORY_KINDS)[number];

/** A pause in a job's history. */
export interface PausePoint {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly reason: string | undefined;
  /** As it was given to `pause`. */
  readonly checkpoint: unknown;
}
