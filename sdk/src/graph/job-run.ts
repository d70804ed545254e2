/** One run of a graph in this process: takes deliveries from the queue, so many at once, and decides what becomes of each. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { EndStatus, Status } from "../attributes.ts";
import { describeError } from "../errors.ts";
import { abortError, endingOf, hasEnded, moved } from "../run/index.ts";
import { Alarm } from "./alarm.ts";
import type { Attempt, AttemptHost } from "./attempt.ts";
import { Books, saidOf } from "./books.ts";
import { type Copy, copyOf } from "./copy.ts";
import { currentAttempt } from "./current.ts";
import type { Delivery } from "./delivery.ts";
import { JobLeft } from "./errors/job-left.ts";
import { type Chief, type Desk, Hands } from "./hands.ts";
import type { Job, PauseOptions } from "./job.ts";
import type { HistoryEntry, JobData } from "./job-data.ts";
import { JobSeen, type SaidAgain } from "./job-seen.ts";
import { JobState } from "./job-state.ts";
import type { Ledger } from "./ledger.ts";
import type { Plan } from "./plan.ts";
import { deliveryFrom, pendingFrom } from "./restore.ts";
import type { Surroundings } from "./surroundings.ts";
import { Turns } from "./turns.ts";
import type { Verdict } from "./verdict.ts";
import { Waiting } from "./waiting.ts";

interface Stopping {
  readonly status: Exclude<EndStatus, "succeeded">;
  readonly error: unknown;
}

interface Pausing {
  readonly reason: string | undefined;
  readonly checkpoint: unknown;
  readonly asked: PromiseWithResolvers<JobState>;
}

/** What a job finds around it, and who hears of it. */
export interface Around extends Surroundings {
  /** It has ended, or is none of this process' any more. */
  over(job: JobRun): void;
  paused(job: JobRun): void;
  /** Takes up a job that is paused in this process. @param cancel ends it instead, for this reason */
  reclaim(job: JobRun, cancel?: { reason: string | undefined }): Promise<void>;
}

type Facts = Pick<JobData, "id" | "tenant" | "graph" | "labels" | "createdAt" | "entry">;

export class JobRun implements Job, AttemptHost, Chief {
  readonly #plan: Plan;
  readonly #around: Around;
  readonly #concurrent: number;
  readonly #ended = Promise.withResolvers<JobState>();
  /** Handlers run in the context in which the job was begun, whoever lets it go on. */
  readonly #inOwnContext = AsyncLocalStorage.snapshot();
  readonly #desk: Desk;
  readonly #hands: Hands;
  #facts: Facts;
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
  /** It has its journal, or needs none. */
  #ready = false;
  #left = false;
  /** Its end or its pause is being noted, by which its lease goes. */
  #leaving = false;
  readonly #turns = new Turns();
  #pumping = false;
  /** For what is kept back and has waited long enough. */
  readonly #alarm: Alarm;

