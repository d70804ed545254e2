/** One run of a graph in this process: takes deliveries from the queue, so many at once, and decides what becomes of each. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Status } from "../attributes.ts";
import { abortError, hasEnded, moved } from "../run/index.ts";
import { Alarm } from "./alarm.ts";
import type { Attempt, AttemptHost } from "./attempt.ts";
import { Books } from "./books.ts";
import type { Copy } from "./copy.ts";
import { currentAttempt } from "./current.ts";
import type { Delivery } from "./delivery.ts";
import { type Chief, type Desk, Hands } from "./hands.ts";
import type { Job, PauseOptions } from "./job.ts";
import type { HistoryEntry, JobData } from "./job-data.ts";
import { JobSeen, type SaidAgain } from "./job-seen.ts";
import { JobState } from "./job-state.ts";
import type { Ledger } from "./ledger.ts";
import type { Plan } from "./plan.ts";
import { deliveryFrom, pendingFrom } from "./restore.ts";
import { Standing } from "./standing.ts";
import type { Surroundings } from "./surroundings.ts";
import { Turns } from "./turns.ts";
import type { Verdict } from "./verdict.ts";
import { Waiting } from "./waiting.ts";

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
  /** Handlers run in the context in which the job was begun, whoever lets it go on. */
  readonly #inOwnContext = AsyncLocalStorage.snapshot();
  readonly #desk: Desk;
  readonly #hands: Hands;
  #facts: Facts;
  readonly #standing: Standing;
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
    this.#facts = factsOf(data);
    this.#desk = { ...this.#read(data), ledger: undefined, seen: undefined, next: data.next };
    this.#hands = new Hands(plan, around, this.#desk, this, this);
    this.#standing = new Standing(data.id, around, this.#desk, {
      state: () => this.state,
      interrupt: (reason) => this.#hands.interrupt(reason),
      cutWaits: () => this.#hands.cutWaits(),
      goOn: () => this.#goOn(),
      rest: () => this.#rest(),
      over: () => around.over(this),
      paused: () => around.paused(this),
    });
    this.#standing.read(data);
  }

  get id(): string {
    return this.#facts.id;
  }

  get tenant(): string {
    return this.#facts.tenant;
  }

  get status(): Status {
    return this.#standing.status;
  }

  get done(): Promise<JobState> {
    return this.#standing.done;
  }

  get state(): JobState {
    const deliveries = this.#desk.waiting.all(this.#hands.deliveries);
    return new JobState({
      ...this.#facts,
      ...this.#standing.facts,
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
    this.#standing.read(data);
    this.#desk.next = data.next;
  }

  /** @param ledger where it notes what it does; without one it lasts as long as the process */
  begin(ledger: Ledger | undefined, resumed: { takenOver: boolean } | undefined): void {
    this.#desk.ledger = ledger;
    this.#standing.begun();
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
    this.#standing.stop(error);
  }

  /** It can't be begun: its journal says so. */
  refuse(error: unknown): void {
    this.#standing.refuse(error);
  }

  /** How it ended in another process. */
  endedElsewhere(data: JobData): void {
    this.#standing.endedElsewhere(data);
  }

  /** Another process has it: nothing more is done here. */
  lost(error: unknown): void {
    this.#standing.lost(error);
  }

  /** Its lease is no longer good. Where it is giving the lease back that is as it should be. */
  leaseLost(error: unknown): void {
    this.#standing.leaseLost(error);
  }

  /** Begins nothing more, and goes back to its journal; without one it is cancelled. */
  leave(): void {
    this.#standing.leave();
  }

  /** What runs is told to stop, and comes again wherever the job goes on. */
  interrupt(reason: unknown): void {
    this.#hands.interrupt(reason);
  }

  /** Another handle goes on with it. */
  handOver(to: Job): void {
    this.#standing.handOver(to);
  }

  async pause(
    reason?: string,
    checkpoint?: unknown,
    { abort = false }: PauseOptions = {},
  ): Promise<JobState> {
    const paused = this.#standing.pause(reason, checkpoint);
    if (abort) {
      const why = abortError(`job ${this.id} is paused${reason === undefined ? "" : `: ${reason}`}`);
      this.#hands.interrupt(why);
    }
    if (currentAttempt()?.job === this) return this.state;
    return await paused;
  }

  askToPause(reason: string | undefined, checkpoint: unknown): void {
    void this.#standing.pause(reason, checkpoint);
  }

  async resume(): Promise<void> {
    if (this.#standing.hasLeft || this.status !== "paused") moved(this.id, this.status, "running");
    await this.#around.reclaim(this);
  }

  /** After a pause in this process. */
  goOnAfterPause(ledger: Ledger | undefined): void {
    this.#standing.resumed();
    this.#desk.waiting.restart();
    this.begin(ledger, { takenOver: false });
  }

  async cancel(reason?: string): Promise<JobState> {
    if (this.#standing.hasLeft || hasEnded(this.status)) moved(this.id, this.status, "cancelled");
    if (this.status === "paused") {
      await this.#around.reclaim(this, { reason });
      return await this.done;
    }
    this.#standing.stop(abortError(reason ?? "cancelled"));
    return await this.done;
  }

  /** A job without a journal that is paused has nothing to wait for. */
  cancelPaused(reason: string | undefined, ledger: Ledger | undefined): void {
    this.#desk.ledger = ledger;
    this.#standing.begun();
    this.#open({ takenOver: false });
    this.#standing.cancelPaused(abortError(reason ?? "cancelled"));
  }

  admit(event: string, sent: number): void {
    this.#hands.admit(event, sent);
  }

  room(attempt: Attempt): Promise<void> {
    return this.#hands.room(attempt);
  }

  isGoing(): boolean {
    return this.#standing.isGoing;
  }

  hasLeft(): boolean {
    return this.#standing.hasLeft;
  }

  gaveUp(error: unknown, verdict: Verdict): void {
    if (verdict === "skip") return;
    this.#standing.gaveUp(error);
    if (verdict === "stop") this.stopAtOnce(error);
  }

  freed(): void {
    this.#pump();
  }

  #read(data: JobData): Pick<Desk, "books" | "waiting"> {
    const waiting = new Waiting(this.#plan, this.#around.now);
    waiting.loadGathering(data.gathering);
    for (const pending of data.pending) waiting.push(deliveryFrom(pending, this.#plan));
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
    if (this.#pumping || this.#turns.resting || !this.#standing.isReady) return;
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

  #considerQuiet(): void {
    if (!this.#hands.isQuiet || this.#standing.turn()) return;
    if (this.#desk.waiting.size === 0) this.#drained();
  }

  /** Nothing runs and nothing is queued: what is kept back waits in vain for more. */
  #drained(): void {
    const rest = this.#desk.waiting.releaseRest();
    if (rest.length > 0) this.#take(rest);
    else this.#standing.finish();
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

  #rest(): void {
    this.#hands.rest();
    this.#alarm.stop();
  }

  #note(entry: Omit<HistoryEntry, "at">): void {
    this.#desk.books.note({ at: this.#around.now(), ...entry });
  }
}

function factsOf({ id, tenant, graph, labels, createdAt, entry }: JobData): Facts {
  return { id, tenant, graph, labels, createdAt, entry };
}
