/** The documented interface of a job: one run of a graph. */
import type { Status } from "../attributes.ts";
import type { JobState } from "./job-state.ts";

/** Options of `job.pause`. */
export interface PauseOptions {
  /** `true`: what runs is told to stop by its signal, and is handled anew after the pause. Default `false`: it may finish. */
  abort?: boolean | undefined;
}

/** One run of a graph. */
export interface Job {
  /** Of its flow, too. */
  readonly id: string;
  readonly tenant: string;
  readonly status: Status;
  /** How it stands now. */
  readonly state: JobState;
  /**
   * When it has ended, however that came about; `status` and `error` of what it gives tell. Of a job that was paused and is resumed by
   * `graph.resume` in this process, when that one has ended. Rejects where the job can't be begun in its journal, or another process has
   * taken it.
   */
  readonly done: Promise<JobState>;
  /**
   * Begins nothing more, lets what runs finish, and resolves when all is quiet. What is queued is kept with all its payloads.
   * Called in a handler of the job it can't wait for that, and resolves at once.
   *
   * @param checkpoint plain data; routines find it in `ctx.checkpoint` after the pause
   * @throws (as a rejection) {IllegalMove} it has ended, or ends before it is quiet; {NotCopyable}
   * @example
   * await job.pause("user asked", { step: 1 });
   */
  pause(reason?: string, checkpoint?: unknown, options?: PauseOptions): Promise<JobState>;
  /**
   * Goes on after a pause, with every delivery that was queued.
   *
   * @throws (as a rejection) {IllegalMove} it is not paused
   */
  resume(): Promise<void>;
  /**
   * Tells what runs to stop by its signal, waits for it (`stopGrace` of the graph), and ends.
   *
   * @throws (as a rejection) {IllegalMove} it has ended
   */
  cancel(reason?: string): Promise<JobState>;
  /** `state.serialize()`: what `JobState.load` reads. */
  serialize(): string;
  /** `state.save(path)`. */
  save(path: string): Promise<void>;
}