  /** @param data as it was begun, or comes back; it was checked against the plan */
  constructor(plan: Plan, data: JobData, around: Around, concurrent: number) {
    this.#plan = plan;
    this.#around = around;
    this.#concurrent = concurrent;
    this.#alarm = new Alarm(around.clock, () => {
      if (this.isGoing()) this.#take(this.#desk.waiting.releaseDue());
    });
    const { books, waiting } = this.#read(data);
    this.#facts = factsOf(data);
    this.#desk = { books, waiting, ledger: undefined, seen: undefined, next: data.next };
    this.#hands = new Hands(plan, around, this.#desk, this, this);
    this.#ended.promise.catch(() => {});
  }

  get id(): string {
    return this.#facts.id;
  }

  get tenant(): string {
    return this.#facts.tenant;
  }

  get status(): Status {
    return this.#status;
  }

  get done(): Promise<JobState> {
    return this.#ended.promise;
  }

  get state(): JobState {
    const deliveries = this.#desk.waiting.all(this.#hands.deliveries);
    return new JobState({
      ...this.#facts,
      status: this.#status,
      reason: this.#reason,
      error: this.#error ?? this.#failure?.error,
      endedAt: this.#endedAt,
      next: this.#desk.next,
      pending: deliveries.map(pendingFrom),
      gathering: this.#desk.waiting.gathering(),
      ...this.#desk.books.data(),
    });
  }

  get sharedValues(): ReadonlyMap<string, unknown> {
    return this.#desk.books.shared;
  }

  get checkpoint(): unknown {
    return this.#desk.books.lastPause?.checkpoint;
  }

  stateOf(node: string): ReadonlyMap<string, unknown> {
    return this.#desk.books.of(node).state;
  }

  kept(slot: string): Copy | undefined {
    return this.#desk.books.merged.get(slot);
  }

  serialize(): string {
    return this.state.serialize();
  }

  save(path: string): Promise<void> {
    return this.state.save(path);
  }

  /** It is further than was known here. */
  load(data: JobData): void {
    this.#facts = factsOf(data);
    Object.assign(this.#desk, this.#read(data));
    this.#desk.next = data.next;
  }

  /** @param ledger where it notes what it does; without one it lasts as long as the process */
  begin(ledger: Ledger | undefined, resumed: { takenOver: boolean } | undefined): void {
    this.#desk.ledger = ledger;
    this.#ready = true;
    this.#open(resumed);
    this.#note(resumed === undefined ? { kind: "begun" } : { kind: "resumed" });
    this.#goOn();
  }

  /** What the process before had done, which may have died with it unsent. */
  sayAgain(said: readonly SaidAgain[]): void {
    this.#desk.seen?.sayAgain(said);
  }

  /** A process before it had decided that it is to stop. */
  stopAtOnce(error: unknown): void {
    this.#stop({ status: endingOf(error) === "cancelled" ? "cancelled" : "failed", error });
  }

  /** It can't be begun: its journal says so. */
  refuse(error: unknown): void {
    this.#left = true;
    this.#ended.reject(error);
    this.#pausing?.asked.reject(error);
    this.#around.over(this);
  }

  /** How it ended in another process. */
  endedElsewhere(data: JobData): void {
    this.#left = true;
    this.#status = data.status;
    this.#ended.resolve(new JobState(data));
    this.#around.over(this);
  }

  /** Another process has it: nothing more is done here. */
  lost(error: unknown): void {
    if (this.#left || hasEnded(this.#status)) return;
    this.refuse(error);
    this.#hands.interrupt(error);
    this.#hands.rest();
    this.#desk.seen?.leave();
  }

  /** Its lease is no longer good. Where it is giving the lease back that is as it should be. */
  leaseLost(error: unknown): void {
    if (!this.#leaving) this.lost(error);
  }

  /**
   * Begins nothing more; once all is quiet it goes back to its journal, and without one it is cancelled. A pause and an end
   * that come first are as they would be.
   */
  leave(): void {
    this.#handingOver = true;
    this.#hands.cutWaits();
    this.#goOn();
  }

  /** What runs is told to stop, and comes again wherever the job goes on. */
  interrupt(reason: unknown): void {
    this.#hands.interrupt(reason);
  }

  /** Another handle goes on with it. */
  handOver(to: Job): void {
    this.#left = true;
    this.#ended.resolve(to.done);
  }

  async pause(
    reason?: string,
    checkpoint?: unknown,
    { abort = false }: PauseOptions = {},
  ): Promise<JobState> {
    const pausing = this.#askToPause(reason, checkpoint);
    if (abort) {
      const why = abortError(`job ${this.id} is paused${reason === undefined ? "" : `: ${reason}`}`);
      this.#hands.interrupt(why);
    }
    if (currentAttempt()?.job === this) return this.state;
    return await pausing.asked.promise;
  }

  askToPause(reason: string | undefined, checkpoint: unknown): void {
    this.#askToPause(reason, checkpoint);
  }

  async resume(): Promise<void> {
    if (this.#left || this.#status !== "paused") moved(this.id, this.#status, "running");
    await this.#around.reclaim(this);
  }

  /** After a pause in this process. */
  goOnAfterPause(ledger: Ledger | undefined): void {
    this.#status = moved(this.id, this.#status, "running");
    this.#reason = undefined;
    this.#desk.waiting.restart();
    this.begin(ledger, { takenOver: false });
  }

  async cancel(reason?: string): Promise<JobState> {
    if (this.#left || hasEnded(this.#status)) moved(this.id, this.#status, "cancelled");
    if (this.#status === "paused") {
      await this.#around.reclaim(this, { reason });
      return await this.done;
    }
    this.#stop({ status: "cancelled", error: abortError(reason ?? "cancelled") });
    return await this.done;
  }

  /** A job without a journal that is paused has nothing to wait for. */
  cancelPaused(reason: string | undefined, ledger: Ledger | undefined): void {
    this.#desk.ledger = ledger;
    this.#ready = true;
    this.#open({ takenOver: false });
    this.#status = "running";
    this.#stop({ status: "cancelled", error: abortError(reason ?? "cancelled") });
  }

  admit(event: string, sent: number): void {
    this.#hands.admit(event, sent);
  }

  room(attempt: Attempt): Promise<void> {
    return this.#hands.room(attempt);
  }

  isGoing(): boolean {
    const isAsked = this.#pausing !== undefined || this.#stopping !== undefined || this.#handingOver;
    return this.#status === "running" && !isAsked && !this.#left;
  }

  hasLeft(): boolean {
    return this.#left;
  }

  gaveUp(error: unknown, verdict: Verdict): void {
    if (verdict === "skip") return;
    this.#failure ??= { error };
    if (verdict === "stop") this.stopAtOnce(error);
  }

  freed(): void {
    this.#pump();
  }

  #read(data: JobData): Pick<Desk, "books" | "waiting"> {
    const waiting = new Waiting(this.#plan, this.#around.now);
    waiting.loadGathering(data.gathering);
    for (const pending of data.pending) waiting.push(deliveryFrom(pending, this.#plan));
    this.#status = data.status;
    this.#reason = data.reason;
    this.#failure = data.error === undefined ? undefined : { error: data.error };
    return { books: new Books(data, this.#around.limits), waiting };
  }

  #open(resumed: { takenOver: boolean } | undefined): void {
    const finished = this.#desk.books.finished();
    this.#desk.seen = JobSeen.open(this.#facts, this.#plan, resumed && { ...resumed, finished });
  }

  /** Not in the caller's turn: who begins a job has it in hand before its first handler runs. */
  #goOn(): void {
    queueMicrotask(() => this.#inOwnContext(() => this.#pump()));
  }

  #pump(): void {
    if (this.#pumping || this.#turns.resting || !this.#ready) return;
    this.#pumping = true;
    while (this.#mayBegin()) {
      if (this.#turns.over(() => this.#inOwnContext(() => this.#pump()))) break;
      const next = this.#desk.waiting.take();
      if (next === undefined) break;
      if (next.kind === "handle") this.#hands.handle(next.delivery);
      else if (next.kind === "fail") this.#hands.failUnhandled(next.delivery, next.error);
      else this.#hands.late(next.delivery);
    }
    this.#pumping = false;
    if (this.#turns.resting) return;
    this.#alarm.set(this.#desk.waiting.nextAt() ?? Number.POSITIVE_INFINITY);
    this.#considerQuiet();
  }

  #mayBegin(): boolean {
    return this.isGoing() && this.#hands.size < this.#concurrent;
  }

  #askToPause(reason: string | undefined, checkpoint: unknown): Pausing {
    if (this.#left || this.#stopping !== undefined || this.#status !== "running")
      moved(this.id, this.#stopping?.status ?? this.#status, "paused");
    const kept = copyOf(checkpoint, `checkpoint of job ${this.id}`).value;
    if (this.#pausing === undefined) {
      this.#pausing = { reason, checkpoint: kept, asked: Promise.withResolvers() };
      this.#pausing.asked.promise.catch(() => {});
      this.#hands.cutWaits();
      this.#goOn();
    }
    return this.#pausing;
  }

  #stop(stopping: Stopping): void {
    if (this.#stopping !== undefined || hasEnded(this.#status)) return;
    this.#stopping = stopping;
    this.#hands.interrupt(stopping.error);
    this.#goOn();
  }

  #considerQuiet(): void {
    if (!this.#ready || this.#left || !this.#hands.isQuiet) return;
    if (hasEnded(this.#status) || this.#status === "paused") return;
    if (this.#stopping !== undefined) this.#end(this.#stopping.status, this.#stopping.error);
    else if (this.#pausing !== undefined) this.#quiet(this.#pausing);
    else if (this.#handingOver && this.#desk.waiting.all([]).length > 0) this.#leave();
    else if (this.#desk.waiting.size === 0) this.#drained();
  }

  #leave(): void {
    const { ledger } = this.#desk;
    if (ledger === undefined) {
      this.#stop({ status: "cancelled", error: abortError("its graph was closed") });
      return;
    }
    this.#ready = false;
    this.#leaving = true;
    this.#stopTimers();
    ledger.left(this.#around.clock.now()).then(
      () => this.lost(new JobLeft(this.id)),
      (error: unknown) => this.lost(error),
    );
  }

  /** Nothing runs and nothing is queued: what is kept back waits in vain for more. */
  #drained(): void {
    const rest = this.#desk.waiting.releaseRest();
    if (rest.length > 0) this.#take(rest);
    else if (this.#failure === undefined) this.#end("succeeded", undefined);
    else this.#end("failed", this.#failure.error);
  }

  /** In their order, as far as there is a place. */
  #take(released: readonly { kind: string; delivery: Delivery; error?: unknown }[]): void {
    for (const { kind, delivery, error } of released) {
      if (kind === "fail") this.#hands.failUnhandled(delivery, error);
      else {
        this.#desk.waiting.ended(delivery);
        this.#desk.waiting.giveBack([delivery]);
      }
    }
    this.#goOn();
  }

  #stopTimers(): void {
    this.#hands.rest();
    this.#alarm.stop();
  }

  #quiet({ reason, checkpoint, asked }: Pausing): void {
    const at = this.#around.now();
    this.#ready = false;
    this.#stopTimers();
    const point = { at, reason, checkpoint };
    this.#leaving = true;
    const pause = (): void => {
      this.#leaving = false;
      this.#pausing = undefined;
      this.#status = moved(this.id, this.#status, "paused");
      this.#reason = reason;
      this.#desk.books.pause(point);
      this.#note({ kind: "paused", ...(reason === undefined ? {} : { reason }) });
      this.#desk.seen?.paused(reason);
      this.#desk.seen = undefined;
      this.#around.paused(this);
      asked.resolve(this.state);
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
    this.#goOn();
  }

  #end(status: EndStatus, error: unknown): void {
    this.#ready = false;
    this.#leaving = true;
    this.#stopTimers();
    const end = (): void => {
      this.#endedAt = this.#around.now();
      this.#error = status === "failed" ? error : undefined;
      this.#reason = status === "cancelled" ? describeError(error).message : undefined;
      this.#note({ kind: "ended", ...(error === undefined ? {} : { error: saidOf(error) }) });
      this.#desk.seen?.ended(status, error);
      this.#status = moved(this.id, this.#status, status);
      this.#ended.resolve(this.state);
      this.#around.over(this);
      const pausing = this.#pausing;
      if (pausing === undefined) return;
      try {
        moved(this.id, status, "paused");
      } catch (illegal) {
        pausing.asked.reject(illegal);
      }
    };
    const written = this.#desk.ledger?.ended(status, error);
    if (written === undefined) end();
    else written.then(end, (thrown: unknown) => this.lost(thrown));
  }

  #note(entry: Omit<HistoryEntry, "at">): void {
    this.#desk.books.note({ at: this.#around.now(), ...entry });
  }
}

function factsOf({ id, tenant, graph, labels, createdAt, entry }: JobData): Facts {
  return { id, tenant, graph, labels, createdAt, entry };
}
