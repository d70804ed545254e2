/**
 * How a job stands: it runs, is paused, has ended, or is none of this process' any more. What it is asked for instead of going on
 * is done when nothing of it runs, and is in its journal before it is so.
 */
import type { EndStatus, Status } from "../attributes.ts";
import { describeError } from "../errors.ts";
import { abortError, endingOf, hasEnded, moved } from "../run/index.ts";
import { saidOf } from "./books.ts";
import { copyOf } from "./copy.ts";
import { JobLeft } from "./errors/job-left.ts";
import type { Desk } from "./hands.ts";
import type { Job } from "./job.ts";
import type { JobData } from "./job-data.ts";
import { JobState } from "./job-state.ts";
import type { Surroundings } from "./surroundings.ts";

interface Stopping {
  readonly status: Exclude<EndStatus, "succeeded">;
  readonly error: unknown;
}

interface Pausing {
  readonly reason: string | undefined;
  readonly checkpoint: unknown;
  readonly asked: PromiseWithResolvers<JobState>;
}

/** The job of which it is told how it stands. */
export interface Stood {
  state(): JobState;
  /** Tells what runs to stop. */
  interrupt(reason: unknown): void;
  /** What waits to be tried again is quiet at once. */
  cutWaits(): void;
  /** Looks what is to be done now. */
  goOn(): void;
  /** None of its timers goes off any more. */
  rest(): void;
  /** It has ended, or is none of this process' any more. */
  over(): void;
  paused(): void;
}

export class Standing {
  readonly #id: string;
  readonly #around: Pick<Surroundings, "clock" | "now">;
  readonly #desk: Desk;
  readonly #job: Stood;
  readonly #ended = Promise.withResolvers<JobState>();
  #status: Status = "running";
  #reason: string | undefined;
  #error: unknown;
  /** Of a delivery that was given up: the job goes on, and fails in the end. */
  #failure: { readonly error: unknown } | undefined;
  #endedAt: number | undefined;
  #stopping: Stopping | undefined;
  #pausing: Pausing | undefined;
  /** It is to leave this process as soon as all is quiet. */
  #handingOver = false;
  #ready = false;
  #left = false;
  /** Its end or its pause is being noted, by which its lease goes. */
  #leaving = false;

  constructor(id: string, around: Pick<Surroundings, "clock" | "now">, desk: Desk, job: Stood) {
    this.#id = id;
    this.#around = around;
    this.#desk = desk;
    this.#job = job;
    this.#ended.promise.catch(() => {});
  }

  get status(): Status {
    return this.#status;
  }

  get done(): Promise<JobState> {
    return this.#ended.promise;
  }

