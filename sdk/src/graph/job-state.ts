/** What has become of a job, at one moment. It does not change any more. */

import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Status } from "../attributes.ts";
import type { LabelValue } from "../types.ts";
import { type DurationNumbers, Durations, type DurationsData } from "./durations.ts";
import type {
  DeadLetter,
  HistoryEntry,
  JobData,
  PausePoint,
  PendingDelivery,
  RoutineData,
} from "./job-data.ts";
import { jobFrom, jobText } from "./job-text.ts";

/** What a routine has done in a job, or all of them together. Durations are of attempts, in milliseconds. */
export interface Numbers extends DurationNumbers {
  /** Attempts that have ended. */
  readonly count: number;
  /** Deliveries that were handled with success. */
  readonly succeeded: number;
  /** Attempts that failed. */
  readonly failures: number;
  readonly retries: number;
  /** Deliveries that failed for good and count against the job. */
  readonly failed: number;
  /** Deliveries that failed for good and do not. */
  readonly skipped: number;
}

/** How a routine of a job stands. */
export interface RoutineState extends Numbers {
  /** `idle`: nothing was sent to it. `waiting`: something is queued or in hand. Else how it stands: one failure is enough. */
  readonly status: "idle" | "waiting" | "succeeded" | "failed";
  /** Sent to it, and not finished. */
  readonly pending: number;
  /** What it remembers, by key. */
  readonly values: ReadonlyMap<string, unknown>;
}

/** How a job stands: its status, its routines, what is queued, its history and its checkpoints. It can be saved and loaded. */
export class JobState {
  readonly #data: JobData;
  readonly #routines: ReadonlyMap<string, RoutineData>;
  #pending: ReadonlyMap<string, number> | undefined;

  /** Jobs make them; a user's come from `load` and `read`. */
  constructor(data: JobData) {
    this.#data = data;
    this.#routines = new Map(data.routines);
  }

  /**
   * @param saved what `serialize` gave, or the contents of a file that `save` wrote
   * @throws {JobFileInvalid | JobFileNewer} and nothing of it was used
   * @example
   * const again = graph.resume(JobState.load(saved));
   */
  static load(saved: string | Uint8Array): JobState {
    return new JobState(jobFrom(saved));
  }

  /** The same of a file. @throws (as a rejection) {JobFileInvalid | JobFileNewer} */
  static async read(path: string): Promise<JobState> {
    return JobState.load(await readFile(path));
  }

  get id(): string {
    return this.#data.id;
  }

  get tenant(): string {
    return this.#data.tenant;
  }

  get graph(): { readonly name: string; readonly version: number } {
    return this.#data.graph;
  }

  get labels(): Readonly<Record<string, LabelValue>> {
    return this.#data.labels;
  }

  get status(): Status {
    return this.#data.status;
  }

  /** Why it is paused or was cancelled. */
  get reason(): string | undefined {
    return this.#data.reason;
  }

  /** What it failed with: the first failure that counts. */
  get error(): unknown {
    return this.#data.error;
  }

  get createdAt(): Date {
    return new Date(this.#data.createdAt);
  }

  get endedAt(): Date | undefined {
    return this.#data.endedAt === undefined ? undefined : new Date(this.#data.endedAt);
  }

  /** What it was begun with. */
  get entry(): { readonly routine: string; readonly slot: string; readonly params: unknown } {
    return this.#data.entry;
  }

  /** Sent, and not finished, in the order in which it was sent. */
  get pending(): readonly PendingDelivery[] {
    return this.#data.pending;
  }

  /** By id, those that were sent something. */
  get routines(): ReadonlyMap<string, RoutineState> {
    const ids = new Set([...this.#routines.keys(), ...this.#pendingOf().keys()]);
    return new Map([...ids].map((id) => [id, this.routine(id)]));
  }

  /** What the routines of the job share, by key. */
  get shared(): ReadonlyMap<string, unknown> {
    return new Map(this.#data.shared);
  }

  /** Deliveries that failed for good, oldest first; `deadLettersDropped` older ones are not kept. */
  get deadLetters(): readonly DeadLetter[] {
    return this.#data.deadLetters;
  }

  get deadLettersDropped(): number {
    return this.#data.deadLettersDropped;
  }

  /** What happened, oldest first; `historyDropped` older entries are not kept. */
  get history(): readonly HistoryEntry[] {
    return this.#data.history;
  }

  get historyDropped(): number {
    return this.#data.historyDropped;
  }

  /** Oldest first. */
  get pauses(): readonly PausePoint[] {
    return this.#data.pauses;
  }

  /** Of all routines together. */
  get numbers(): Numbers {
    return numbersOf([...this.#routines.values()]);
  }

  /** How one routine stands, by its id. */
  routine(id: string): RoutineState {
    const data = this.#routines.get(id);
    const numbers = numbersOf(data === undefined ? [] : [data]);
    const pending = this.#pendingOf().get(id) ?? 0;
    const { count, failed } = numbers;
    const status = failed > 0 ? "failed" : pending > 0 ? "waiting" : count > 0 ? "succeeded" : "idle";
    return { ...numbers, status, pending, values: new Map(data?.state ?? []) };
  }

  /** As text that `load` reads. */
  serialize(): string {
    return jobText(this.#data);
  }

  /**
   * Writes it to a file: beside it first, and renamed when it is on the disk, so that an earlier file stays whole whatever
   * happens.
   */
  async save(path: string): Promise<void> {
    const text = this.serialize();
    const beside = `${path}.${randomUUID()}.tmp`;
    try {
      await writeThrough(beside, text);
      await rename(beside, path);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
    await syncFolder(dirname(path));
  }

  /** As plain data; not to be changed. */
  data(): JobData {
    return this.#data;
  }

  #pendingOf(): ReadonlyMap<string, number> {
    if (this.#pending === undefined) {
      const counts = new Map<string, number>();
      for (const { slot } of this.#data.pending) {
        const id = slot.slice(0, slot.indexOf("."));
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
      this.#pending = counts;
    }
    return this.#pending;
  }
}

function numbersOf(routines: readonly RoutineData[]): Numbers {
  const sums = { succeeded: 0, failures: 0, retries: 0, failed: 0, skipped: 0 };
  const durations = Durations.from({
    count: 0,
    total: 0,
    min: 0,
    max: 0,
    buckets: [],
  } satisfies DurationsData);
  for (const routine of routines) {
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += routine[key];
    durations.merge(Durations.from(routine.durations));
  }
  return { count: durations.count, ...sums, ...durations.numbers() };
}

async function writeThrough(path: string, text: string): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** So that the new name outlives a power cut; a system that can't do it for folders has to do without. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, "r");
    await folder.sync().finally(() => folder.close());
  } catch {
    // The file itself is on the disk.
  }
}
