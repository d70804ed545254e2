/** The attempts of a job that are in hand, from when a delivery is taken from the queue until it is finished or comes again. */
import { timeoutError } from "../run/index.ts";
import { Attempt, type AttemptHost } from "./attempt.ts";
import { type Books, saidOf } from "./books.ts";
import { Crowd } from "./crowd.ts";
import type { Delivery } from "./delivery.ts";
import { QueueFull } from "./errors/queue-full.ts";
import type { HistoryEntry } from "./job-data.ts";
import { type JobSeen, stepFailed } from "./job-seen.ts";
import type { Ledger } from "./ledger.ts";
import type { Plan } from "./plan.ts";
import type { Surroundings } from "./surroundings.ts";
import { applyChanges } from "./values.ts";
import { delayBefore, type Verdict, verdictOn } from "./verdict.ts";
import type { Waiting } from "./waiting.ts";

/** What there is of a job in this process. */
export interface Desk {
  books: Books;
  waiting: Waiting;
  /** Where it notes what it does; without one it lasts as long as the process. */
  ledger: Ledger | undefined;
  seen: JobSeen | undefined;
  /** The number of the next delivery. */
  next: number;
}

/** Whoever decides on the job as a whole. */
export interface Chief {
  /** `false`: nothing is to be begun, nor tried again. */
  isGoing(): boolean;
  /** Nothing that is still done here counts. */
  hasLeft(): boolean;
  /** A delivery failed for good. */
  gaveUp(error: unknown, verdict: Verdict): void;
  /** There is room for another one, or all is quiet. */
  freed(): void;
  /** The journal has failed for good. */
  lost(error: unknown): void;
}

export class Hands {
  readonly #plan: Plan;
  readonly #around: Surroundings;
  readonly #desk: Desk;
  readonly #chief: Chief;
  readonly #host: AttemptHost;
  readonly #crowd: Crowd;
  readonly #attempts = new Set<Attempt>();
  /** Writes of what is no attempt. */
  #writing = 0;
  /** Aborted when nobody waits any more for handlers that were told to stop. */
  #grace = new AbortController();

  constructor(plan: Plan, around: Surroundings, desk: Desk, chief: Chief, host: AttemptHost) {
    this.#plan = plan;
    this.#around = around;
    this.#desk = desk;
    this.#chief = chief;
    this.#host = host;
    this.#crowd = new Crowd(around.limits.crowd);
  }

  get size(): number {
    return this.#attempts.size;
  }

  get isQuiet(): boolean {
    return this.#attempts.size === 0 && this.#writing === 0;
  }

