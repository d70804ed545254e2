/** One run of a graph in this process: takes deliveries from the queue, so many at once, and decides what becomes of each. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { EndStatus, Status } from "../attributes.ts";
import { describeError } from "../errors.ts";
import { abortError, endingOf, hasEnded, moved } from "../run/index.ts";
import { Alarm } from "./alarm.ts";
import { Attempt, type AttemptHost } from "./attempt.ts";
import { Books, saidOf } from "./books.ts";
import { type Copy, copyOf } from "./copy.ts";
import { Crowd } from "./crowd.ts";
import { currentAttempt } from "./current.ts";
import type { Delivery } from "./delivery.ts";
import { QueueFull } from "./errors/queue-full.ts";
import type { Job, PauseOptions } from "./job.ts";
import type { HistoryEntry, JobData } from "./job-data.ts";
import { JobSeen, type SaidAgain, stepFailed } from "./job-seen.ts";
import { JobState } from "./job-state.ts";
import type { Ledger } from "./ledger.ts";
import type { Plan } from "./plan.ts";
import { deliveryFrom, pendingFrom } from "./restore.ts";
import type { Around } from "./surroundings.ts";
import { Turns } from "./turns.ts";
import { applyChanges } from "./values.ts";
import { delayBefore, type Verdict, verdictOn } from "./verdict.ts";
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

type Facts = Pick<JobData, "id" | "tenant" | "graph" | "labels" | "createdAt" | "entry">;

/** What there is of a job in this process. */
interface Held {
  readonly facts: Facts;
  readonly books: Books;
  readonly waiting: Waiting;
}

export class JobRun implements Job, AttemptHost {
  readonly #plan: Plan;
  readonly #around: Around;
  readonly #concurrent: number;
  readonly #inHand = new Set<Attempt>();
  readonly #ended = Promise.withResolvers<JobState>();
  /** Handlers run in the context in which the job was begun, whoever lets it go on. */
  readonly #inOwnContext = AsyncLocalStorage.snapshot();
  #held: Held;
  #ledger: Ledger | undefined;
  #status: Status = "running";
  #reason: string | undefined;
  #error: unknown;
  /** Of a delivery that was given up: the job goes on, and fails in the end. */
  #failure: { readonly error: unknown } | undefined;
  #next = 0;
  #endedAt: number | undefined;
  #seen: JobSeen | undefined;
  #stopping: Stopping | undefined;
  #pausing: Pausing | undefined;
  /** It has its journal, or needs none. */
  #ready = false;
  #left = false;
  /** Its end or its pause is being noted, by which its lease goes. */
  #leaving = false;
  readonly #turns = new Turns();
  #pumping = false;
  /** Writes of what is no attempt. */
  #writing = 0;
  readonly #crowd: Crowd;
  /** Aborted when nobody waits any more for handlers that were told to stop. */
  #grace = new AbortController();
  /** For what is kept back and has waited long enough. */
  readonly #alarm: Alarm;

