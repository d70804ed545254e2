/**
 * One run in this process: from when it was begun or claimed here until it ends, is given back, or is lost to another
 * process. Attempts, cancellation, rollbacks and leaving are here; what the handler does is in flow-frame.ts, and how much of
 * that is under way in activity.ts.
 */
import type { EndStatus } from "../attributes.ts";
import { diagnoseInternal } from "../diagnostics.ts";
import { describeError } from "../errors.ts";
import {
  abortError,
  type CheckedRetry,
  endingOf,
  type LinkedSignal,
  linkSignals,
  NotDecodable,
  NotEncodable,
  never,
  openRunFlow,
  ProgramChanged,
  type RunStatus,
  retryDelay,
  timeoutError,
  ValueTooLarge,
} from "../run/index.ts";
import type { FlowHandle } from "../types.ts";
import { Activity, earlier } from "./activity.ts";
import type { Ledger } from "./ledger.ts";
import { type Begun, Rollbacks } from "./rollbacks.ts";
import type { Outcome, Resumption, RunFacts, Surroundings } from "./run-facts.ts";
import { sayAgain } from "./say-again.ts";

/** How long work that was told to stop may take; then it is left to itself. */
const STOP_GRACE_MS = 500;
/** A run that met a changed program is tried again so much later: by then the right one may be there. */
const STUCK_MS = 60_000;