  /** What they work on. */
  get deliveries(): Delivery[] {
    return [...this.#attempts].map(({ given }) => given);
  }

  /** @throws {QueueFull} */
  admit(event: string, sent: number): void {
    const { maxQueued } = this.#around.limits;
    if (this.#desk.waiting.size + sent > maxQueued) throw new QueueFull(event, maxQueued);
  }

  room(attempt: Attempt): Promise<void> {
    return this.#crowd.join(attempt, this.#desk.waiting.size, this.#attempts.size);
  }

  /** Tells all to stop by their signals, and leaves those to themselves who do not heed that. */
  interrupt(reason: unknown): void {
    for (const attempt of this.#attempts) this.#interrupt(attempt, reason);
    this.#leaveSoon();
  }

  /** A wait for another try is no work. */
  cutWaits(): void {
    for (const attempt of this.#attempts) if (attempt.over) attempt.release?.();
  }

  /** All is quiet: nobody has to be waited for. */
  rest(): void {
    this.#grace.abort();
    this.#grace = new AbortController();
  }

  handle(delivery: Delivery): void {
    delivery.attempts += 1;
    const attempt = new Attempt(this.#host, delivery, this.#around.now());
    this.#attempts.add(attempt);
    attempt.step = this.#desk.seen?.openStep(attempt);
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
        this.#chief.freed();
      },
      (error: unknown) => {
        this.#failed(attempt, error);
        this.#chief.freed();
      },
    );
  }

  #limit(attempt: Attempt, timeout: number): void {
    const timer = new AbortController();
    attempt.release = () => timer.abort();
    this.#around.clock.sleep(timeout, timer.signal).then(
      () => {
        if (attempt.over) return;
        const error = timeoutError(
          `${attempt.given.slot.key}: expected its handler to end within ${timeout} ms, got no end`,
        );
        attempt.abort(error);
        this.#failed(attempt, error);
        this.#chief.freed();
      },
      () => {},
    );
  }

  #succeeded(attempt: Attempt): void {
    if (attempt.over || this.#chief.hasLeft()) return;
    const endedAt = this.#around.now();
    const first = this.#desk.next;
    let changes: ReturnType<Attempt["changes"]>;
    let written: Promise<void> | undefined;
    try {
      changes = attempt.changes();
      this.#desk.next += attempt.sent.length;
      written = this.#desk.ledger?.succeeded(attempt, { first, changes, endedAt });
    } catch (error) {
      this.#desk.next = first;
      this.#failed(attempt, error);
      return;
    }
    attempt.over = true;
    attempt.release?.();
    applyChanges(this.#desk.books.of(attempt.node.id).state, changes.state);
    applyChanges(this.#desk.books.shared, changes.shared);
    if (attempt.merged !== undefined) this.#desk.books.merged.set(attempt.given.slot.key, attempt.merged);
    this.#after(written, () => this.#finish(attempt, first, endedAt));
  }

  /** What it sent is queued: not before it is noted that it was sent. */
  #finish(attempt: Attempt, first: number, endedAt: number): void {
    const { given, node, sent } = attempt;
    let n = first;
    for (const { edge, payload, live, turns } of sent) {
      this.#desk.waiting.push({
        n,
        slot: edge.target,
        edge,
        payload,
        live,
        attempts: 0,
        turns,
        parts: undefined,
      });
      n += 1;
    }
    const book = this.#desk.books.of(node.id);
    const ms = endedAt - attempt.startedAt;
    book.succeeded += 1;
    book.durations.add(ms);
    this.#desk.books.note({
      at: endedAt,
      kind: "succeeded",
      routine: node.id,
      slot: given.slot.name,
      delivery: given.n,
      attempt: attempt.attempt,
      ms,
      sent: sent.length,
    });
    this.#desk.seen?.succeeded(attempt);
    attempt.close(() => {});
    this.#letGo(attempt, true);
  }

  /** @param done it is finished; else it comes again */
  #letGo(attempt: Attempt, done: boolean): void {
    this.#attempts.delete(attempt);
    this.#desk.waiting.ended(attempt.given);
    if (done) this.#desk.waiting.settled(attempt.given);
    this.#crowd.leave(attempt, this.#desk.waiting.size, this.#attempts.size);
  }

  #failed(attempt: Attempt, error: unknown): void {
    if (attempt.over || this.#chief.hasLeft()) return;
    if (attempt.interrupted) {
      this.#comesAgain(attempt);
      return;
    }
    const { node } = attempt;
    const endedAt = this.#around.now();
    const ms = endedAt - attempt.startedAt;
    const book = this.#desk.books.of(node.id);
    book.failures += 1;
    book.durations.add(ms);
    this.#noteOf(attempt, { at: endedAt, kind: "failed", ms, error: saidOf(error) });
    attempt.close((step) => stepFailed(step, error));
    const { random } = this.#around;
    const delay = delayBefore(attempt, error, { plan: this.#plan, books: this.#desk.books, random });
    if (delay !== undefined) book.retries += 1;
    const verdict = delay === undefined ? verdictOn(node) : undefined;
    const written = this.#desk.ledger?.failed(attempt, { error, endedAt, verdict });
    this.#after(written, () => this.#decide(attempt, error, delay, verdict));
  }

  #decide(attempt: Attempt, error: unknown, delay: number | undefined, verdict: Verdict | undefined): void {
    if (this.#chief.hasLeft()) return;
    if (verdict === undefined) void this.#tryAgain(attempt, delay ?? 0);
    else this.#giveUp(attempt, error, verdict);
  }

  /** It keeps its place: what comes after it over the same connection does not overtake it. */
  async #tryAgain(attempt: Attempt, delay: number): Promise<void> {
    const wait = new AbortController();
    attempt.release = () => wait.abort();
    if (!this.#chief.isGoing()) wait.abort();
    try {
      await this.#around.clock.sleep(delay, wait.signal);
    } catch {
      this.#giveBack(attempt);
      this.#chief.freed();
      return;
    }
    if (!this.#chief.isGoing()) {
      this.#giveBack(attempt);
    } else {
      this.#attempts.delete(attempt);
      this.handle(attempt.given);
    }
    this.#chief.freed();
  }

  #giveUp(attempt: Attempt, error: unknown, verdict: Verdict): void {
    const { given, node } = attempt;
    const skipped = verdict === "skip";
    const at = this.#around.now();
    const book = this.#desk.books.of(node.id);
    if (skipped) book.skipped += 1;
    else book.failed += 1;
    this.#desk.books.bury({
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
    this.#chief.gaveUp(error, verdict);
  }

  /** Without its handler being called: it has gone round too often, or did not come together. */
  failUnhandled(delivery: Delivery, error: unknown): void {
    delivery.attempts += 1;
    const attempt = new Attempt(this.#host, delivery, this.#around.now());
    this.#attempts.add(attempt);
    attempt.step = this.#desk.seen?.openStep(attempt);
    this.#failed(attempt, error);
  }

  /** Its join has gone on without it. */
  late(delivery: Delivery): void {
    this.#desk.books.note({
      at: this.#around.now(),
      kind: "late",
      routine: delivery.slot.node.id,
      slot: delivery.slot.name,
      delivery: delivery.n,
    });
    this.#writing += 1;
    this.#after(this.#desk.ledger?.late(delivery, this.#around.now()), () => {
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
        this.#chief.freed();
      },
      (error: unknown) => this.#chief.lost(error),
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
    this.#desk.waiting.giveBack([attempt.given]);
  }

  /** Handlers that do not heed their signal are left to themselves after a while. */
  #leaveSoon(): void {
    if (this.#attempts.size === 0) return;
    const inHand = [...this.#attempts].filter(({ over }) => !over);
    this.#around.clock.sleep(this.#around.limits.stopGrace, this.#grace.signal).then(
      () => {
        for (const attempt of inHand) if (!attempt.over) this.#comesAgain(attempt);
        this.#chief.freed();
      },
      () => {},
    );
  }

  #noteOf(
    { node, given, attempt }: Attempt,
    entry: Pick<HistoryEntry, "at" | "kind" | "ms" | "error">,
  ): void {
    this.#desk.books.note({ ...entry, routine: node.id, slot: given.slot.name, delivery: given.n, attempt });
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