  get facts(): Pick<JobData, "status" | "reason" | "error" | "endedAt"> {
    const error = this.#error ?? this.#failure?.error;
    return { status: this.#status, reason: this.#reason, error, endedAt: this.#endedAt };
  }

  /** It has its journal, or needs none. */
  get isReady(): boolean {
    return this.#ready;
  }

  get isGoing(): boolean {
    const isAsked = this.#pausing !== undefined || this.#stopping !== undefined || this.#handingOver;
    return this.#status === "running" && !isAsked && !this.#left;
  }

  get hasLeft(): boolean {
    return this.#left;
  }

  /** As it was begun, or comes back. */
  read({ status, reason, error }: JobData): void {
    this.#status = status;
    this.#reason = reason;
    this.#failure = error === undefined ? undefined : { error };
  }

  begun(): void {
    this.#ready = true;
  }

  /** After a pause in this process. */
  resumed(): void {
    this.#status = moved(this.#id, this.#status, "running");
    this.#reason = undefined;
  }

  /** It fails in the end, unless it is to stop before. */
  gaveUp(error: unknown): void {
    this.#failure ??= { error };
  }

  /** It can't be begun, or gone on with here. */
  refuse(error: unknown): void {
    this.#left = true;
    this.#ended.reject(error);
    this.#pausing?.asked.reject(error);
    this.#job.over();
  }

  /** How it ended in another process. */
  endedElsewhere(data: JobData): void {
    this.#left = true;
    this.#status = data.status;
    this.#ended.resolve(new JobState(data));
    this.#job.over();
  }

  /** Another handle goes on with it. */
  handOver(to: Job): void {
    this.#left = true;
    this.#ended.resolve(to.done);
  }

  /** Another process has it: nothing more is done here. */
  lost(error: unknown): void {
    if (this.#left || hasEnded(this.#status)) return;
    this.refuse(error);
    this.#job.interrupt(error);
    this.#job.rest();
    this.#desk.seen?.leave();
  }

  /** Its lease is no longer good. Where it is giving the lease back that is as it should be. */
  leaseLost(error: unknown): void {
    if (!this.#leaving) this.lost(error);
  }

  /** The first one counts. */
  stop(error: unknown): void {
    if (this.#stopping !== undefined || hasEnded(this.#status)) return;
    this.#stopping = { status: endingOf(error) === "cancelled" ? "cancelled" : "failed", error };
    this.#job.interrupt(error);
    this.#job.goOn();
  }

  /**
   * Begins nothing more; once all is quiet it goes back to its journal, and without one it is cancelled. A pause and an end
   * that come first are as they would be.
   */
  leave(): void {
    this.#handingOver = true;
    this.#job.cutWaits();
    this.#job.goOn();
  }

  /** @returns what resolves when it is paused; asked again it is the same pause */
  pause(reason: string | undefined, checkpoint: unknown): Promise<JobState> {
    if (this.#left || this.#stopping !== undefined || this.#status !== "running")
      moved(this.#id, this.#stopping?.status ?? this.#status, "paused");
    const kept = copyOf(checkpoint, `checkpoint of job ${this.#id}`).value;
    if (this.#pausing === undefined) {
      this.#pausing = { reason, checkpoint: kept, asked: Promise.withResolvers() };
      this.#pausing.asked.promise.catch(() => {});
      this.#job.cutWaits();
      this.#job.goOn();
    }
    return this.#pausing.asked.promise;
  }

  /** A job without a journal that is paused has nothing to wait for. */
  cancelPaused(error: unknown): void {
    this.#status = "running";
    this.stop(error);
  }

  /**
   * Does what was asked, now that nothing of it runs.
   *
   * @returns whether there is nothing more to be done here: something was asked, or it does not run
   */
  turn(): boolean {
    if (!this.#ready || this.#left || this.#status !== "running") return true;
    if (this.#stopping !== undefined) this.#end(this.#stopping.status, this.#stopping.error);
    else if (this.#pausing !== undefined) this.#quiet(this.#pausing);
    else if (this.#handingOver && this.#desk.waiting.all([]).length > 0) this.#goBack();
    else return false;
    return true;
  }

  /** All is done. */
  finish(): void {
    if (this.#failure === undefined) this.#end("succeeded", undefined);
    else this.#end("failed", this.#failure.error);
  }

  #goBack(): void {
    const { ledger } = this.#desk;
    if (ledger === undefined) {
      this.stop(abortError("its graph was closed"));
      return;
    }
    this.#depart();
    ledger.left(this.#around.clock.now()).then(
      () => this.lost(new JobLeft(this.#id)),
      (error: unknown) => this.lost(error),
    );
  }

  #depart(): void {
    this.#ready = false;
    this.#leaving = true;
    this.#job.rest();
  }

  #quiet({ reason, checkpoint, asked }: Pausing): void {
    const point = { at: this.#around.now(), reason, checkpoint };
    this.#depart();
    const pause = (): void => {
      this.#leaving = false;
      this.#pausing = undefined;
      this.#status = moved(this.#id, this.#status, "paused");
      this.#reason = reason;
      const { books, seen } = this.#desk;
      books.pause(point);
      books.note({ at: this.#around.now(), kind: "paused", ...(reason === undefined ? {} : { reason }) });
      seen?.paused(reason);
      this.#desk.seen = undefined;
      this.#job.paused();
      asked.resolve(this.#job.state());
    };
    const written = this.#desk.ledger?.paused(point);
    if (written === undefined) pause();
    else written.then(pause, (error: unknown) => this.#notPaused(asked, error));
  }

  /** Its checkpoint can't be kept: it goes on as if nobody had asked. */
  #notPaused(asked: Pausing["asked"], error: unknown): void {
    this.#leaving = false;
    this.#pausing = undefined;
    this.#ready = true;
    asked.reject(error);
    this.#job.goOn();
  }

  #end(status: EndStatus, error: unknown): void {
    this.#depart();
    const end = (): void => {
      this.#endedAt = this.#around.now();
      this.#error = status === "failed" ? error : undefined;
      this.#reason = status === "cancelled" ? describeError(error).message : undefined;
      const { books, seen } = this.#desk;
      const said = error === undefined ? {} : { error: saidOf(error) };
      books.note({ at: this.#endedAt, kind: "ended", ...said });
      seen?.ended(status, error);
      this.#status = moved(this.#id, this.#status, status);
      this.#ended.resolve(this.#job.state());
      this.#job.over();
      this.#refusePause(status);
    };
    const written = this.#desk.ledger?.ended(status, error);
    if (written === undefined) end();
    else written.then(end, (thrown: unknown) => this.lost(thrown));
  }

  /** Of a pause that was asked for too late. */
  #refusePause(status: EndStatus): void {
    const asked = this.#pausing?.asked;
    if (asked === undefined) return;
    try {
      moved(this.#id, status, "paused");
    } catch (illegal) {
      asked.reject(illegal);
    }
  }
}