export class Execution {
  readonly facts: RunFacts;
  readonly ledger: Ledger;
  readonly around: Surroundings;
  readonly rollbacks: Rollbacks;
  readonly activity = new Activity(() => this.#considerParking());
  /** Places whose results came from the ledger in this attempt. */
  replayed = new Set<string>();
  /** In this attempt a sub-flow's handler was not called, and so has not said what undoes its work. */
  skippedSubFlow = false;
  /** Of the flow, after validation; there before `run` is called. */
  input: unknown;
  attempt: number;
  /** Once it has ended here. */
  ending: { readonly at: Date; readonly error: unknown } | undefined;
  status: RunStatus = "running";
  /** Set: nothing is run any more, only undone; each place that has not succeeded throws this. */
  undoing: { readonly error: unknown } | undefined;
  readonly #linked: LinkedSignal;
  /** Ends waits in memory when the run leaves or ends. */
  readonly #over = new AbortController();
  readonly #left = Promise.withResolvers<Outcome>();
  readonly #resumption: Resumption | undefined;
  #seen: FlowHandle | undefined;
  #isLeaving = false;
  #mayPark = false;

  constructor(facts: RunFacts, ledger: Ledger, around: Surroundings, resumption?: Resumption) {
    this.facts = facts;
    this.ledger = ledger;
    this.around = around;
    this.attempt = facts.attempt;
    this.rollbacks = new Rollbacks(this);
    this.#resumption = resumption;
    this.#linked = linkSignals();
    this.#linked.signal.addEventListener("abort", () => void this.#abandonSoon(), { once: true });
  }

  /** Of the run as a whole. */
  get signal(): AbortSignal {
    return this.#linked.signal;
  }

  /** Aborted when nothing in memory has to wait for the run any more. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  abort(reason: unknown): void {
    this.#linked.abort(reason);
  }

  /** Gives the run back, so that another process goes on with it; without a journal it is cancelled. */
  async release(reason: unknown): Promise<void> {
    if (!this.ledger.durable) return this.abort(reason);
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.abort(reason);
    await this.activity.idle();
    await this.ledger.park({ dueAt: this.around.clock.now() });
    this.#leave({ kind: "released" });
  }

  /** Another process has it. */
  lost(reason: unknown): void {
    this.#isLeaving = true;
    this.abort(reason);
    this.#leave({ kind: "lost" });
  }

  /** @param work calls the handler, once for each attempt */
  async run(work: () => Promise<unknown>): Promise<Outcome> {
    const { id: runId, tenant, flow, labels, deadline } = this.facts;
    const resumption = this.#resumption;
    const seen = openRunFlow({
      runId,
      tenant,
      name: flow.name,
      labels,
      resumed:
        resumption === undefined || resumption.unbegun ? undefined : { attempt: this.attempt, ...resumption },
    });
    this.#seen = seen;
    if (deadline !== undefined) void this.#endAt(deadline);
    try {
      const outcome = await Promise.race([
        seen.run(() => this.#goOn(work)).catch((error: unknown) => this.#stuckWith(error)),
        this.#left.promise,
      ]);
      this.#show(outcome);
      return outcome;
    } finally {
      this.#over.abort();
      this.#linked[Symbol.dispose]();
      seen[Symbol.dispose]();
    }
  }

  /**
   * Asked before anything new is begun or noted.
   *
   * @returns a promise to wait for where nothing more may be done here
   * @throws why the run is to stop
   */
  admit(signal: AbortSignal): Promise<never> | undefined {
    if (this.#isLeaving) return never();
    if (this.undoing !== undefined) throw this.undoing.error;
    if (signal.aborted) throw signal.reason;
    return undefined;
  }

  /** The journal has another program at this place: nothing more is done in this process. @returns the error to throw */
  programChanged(path: string, journaled: string, found: string): ProgramChanged {
    const error = new ProgramChanged(this.facts.id, path, journaled, found);
    if (this.ledger.durable) void this.#stuckWith(error);
    return error;
  }

  async #goOn(work: () => Promise<unknown>): Promise<Outcome> {
    if (this.#resumption?.takenOver === true) await this.#sayAgain();
    return await this.#work(work);
  }

  /** For people only: what can't be read again is found where the work needs it. */
  async #sayAgain(): Promise<void> {
    try {
      sayAgain(this.facts.id, await this.ledger.notes());
    } catch (error) {
      diagnoseInternal("saying again what a run had done", error);
    }
  }

  async #work(work: () => Promise<unknown>): Promise<Outcome> {
    const stopped = this.#stopped();
    if (stopped !== undefined) return await this.#undoAgain(work, stopped);
    for (;;) {
      if (this.signal.aborted) return await this.#stoppedBefore(work);
      this.replayed = new Set();
      this.skippedSubFlow = false;
      this.#mayPark = true;
      try {
        const value = await work();
        this.#mayPark = false;
        await this.activity.idle();
        if (this.#isLeaving) return await never();
        return await this.#end("succeeded", value, work);
      } catch (error) {
        this.#mayPark = false;
        await this.activity.idle();
        if (this.#isLeaving) return await never();
        const delay = this.signal.aborted
          ? undefined
          : this.delayAfter(this.facts.retry, error, this.attempt);
        if (delay === undefined) return await this.#fail(error, work);
        await this.#nextAttempt(delay);
      }
    }
  }

  /** How long to wait before work that failed is tried again; `undefined` where it is not. */
  delayAfter(policy: CheckedRetry, error: unknown, attempt: number): number | undefined {
    return isOfTheProgram(error) ? undefined : retryDelay(policy, error, attempt, this.around.random);
  }

  async #nextAttempt(delay: number): Promise<void> {
    const { clock, parkAfter } = this.around;
    this.rollbacks.forget();
    this.attempt += 1;
    if (this.ledger.durable && parkAfter !== undefined && delay > parkAfter) {
      this.#isLeaving = true;
      const dueAt = clock.now() + delay;
      await this.ledger.park({ dueAt, attempt: this.attempt });
      this.#leave({ kind: "parked", dueAt });
      return await never();
    }
    await this.ledger.begin(this.attempt);
    // An abort ends the wait; the attempt then finds it at its first step.
    await clock.sleep(delay, this.signal).catch(() => {});
  }

  async #fail(error: unknown, work: () => Promise<unknown>): Promise<Outcome> {
    if (this.around.holdFailed && !this.signal.aborted && !isOfTheProgram(error))
      return await this.#hold(error);
    const status = endingOf(error, this.signal);
    if (this.skippedSubFlow) {
      this.rollbacks.forget();
      await this.ledger.begin(this.attempt);
      return await this.#undoAgain(work, { status, error });
    }
    await this.rollbacks.begin(status, error);
    await this.rollbacks.run(error);
    return await this.#end(status, error);
  }

  /** The queue that it came from tries again. */
  async #hold(error: unknown): Promise<Outcome> {
    this.#isLeaving = true;
    await this.ledger.park({ paused: true, attempt: this.attempt + 1 });
    return { kind: "stuck", error };
  }