  /** @param data as it was begun, or comes back; it was checked against the plan */
  constructor(plan: Plan, data: JobData, around: Around, concurrent: number) {
    this.#plan = plan;
    this.#around = around;
    this.#concurrent = concurrent;
    this.#crowd = new Crowd(around.limits.crowd);
    this.#alarm = new Alarm(around.clock, () => {
      if (this.#isGoing()) this.#take(this.#waiting.releaseDue());
    });
    this.#held = this.#taken(data);
    this.#ended.promise.catch(() => {});
  }

  get #facts(): Facts {
    return this.#held.facts;
  }

  get #books(): Books {
    return this.#held.books;
  }

  get #waiting(): Waiting {
    return this.#held.waiting;
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
    const deliveries = this.#waiting.all([...this.#inHand].map(({ given }) => given));
    return new JobState({
      ...this.#facts,
      status: this.#status,
      reason: this.#reason,
      error: this.#error ?? this.#failure?.error,
      endedAt: this.#endedAt,
      next: this.#next,
      pending: deliveries.map(pendingFrom),
      gathering: this.#waiting.gathering(),
      ...this.#books.data(),
    });
  }

  get sharedValues(): ReadonlyMap<string, unknown> {
    return this.#books.shared;
  }

  get checkpoint(): unknown {
    return this.#books.lastPause?.checkpoint;
  }

  stateOf(node: string): ReadonlyMap<string, unknown> {
    return this.#books.of(node).state;
  }

  kept(slot: string): Copy | undefined {
    return this.#books.merged.get(slot);
  }

  serialize(): string {
    return this.state.serialize();
  }

  save(path: string): Promise<void> {
    return this.state.save(path);
  }

  /** It is further than was known here. */
  load(data: JobData): void {
    this.#held = this.#taken(data);
  }

  /** @param ledger where it notes what it does; without one it lasts as long as the process */
  begin(ledger: Ledger | undefined, resumed: { takenOver: boolean } | undefined): void {
    this.#ledger = ledger;
    this.#ready = true;
    this.#open(resumed);
    this.#note(resumed === undefined ? { kind: "begun" } : { kind: "resumed" });
    this.#goOn();
  }

  /** What the process before had done, which may have died with it unsent. */
  sayAgain(said: readonly SaidAgain[]): void {
    this.#seen?.sayAgain(said);
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
    for (const attempt of this.#inHand) this.#interrupt(attempt, error);
    this.#seen?.leave();
  }

  /** Its lease is no longer good. Where it is giving the lease back that is as it should be. */
  leaseLost(error: unknown): void {
    if (!this.#leaving) this.lost(error);
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
      for (const attempt of this.#inHand) this.#interrupt(attempt, why);
      this.#stopSoon();
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
    this.#waiting.restart();
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
    this.#ledger = ledger;
    this.#ready = true;
    this.#open({ takenOver: false });
    this.#status = "running";
    this.#stop({ status: "cancelled", error: abortError(reason ?? "cancelled") });
  }

  admit(event: string, sent: number): void {
    const { maxQueued } = this.#around.limits;
    if (this.#waiting.size + sent > maxQueued) throw new QueueFull(event, maxQueued);
  }

  room(attempt: Attempt): Promise<void> {
    return this.#crowd.join(attempt, this.#waiting.size, this.#inHand.size);
  }

  #taken(data: JobData): Held {
    const { id, tenant, graph, labels, createdAt, entry } = data;
    const waiting = new Waiting(this.#plan, this.#around.now);
    waiting.loadGathering(data.gathering);
    for (const pending of data.pending) waiting.push(deliveryFrom(pending, this.#plan));
    this.#status = data.status;
    this.#reason = data.reason;
    this.#next = data.next;
    this.#failure = data.error === undefined ? undefined : { error: data.error };
    const books = new Books(data, this.#around.limits);
    return { facts: { id, tenant, graph, labels, createdAt, entry }, books, waiting };
  }

  #open(resumed: { takenOver: boolean } | undefined): void {
    const finished = this.#books.finished();
    this.#seen = JobSeen.open(this.#facts, this.#plan, resumed && { ...resumed, finished });
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
      const next = this.#waiting.take();
      if (next === undefined) break;
      if (next.kind === "handle") this.#handle(next.delivery);
      else if (next.kind === "fail") this.#failUnhandled(next.delivery, next.error);
      else this.#late(next.delivery);
    }
    this.#pumping = false;
    if (this.#turns.resting) return;
    this.#alarm.set(this.#waiting.nextAt() ?? Number.POSITIVE_INFINITY);
    this.#considerQuiet();
  }

  #mayBegin(): boolean {
    return this.#isGoing() && this.#inHand.size < this.#concurrent;
  }

  #isGoing(): boolean {
    const isAsked = this.#pausing !== undefined || this.#stopping !== undefined;
    return this.#status === "running" && !isAsked && !this.#left;
  }

  #handle(delivery: Delivery): void {
    delivery.attempts += 1;
    const attempt = new Attempt(this, delivery, this.#around.now());
    this.#inHand.add(attempt);
    attempt.step = this.#seen?.openStep(attempt);
    let result: unknown;
    try {
      result = attempt.step === undefined ? attempt.run() : attempt.step.run(() => attempt.run());
    } catch (error) {
      this.#failed(attempt, error);
      return;
    }
    if (!isThenable(result)) {
      this.#succeeded(attempt);
      return;
    }
    const { timeout } = delivery.slot.parts;
    if (timeout !== undefined) this.#limit(attempt, timeout);
    result.then(
      () => {
        this.#succeeded(attempt);
        this.#pump();
      },
      (error: unknown) => {
        this.#failed(attempt, error);
        this.#pump();
      },
    );
  }

  #limit(attempt: Attempt, timeout: number): void {
    const timer = new AbortController();
    attempt.release = () => timer.abort();
    this.#around.clock.sleep(timeout, timer.signal).then(
      () => {
        if (attempt.over) return;
        const error = new DOMException(
          `${attempt.given.slot.key}: expected its handler to end within ${timeout} ms, got no end`,
          "TimeoutError",
        );
        attempt.abort(error);
        this.#failed(attempt, error);
        this.#pump();
      },
      () => {},
    );
  }

  #succeeded(attempt: Attempt): void {
    if (attempt.over || this.#left) return;
    const endedAt = this.#around.now();
    const first = this.#next;
    let changes: ReturnType<Attempt["changes"]>;
    let written: Promise<void> | undefined;
    try {
      changes = attempt.changes();
      this.#next += attempt.sent.length;
      written = this.#ledger?.succeeded(attempt, { first, changes, endedAt });
    } catch (error) {
      this.#next = first;
      this.#failed(attempt, error);
      return;
    }
    attempt.over = true;
    attempt.release?.();
    applyChanges(this.#books.of(attempt.node.id).state, changes.state);
    applyChanges(this.#books.shared, changes.shared);
    if (attempt.merged !== undefined) this.#books.merged.set(attempt.given.slot.key, attempt.merged);
    this.#after(written, () => this.#finish(attempt, first, endedAt));
  }

  /** What it sent is queued: not before it is noted that it was sent. */
  #finish(attempt: Attempt, first: number, endedAt: number): void {
    const { given, node, sent } = attempt;
    let n = first;
    for (const { edge, payload, live, turns } of sent) {
      this.#waiting.push({ n, slot: edge.target, edge, payload, live, attempts: 0, turns, parts: undefined });
      n += 1;
    }
    const book = this.#books.of(node.id);
    const ms = endedAt - attempt.startedAt;
    book.succeeded += 1;
    book.durations.add(ms);
    this.#books.note({
      at: endedAt,
      kind: "succeeded",
      routine: node.id,
      slot: given.slot.name,
      delivery: given.n,
      attempt: attempt.attempt,
      ms,
      sent: sent.length,
    });
    this.#seen?.succeeded(attempt);
    attempt.close(() => {});
    this.#letGo(attempt, true);
  }

  /** @param done it is finished; else it comes again */
  #letGo(attempt: Attempt, done: boolean): void {
    this.#inHand.delete(attempt);
    this.#waiting.ended(attempt.given);
    if (done) this.#waiting.settled(attempt.given);
    this.#crowd.leave(attempt, this.#waiting.size, this.#inHand.size);
  }

  #failed(attempt: Attempt, error: unknown): void {
    if (attempt.over || this.#left) return;
    if (attempt.interrupted) {
      this.#comesAgain(attempt);
      return;
    }
    const { node } = attempt;
    const endedAt = this.#around.now();
    const ms = endedAt - attempt.startedAt;
    const book = this.#books.of(node.id);
    book.failures += 1;
    book.durations.add(ms);
    this.#noteOf(attempt, { at: endedAt, kind: "failed", ms, error: saidOf(error) });
    attempt.close((step) => stepFailed(step, error));
    const { random } = this.#around;
    const delay = delayBefore(attempt, error, { plan: this.#plan, books: this.#books, random });
    if (delay !== undefined) book.retries += 1;
    const verdict = delay === undefined ? verdictOn(node) : undefined;
    const written = this.#ledger?.failed(attempt, { error, endedAt, verdict });
    this.#after(written, () => this.#decide(attempt, error, delay, verdict));
  }

  #decide(attempt: Attempt, error: unknown, delay: number | undefined, verdict: Verdict | undefined): void {
    if (this.#left) return;
    if (verdict === undefined) void this.#tryAgain(attempt, delay ?? 0);
    else this.#giveUp(attempt, error, verdict);
  }

  /** It keeps its place: what comes after it over the same connection does not overtake it. */
  async #tryAgain(attempt: Attempt, delay: number): Promise<void> {
    const wait = new AbortController();
    attempt.release = () => wait.abort();
    if (this.#stopping !== undefined || this.#pausing !== undefined) wait.abort();
    try {
      await this.#around.clock.sleep(delay, wait.signal);
    } catch {
      this.#giveBack(attempt);
      this.#pump();
      return;
    }
    if (this.#stopping !== undefined || this.#pausing !== undefined) {
      this.#giveBack(attempt);
    } else {
      this.#inHand.delete(attempt);
      this.#handle(attempt.given);
    }
    this.#pump();
  }

  #giveUp(attempt: Attempt, error: unknown, verdict: Verdict): void {
    const { given, node } = attempt;
    const skipped = verdict === "skip";
    const at = this.#around.now();
    const book = this.#books.of(node.id);
    if (skipped) book.skipped += 1;
    else book.failed += 1;
    this.#books.bury({
      at,
      delivery: given.n,
      routine: node.id,
      slot: given.slot.name,
      connection: given.edge?.id,
      payload: given.payload,
      error,
      attempts: given.attempts,
      skipped,
    });
    this.#noteOf(attempt, { at, kind: "given up", error: saidOf(error) });
    this.#letGo(attempt, true);
    if (skipped) return;
    this.#failure ??= { error };
    if (verdict === "stop")
      this.#stop({ status: endingOf(error) === "cancelled" ? "cancelled" : "failed", error });
  }

  /** Without its handler being called: it has gone round too often, or did not come together. */
  #failUnhandled(delivery: Delivery, error: unknown): void {
    delivery.attempts += 1;
    const attempt = new Attempt(this, delivery, this.#around.now());
    this.#inHand.add(attempt);
    attempt.step = this.#seen?.openStep(attempt);
    this.#failed(attempt, error);
  }

  /** Its join has gone on without it. */
  #late(delivery: Delivery): void {
    this.#note({
      kind: "late",
      routine: delivery.slot.node.id,
      slot: delivery.slot.name,
      delivery: delivery.n,
    });
    this.#writing += 1;
    this.#after(this.#ledger?.late(delivery, this.#around.now()), () => {
      this.#writing -= 1;
    });
  }

  /** At once where there is no journal. One that fails for good has lost the job. */
  #after(written: Promise<void> | undefined, then: () => void): void {
    if (written === undefined) {
      then();
      return;
    }
    written.then(
      () => {
        then();
        this.#pump();
      },
      (error: unknown) => this.lost(error),
    );
  }

  #interrupt(attempt: Attempt, reason: unknown): void {
    if (!attempt.over) attempt.interrupted = true;
    attempt.abort(reason);
  }

  /** It was told to stop: the try does not count. */
  #comesAgain(attempt: Attempt): void {
    attempt.given.attempts -= 1;
    attempt.close((step) => step.cancel("interrupted"));
    this.#giveBack(attempt);
  }

  #giveBack(attempt: Attempt): void {
    this.#letGo(attempt, false);
    this.#waiting.giveBack([attempt.given]);
  }

  #askToPause(reason: string | undefined, checkpoint: unknown): Pausing {
    if (this.#left || this.#stopping !== undefined || this.#status !== "running")
      moved(this.id, this.#stopping?.status ?? this.#status, "paused");
    const kept = copyOf(checkpoint, `checkpoint of job ${this.id}`).value;
    if (this.#pausing === undefined) {
      this.#pausing = { reason, checkpoint: kept, asked: Promise.withResolvers() };
      this.#pausing.asked.promise.catch(() => {});
      // A wait for another try is no work in hand.
      for (const attempt of this.#inHand) if (attempt.over) attempt.release?.();
      this.#goOn();
    }
    return this.#pausing;
  }

  #stop(stopping: Stopping): void {
    if (this.#stopping !== undefined || hasEnded(this.#status)) return;
    this.#stopping = stopping;
    for (const attempt of this.#inHand) this.#interrupt(attempt, stopping.error);
    this.#stopSoon();
    this.#goOn();
  }

  /** Handlers that do not heed their signal are left to themselves after a while. */
  #stopSoon(): void {
    if (this.#inHand.size === 0) return;
    const inHand = [...this.#inHand].filter(({ over }) => !over);
    this.#around.clock.sleep(this.#around.limits.stopGrace, this.#grace.signal).then(
      () => {
        for (const attempt of inHand) if (!attempt.over) this.#comesAgain(attempt);
        this.#pump();
      },
      () => {},
    );
  }

  #considerQuiet(): void {
    if (!this.#ready || this.#left || this.#inHand.size > 0 || this.#writing > 0) return;
    if (hasEnded(this.#status) || this.#status === "paused") return;
    if (this.#stopping !== undefined) this.#end(this.#stopping.status, this.#stopping.error);
    else if (this.#pausing !== undefined) this.#quiet(this.#pausing);
    else if (this.#waiting.size === 0) this.#drained();
  }

  /** Nothing runs and nothing is queued: what is kept back waits in vain for more. */
  #drained(): void {
    const rest = this.#waiting.releaseRest();
    if (rest.length > 0) this.#take(rest);
    else if (this.#failure === undefined) this.#end("succeeded", undefined);
    else this.#end("failed", this.#failure.error);
  }

  /** In their order, as far as there is a place. */
  #take(released: readonly { kind: string; delivery: Delivery; error?: unknown }[]): void {
    for (const { kind, delivery, error } of released) {
      if (kind === "fail") this.#failUnhandled(delivery, error);
      else {
        this.#waiting.ended(delivery);
        this.#waiting.giveBack([delivery]);
      }
    }
    this.#goOn();
  }

  #stopTimers(): void {
    this.#grace.abort();
    this.#grace = new AbortController();
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
      this.#books.pause(point);
      this.#note({ kind: "paused", ...(reason === undefined ? {} : { reason }) });
      this.#seen?.paused(reason);
      this.#seen = undefined;
      this.#around.paused(this);
      asked.resolve(this.state);
    };
    const written = this.#ledger?.paused(point);
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
      this.#seen?.ended(status, error);
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
    this.#after(this.#ledger?.ended(status, error), end);
  }

  #note(entry: Omit<HistoryEntry, "at">): void {
    this.#books.note({ at: this.#around.now(), ...entry });
  }

  #noteOf(
    { node, given, attempt }: Attempt,
    entry: Pick<HistoryEntry, "at" | "kind" | "ms" | "error">,
  ): void {
    this.#books.note({ ...entry, routine: node.id, slot: given.slot.name, delivery: given.n, attempt });
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
