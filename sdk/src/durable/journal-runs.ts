/**
 * The runs of a scope that are in one journal: begun or joined by `exec`, put there by `enqueue`, taken by `recover` and
 * workers. A run that waits for long is given back to the journal; what is due is taken from there by one timer.
 */
import { diagnose } from "../diagnostics.ts";
import { describeError } from "../errors.ts";
import {
  abortError,
  type Claim,
  type Claimed,
  type Codec,
  check,
  endingOf,
  following,
  hasEnded,
  type Journal,
  JournalUnavailable,
  LeaseLost,
  Leases,
  type NewRun,
  type RunRecord,
  RunUnknown,
  realClock,
  sameRun,
  Taker,
} from "../run/index.ts";
import { attempt } from "./attempt.ts";
import { DataContext } from "./data-context.ts";
import { detailsOf, recordDetails } from "./details.ts";
import { ScopeDisposed } from "./errors/scope-disposed.ts";
import { Execution } from "./execution.ts";
import { type AnyFlow, FLOW } from "./flow.ts";
import type { RunDetails } from "./handle.ts";
import type { HeldRun, Keeper } from "./held-run.ts";
import { HeldRuns } from "./held-runs.ts";
import type { InFlight } from "./in-flight.ts";
import { JournalLedger } from "./journal-ledger.ts";
import type { RunRequest } from "./request.ts";
import { decodeContext, encodeContext, entriesOf, retryOf } from "./run-context.ts";
import type { Outcome, Surroundings } from "./run-facts.ts";
import { sayEndAgain } from "./say-again.ts";

export interface JournalRunsOptions {
  readonly journal: Journal;
  readonly codec: Codec;
  readonly around: Surroundings;
  readonly inFlight: InFlight;
  /** Names this process to people. */
  readonly owner: string;
  readonly leaseMs: number;
}

/** What became of a run that was taken. */
export type Taken = Outcome | { readonly kind: "undecodable"; readonly error: unknown };

/** Of what wakes by itself, so many at once. */
const WAKING = 1000;
/** Between two tries to have a run that another process has. */
const CLAIM_AGAIN_MS = 500;
/** A notice of the journal's may get lost: so often one looks without one. */
const LOOK_MS = 5000;
/** Between two looks at a journal that could not be reached. */
const TROUBLE_MS = 1000;
/** A run that can't be read is left to another so much later. */
const UNREADABLE_MS = 60_000;
export class JournalRuns implements Keeper {
  readonly #options: JournalRunsOptions;
  readonly #claim: Claim;
  readonly #leases: Leases;
  readonly #flows = new Map<string, AnyFlow>();
  readonly #executions = new Map<string, Execution>();
  readonly #held: HeldRuns;
  readonly #takers = new Set<Taker>();
  readonly #closed = new AbortController();
  readonly #waking: Taker;

  constructor(options: JournalRunsOptions) {
    this.#options = options;
    const { journal, around, owner, leaseMs } = options;
    this.#claim = { owner, leaseMs };
    this.#held = new HeldRuns(this, options.codec);
    this.#leases = new Leases(journal, around.clock, leaseMs);
    this.#waking = this.#taker(true, WAKING);
  }