  /** Why it only undoes what it did, where a process before began to, or someone wants it to stop. */
  #stopped(): Begun | undefined {
    const begun = this.rollbacks.begun();
    const reason = this.#resumption?.cancelReason;
    if (begun !== undefined || reason === undefined) return begun;
    return { status: "cancelled", error: abortError(reason) };
  }

  /** Before the handler has registered again what undoes the work of an attempt or a process before. */
  async #stoppedBefore(work: () => Promise<unknown>): Promise<Outcome> {
    const error: unknown = this.signal.reason;
    if (this.#resumption === undefined && this.attempt === 1) return await this.#fail(error, work);
    return await this.#undoAgain(work, { status: endingOf(error, this.signal), error });
  }

  /** The handler runs once more, only as far as it came, to register what undoes its work. */
  async #undoAgain(work: () => Promise<unknown>, { status, error }: Begun): Promise<Outcome> {
    this.undoing = { error };
    if (this.#resumption?.unbegun !== true) {
      await this.rollbacks.begin(status, error, true);
      this.abort(error);
      await work().catch(() => {});
      await this.activity.idle();
      if (this.#isLeaving) return await never();
      await this.rollbacks.run(error);
    }
    return await this.#end(status, error);
  }

  async #end(status: EndStatus, value: unknown, work?: () => Promise<unknown>): Promise<Outcome> {
    try {
      await this.ledger.end(status, value);
    } catch (unkeepable) {
      if (!(unkeepable instanceof NotEncodable || unkeepable instanceof ValueTooLarge)) throw unkeepable;
      if (work !== undefined) return await this.#fail(unkeepable, work);
      await this.ledger.end(status, unkeepable);
    }
    if (this.#isLeaving) return await never();
    this.status = status;
    const error = status === "succeeded" ? undefined : value;
    this.ending = { at: new Date(this.around.clock.now()), error };
    return { kind: "ended", status, value };
  }

  async #stuckWith(error: unknown): Promise<Outcome> {
    if (!this.ledger.durable || this.#isLeaving) return { kind: "stuck", error };
    this.#isLeaving = true;
    this.abort(error);
    await this.activity.idle();
    await this.ledger.park({ dueAt: this.around.clock.now() + STUCK_MS });
    const outcome: Outcome = { kind: "stuck", error };
    this.#leave(outcome);
    return outcome;
  }

  #leave(outcome: Outcome): void {
    this.#over.abort();
    this.#left.resolve(outcome);
  }

  #considerParking(): void {
    if (!this.#canPark()) return;
    // Not before the handler has gone on: it may begin a step beside the one that waits.
    setImmediate(() => {
      if (!this.#canPark()) return;
      const waits = this.activity.waits();
      const dueAt = earlier(waits.dueAt, this.facts.deadline);
      const parkAfter = this.around.parkAfter as number;
      if (dueAt !== undefined && dueAt - this.around.clock.now() <= parkAfter) return;
      void this.#park(dueAt, waits.messages);
    });
  }

  #canPark(): boolean {
    return (
      this.#mayPark &&
      !this.#isLeaving &&
      this.around.parkAfter !== undefined &&
      this.ledger.durable &&
      this.activity.onlyWaits &&
      !this.signal.aborted
    );
  }

  async #park(dueAt: number | undefined, messages: string[]): Promise<void> {
    this.#isLeaving = true;
    await this.ledger.park({ dueAt, messages });
    this.#leave({ kind: "parked", dueAt });
  }

  async #endAt(deadline: number): Promise<void> {
    const { clock } = this.around;
    try {
      await clock.sleep(deadline - clock.now(), this.over);
    } catch {
      return;
    }
    const { flow, id } = this.facts;
    this.abort(timeoutError(`run ${id} of flow ${flow.name}: it took longer than its timeout`));
  }

  /** Work that does not heed its signal is left to itself. */
  async #abandonSoon(): Promise<void> {
    try {
      await this.around.clock.sleep(STOP_GRACE_MS, this.over);
    } catch {
      return;
    }
    this.activity.abandon(this.signal.reason);
  }

  #show(outcome: Outcome): void {
    if (outcome.kind !== "ended") return;
    if (outcome.status === "succeeded") this.#seen?.end();
    else if (outcome.status === "failed") this.#seen?.fail(outcome.value);
    else this.#seen?.cancel(describeError(outcome.value).message);
  }
}

/** Another attempt would meet it again, and might do what it did before a second time. */
function isOfTheProgram(error: unknown): boolean {
  return (
    error instanceof ProgramChanged ||
    error instanceof NotDecodable ||
    error instanceof NotEncodable ||
    error instanceof ValueTooLarge
  );
}