  /** Begins a run, goes on with it, joins it, or gives the result of the one that has ended under this id. */
  exec(request: RunRequest): HeldRun {
    const held = this.#held.hold(request.id, this.#executions.get(request.id), request);
    held.begun = this.#begin(request).catch((error: unknown) => {
      this.#held.drop(held);
      held.end(endingOf(error, request.signal), error);
    });
    this.#options.inFlight.add({ name: `begin of run ${request.id}`, done: held.begun, cancel() {} });
    const cancelling = following(request.signal, (reason) => void this.#cancelQuietly(held, reason));
    const done = () => cancelling[Symbol.dispose]();
    held.ended.then(done, done);
    return held;
  }

  /** @returns its id, once it is kept */
  async enqueue(request: RunRequest): Promise<RunRecord> {
    const wanted = await this.#newRun(request);
    const { run } = await this.#options.journal.open(wanted);
    return sameRun(run, wanted);
  }

  /** Takes all that was left, and goes on with so many at once. */
  async recover(flows: readonly AnyFlow[], concurrency: number): Promise<HeldRun[]> {
    const { journal } = this.#options;
    const left: { claimed: Claimed; held: HeldRun }[] = [];
    for (;;) {
      const some = await journal.claimDue({ ...this.#claim, flows, begunOnly: true, limit: 100 });
      for (const claimed of some) left.push({ claimed, held: this.#held.hold(claimed.run.id, undefined) });
      if (some.length === 0) break;
    }
    const queue = left.values().map(({ claimed }) => claimed);
    const lane = async () => {
      for (const claimed of queue) await this.take(claimed, flowOf(flows, claimed.run));
    };
    for (let n = 0; n < Math.min(concurrency, left.length); n += 1) void lane();
    // Those that sleep are woken here from now on.
    for (const flow of flows) this.#wakes(flow);
    return left.map(({ held }) => held);
  }

  worker(flows: readonly AnyFlow[], concurrency: number): Taker {
    for (const flow of flows) this.#know(flow);
    const taker = this.#taker(false, concurrency);
    for (const flow of flows) taker.add(flow);
    return taker;
  }

  /**
   * Goes on with one run, due or not, as soon as no other process has it. Resolves when it has succeeded, here or elsewhere,
   * or sleeps.
   *
   * @throws what it failed with
   * @throws {RunUnknown}
   */
  async finish(runId: string, flows: readonly AnyFlow[], more: Partial<Surroundings>): Promise<void> {
    const { journal, codec } = this.#options;
    for (const flow of flows) this.#wakes(flow);
    for (;;) {
      const claimed = await journal.claim(runId, this.#claim);
      const taken = claimed && (await this.take(claimed, flowOf(flows, claimed.run), more));
      if (taken?.kind === "parked") return;
      if (taken?.kind === "released") throw new ScopeDisposed(`run ${runId}`);
      if (taken?.kind === "stuck" || taken?.kind === "undecodable") throw taken.error;
      const run = await journal.read(runId);
      if (run === undefined) throw new RunUnknown(runId, journal.name);
      if (run.status === "succeeded") return;
      if (hasEnded(run.status)) throw run.value && codec.decode(run.value, `result of run ${runId}`);
      if (claimed === undefined) await realClock.sleep(CLAIM_AGAIN_MS, this.#closed.signal);
    }
  }

  async cancel(run: HeldRun, given: unknown): Promise<void> {
    const { message: reason } = describeError(given);
    const { journal } = this.#options;
    try {
      // Kept first: who goes on with it, should this process die, must know.
      await journal.cancel(run.id, reason);
    } catch (error) {
      if (!(error instanceof JournalUnavailable) || run.execution === undefined) throw error;
    }
    run.execution?.abort(typeof given === "string" ? abortError(given) : given);
    await run.ended.catch(() => {});
  }

  async send(runId: string, name: string, value: unknown): Promise<void> {
    const { journal, codec } = this.#options;
    await journal.send(runId, { name, value: codec.encode(value, `message ${name}`) });
  }

  async details(run: HeldRun): Promise<RunDetails> {
    if (run.execution !== undefined) return await detailsOf(run.execution);
    return await recordDetails(this.#options.journal, this.#options.codec, run.id);
  }

  /** Takes no more runs by itself. Those in flight go on. */
  stopTaking(): void {
    for (const taker of this.#takers) void taker.stop();
  }

  /** For when nothing is in flight any more. */
  close(): void {
    this.#closed.abort();
    this.#held.close((id) => new ScopeDisposed(`result of run ${id}`));
  }

  /** Goes on with a run that was claimed. @returns when it has ended here, or left */
  async take(claimed: Claimed, flow: AnyFlow | undefined, around?: Partial<Surroundings>): Promise<Taken> {
    const { journal } = this.#options;
    if (flow === undefined)
      throw new TypeError(`run ${claimed.run.id}: expected a flow of its name and version`);
    try {
      return await this.#start(claimed, flow, false, around);
    } catch (error) {
      // Another codec wrote it: it stays for who has that.
      const dueAt = this.#options.around.clock.now() + UNREADABLE_MS;
      await journal.park(claimed.lease, { dueAt }).catch(() => {});
      this.#held.giveUp(claimed.run.id, error);
      const { type, message } = describeError(error);
      diagnose("run-unreadable", `run ${claimed.run.id} could not go on: ${type}: ${message}`, journal.name);
      return { kind: "undecodable", error };
    }
  }

  async #begin(request: RunRequest): Promise<void> {
    const { journal } = this.#options;
    const { id, tenant, flow } = request;
    const before = await journal.read(id);
    if (before !== undefined && hasEnded(before.status)) {
      sameRun(before, { tenant, flow, inputDigest: before.inputDigest });
      this.#held.settle(before);
      const { journal, codec, around } = this.#options;
      return await sayEndAgain(before, { journal, codec, now: around.clock.now() });
    }
    const wanted = await this.#newRun(request);
    if (before !== undefined) sameRun(before, wanted);
    if (request.signal?.aborted) throw request.signal.reason;
    if (this.#closed.signal.aborted) throw new ScopeDisposed(`exec of flow ${flow.name}`);
    const { run, lease, created, takenOver } = await journal.open(wanted, this.#claim);
    this.#know(flow);
    if (lease === undefined) {
      sameRun(run, wanted);
      void this.#follow(id);
      return;
    }
    void this.#startOrGiveUp({ run, lease, takenOver }, flow, created);
  }

  async #startOrGiveUp(claimed: Claimed, flow: AnyFlow, isNew: boolean): Promise<void> {
    try {
      await this.#start(claimed, flow, isNew);
    } catch (error) {
      this.#held.giveUp(claimed.run.id, error);
    }
  }

  async #newRun(request: RunRequest): Promise<NewRun> {
    const { codec, around } = this.#options;
    const { id, tenant, flow, given } = request;
    const what = `input of flow ${flow.name}`;
    const checked = await check(flow[FLOW].input, given, what);
    return {
      id,
      tenant,
      flow: { name: flow.name, version: flow.version },
      inputDigest: around.digest(given, what),
      input: codec.encode(checked, what),
      context: encodeContext(request, codec),
    };
  }

  async #start(
    { run, lease, takenOver }: Claimed,
    flow: AnyFlow,
    isNew: boolean,
    more: Partial<Surroundings> = {},
  ): Promise<Outcome> {
    const { journal, codec, inFlight } = this.#options;
    const { id, tenant, createdAt, cancelReason } = run;
    const context = decodeContext(run.context, id, codec);
    const input = codec.decode(run.input, `input of flow ${flow.name}`);
    const around: Surroundings = {
      ...this.#options.around,
      ...more,
      send: (runId, name, value) => this.send(runId, name, value),
      // Nobody could find it again by its name.
      ...(flow[FLOW].named ? {} : { parkAfter: undefined }),
    };
    const release: (() => void)[] = [];
    const ledger = new JournalLedger({
      journal,
      codec,
      lease,
      closed: this.#closed.signal,
      lost: () => execution.lost(new LeaseLost(id, lease.token)),
    });
    const journaled = isNew ? 0 : await this.#loaded(id, ledger);
    const facts = {
      id,
      tenant,
      flow,
      labels: context.labels,
      data: new DataContext(this.#held.requestOf(id)?.initial ?? entriesOf(context)),
      retry: retryOf(context, this.#held.requestOf(id)?.retry.retryIf),
      deadline: context.timeout === undefined ? undefined : createdAt + context.timeout,
      attempt: run.attempt,
      createdAt,
    };
    const unbegun = run.token === 1;
    const execution = new Execution(
      facts,
      ledger,
      around,
      isNew ? undefined : { takenOver, journaled, cancelReason, unbegun },
    );
    execution.input = input;
    this.#executions.set(id, execution);
    this.#held.moved(id, execution);
    release.push(
      this.#leases.add(lease, {
        lost: () => execution.lost(new LeaseLost(id, lease.token)),
        cancelled: (reason) => execution.abort(abortError(reason)),
      }),
    );
    const done = execution.run(() => attempt(execution));
    inFlight.add({ name: `run ${id}`, done, cancel: (reason) => void execution.release(reason) });
    try {
      const outcome = await done;
      if (this.#executions.get(id) === execution) {
        this.#executions.delete(id);
        this.#after(id, flow, outcome);
      }
      return outcome;
    } finally {
      for (const each of release) each();
    }
  }

  /** A scope that is disposed of meanwhile waits for it. */
  #loaded(id: string, ledger: JournalLedger): Promise<number> {
    const done = ledger.load();
    this.#options.inFlight.add({ name: `load of run ${id}`, done, cancel() {} });
    return done;
  }

  #after(id: string, flow: AnyFlow, outcome: Outcome): void {
    switch (outcome.kind) {
      case "ended":
        for (const held of this.#held.taken(id, true)) held.end(outcome.status, outcome.value);
        return;
      case "stuck":
        this.#held.giveUp(id, outcome.error, true);
        return;
      case "released":
        this.#held.giveUp(id, new ScopeDisposed(`result of run ${id}`));
        return;
      case "parked":
      case "lost":
        this.#wakes(flow);
        this.#held.moved(id, undefined);
        if (this.#held.has(id)) void this.#follow(id, outcome.kind === "parked" ? outcome.dueAt : undefined);
    }
  }

  /** Waits for a run that another has, or that sleeps, and takes it when its process has died. */
  async #follow(id: string, notBefore?: number): Promise<void> {
    const { journal, around } = this.#options;
    const closed = this.#closed.signal;
    if (notBefore !== undefined)
      await around.clock.sleep(notBefore - around.clock.now(), closed).catch(() => {});
    let news = new AbortController();
    const hear = () => news.abort();
    const unwatch = journal.watch(id, hear);
    closed.addEventListener("abort", hear, { once: true });
    try {
      while (this.#held.has(id) && !this.#executions.has(id) && !closed.aborted) {
        news = new AbortController();
        const next = await this.#looked(id);
        if (next === undefined) return;
        const rest = Math.min(next - around.clock.now(), LOOK_MS);
        await around.clock.sleep(rest, news.signal).catch(() => {});
      }
    } finally {
      closed.removeEventListener("abort", hear);
      unwatch();
    }
  }

  /** @returns when to look again; `undefined` where there is nothing more to wait for */
  async #looked(id: string): Promise<number | undefined> {
    const { journal, around } = this.#options;
    try {
      const run = await journal.read(id);
      if (run === undefined) throw new RunUnknown(id, journal.name);
      if (hasEnded(run.status)) {
        this.#held.settle(run);
        return undefined;
      }
      const now = around.clock.now();
      const flow = this.#flows.get(keyOf(run.flow));
      const { dueAt = Number.POSITIVE_INFINITY } = run;
      if (dueAt > now) return dueAt;
      if (flow === undefined) return now + LOOK_MS;
      const claimed = await journal.claim(id, this.#claim);
      if (claimed === undefined) return now + CLAIM_AGAIN_MS;
      void this.take(claimed, flow);
      return undefined;
    } catch (error) {
      if (!(error instanceof JournalUnavailable)) {
        this.#held.giveUp(id, error);
        return undefined;
      }
      diagnose("journal-unavailable", `run ${id} is waited for. ${error.message}`, journal.name);
      return around.clock.now() + TROUBLE_MS;
    }
  }

  async #cancelQuietly(held: HeldRun, reason: unknown): Promise<void> {
    await held.cancel(reason).catch(() => {});
  }

  #know(flow: AnyFlow): void {
    if (flow[FLOW].named) this.#flows.set(keyOf(flow), flow);
  }

  #wakes(flow: AnyFlow): void {
    this.#know(flow);
    if (flow[FLOW].named) this.#waking.add(flow);
  }

  #taker(begunOnly: boolean, concurrency: number): Taker {
    const { journal, around } = this.#options;
    const taker: Taker = new Taker({
      journal,
      clock: around.clock,
      claim: this.#claim,
      begunOnly,
      concurrency,
      take: async (claimed) => void (await this.take(claimed, this.#flows.get(keyOf(claimed.run.flow)))),
    });
    this.#takers.add(taker);
    return taker;
  }
}

function keyOf({ name, version }: { name: string; version: number }): string {
  return `${version}@${name}`;
}

function flowOf(flows: readonly AnyFlow[], run: RunRecord): AnyFlow | undefined {
  return flows.find((flow) => keyOf(flow) === keyOf(run.flow));
}
