/** The jobs of a graph in this process: begun, taken up again, kept in a journal on wish, and given back at the end. */
import { diagnose } from "../diagnostics.ts";
import { describeError } from "../errors.ts";
import {
  type Claim,
  type Claimed,
  type Codec,
  createCodec,
  hasEnded,
  IllegalMove,
  type Journal,
  type Lease,
  LeaseLost,
  Leases,
  type RunRecord,
  RunUnknown,
  realClock,
  sameRun,
  Taker,
} from "../run/index.ts";
import { Closing } from "./closing.ts";
import { JobLeft } from "./errors/job-left.ts";
import { JobTaken } from "./errors/job-taken.ts";
import type { JobData } from "./job-data.ts";
import { type Around, JobRun } from "./job-run.ts";
import { sayEndAgain } from "./job-seen.ts";
import { Ledger } from "./ledger.ts";
import type { Plan } from "./plan.ts";
import { type Recovered, recovered } from "./recover.ts";
import type { Surroundings } from "./surroundings.ts";

export interface JobsOptions {
  /** Of the graph. */
  readonly name: string;
  readonly around: Surroundings;
  readonly journal: Journal | undefined;
  /** Of payloads and values. */
  readonly codec: Codec | undefined;
  readonly owner: string;
  readonly leaseMs: number;
  readonly concurrent: number;
}

/** A notice of the journal's may get lost: so often one looks without one. */
const LOOK_MS = 5000;
/** Between two tries to have a job that another process has. */
const AGAIN_MS = 250;
/** A job that this program can't go on with is left to another so much later. */
const UNFIT_MS = 60_000;

export class Jobs {
  readonly #options: JobsOptions;
  readonly #codec: Codec;
  /** Of what a job is begun with, which may be a whole job that was saved. */
  readonly #whole: Codec;
  readonly #leases: Leases | undefined;
  readonly #around: Around;
  readonly #running = new Map<string, JobRun>();
  /** Nobody needs to be told of one that nobody holds. */
  readonly #paused = new Map<string, WeakRef<JobRun>>();
  readonly #forgotten = new FinalizationRegistry<string>((id) => {
    if (this.#paused.get(id)?.deref() === undefined) this.#paused.delete(id);
  });
  readonly #releases = new Map<JobRun, () => void>();
  readonly #takers = new Set<Taker>();
  readonly #closing: Closing;

  constructor(options: JobsOptions) {
    this.#options = options;
    const { journal, codec, around, leaseMs } = options;
    this.#codec = codec ?? createCodec();
    this.#whole = codec ?? createCodec({ maxBytes: Number.POSITIVE_INFINITY });
    const { clock, limits } = around;
    this.#closing = new Closing({
      name: options.name,
      clock,
      stopGrace: limits.stopGrace,
      running: this.#running,
    });
    this.#leases = journal && new Leases(journal, clock, leaseMs);
    this.#around = {
      ...around,
      over: (job) => this.#over(job),
      paused: (job) => this.#nowPaused(job),
      reclaim: (job, cancel) => this.#reclaim(job, cancel),
    };
  }

  /** @throws {JobTaken | GraphClosed} */
  begin(plan: Plan, data: JobData, concurrent: number): JobRun {
    this.#closing.checkOpen("execute");
    this.#checkFree(data.id);
    const job = new JobRun(plan, data, this.#around, concurrent);
    this.#running.set(data.id, job);
    this.#start(plan, job, data, undefined);
    return job;
  }

  /** Goes on with one that was saved. @throws {IllegalMove | JobTaken | GraphClosed} */
  resume(plan: Plan, data: JobData): JobRun {
    this.#closing.checkOpen("resume");
    if (hasEnded(data.status)) throw new IllegalMove(data.id, data.status, "running", []);
    const before = this.#paused.get(data.id)?.deref();
    this.#checkFree(data.id);
    // One that was saved while it ran: its process has died.
    const resumed = { takenOver: data.status === "running" };
    const again: JobData = { ...data, status: "running", reason: undefined };
    const job = new JobRun(plan, again, this.#around, this.#options.concurrent);
    this.#running.set(data.id, job);
    this.#paused.delete(data.id);
    before?.handOver(job);
    this.#start(plan, job, again, resumed);
    return job;
  }

  /** Goes on with one of the journal, as soon as no other process has it. */
  async resumeById(plan: Plan, id: string): Promise<JobRun> {
    const call = `resume of job ${id}`;
    const journal = this.#journal(call);
    this.#closing.checkOpen(call);
    this.#checkFree(id);
    return await this.#closing.looked(this.#resumeById(journal, plan, id));
  }

  async #resumeById(journal: Journal, plan: Plan, id: string): Promise<JobRun> {
    for (;;) {
      const run = await journal.read(id);
      if (run === undefined) throw new RunUnknown(id, journal.name);
      if (hasEnded(run.status)) throw new IllegalMove(id, run.status, "running", []);
      const claimed = isOf(run, plan) ? await journal.claim(id, this.#claim) : undefined;
      if (claimed !== undefined) return await this.#goOn(plan, claimed, run.status === "paused");
      // It says what is wrong with it where it is another graph's.
      if (!isOf(run, plan)) recovered(run, [], plan, this.#codec, this.#whole);
      await realClock.sleep(AGAIN_MS, this.#closing.begun);
    }
  }

  /** Takes what processes that died have left. */
  async recover(plan: Plan): Promise<JobRun[]> {
    const journal = this.#journal("recover");
    this.#closing.checkOpen("recover");
    return await this.#closing.looked(this.#recover(journal, plan));
  }

  async #recover(journal: Journal, plan: Plan): Promise<JobRun[]> {
    const jobs: JobRun[] = [];
    while (!this.#closing.begun.aborted) {
      const claimed = await journal.claimDue({
        ...this.#claim,
        flows: [flowOf(plan)],
        begunOnly: true,
        limit: 100,
      });
      if (claimed.length === 0) return jobs;
      for (const each of claimed) {
        const job = await this.#goOnOrLeave(journal, plan, each);
        if (job !== undefined) jobs.push(job);
      }
    }
    return jobs;
  }

  worker(plan: Plan, concurrency: number): Taker {
    const journal = this.#journal("worker");
    this.#closing.checkOpen("worker");
    const taker = new Taker({
      journal,
      clock: this.#around.clock,
      claim: this.#claim,
      begunOnly: true,
      concurrency,
      take: async (claimed) => {
        const job = await this.#goOnOrLeave(journal, plan, claimed);
        await job?.done.catch(() => {});
      },
    });
    taker.add(flowOf(plan));
    this.#takers.add(taker);
    return taker;
  }

  /** Begins and takes no more, and gives back what is here. @param grace milliseconds for handlers to end by themselves */
  async close(grace: number): Promise<void> {
    await this.#closing.close(this.#takers, grace);
  }

  get #claim(): Claim {
    const { owner, leaseMs } = this.#options;
    return { owner, leaseMs };
  }

  #journal(call: string): Journal {
    const { journal } = this.#options;
    if (journal !== undefined) return journal;
    throw new TypeError(
      `graph: ${call}: expected a graph with a journal, got one without: new Graph(name, { journal })`,
    );
  }

  #checkFree(id: string): void {
    const other = this.#running.get(id);
    if (other !== undefined) throw new JobTaken(id, other.status);
  }

  #start(plan: Plan, job: JobRun, data: JobData, resumed: { takenOver: boolean } | undefined): void {
    const { journal } = this.#options;
    if (journal === undefined) job.begin(undefined, resumed);
    else void this.#open(journal, plan, job, data, resumed).catch((error: unknown) => job.refuse(error));
  }

  async #open(
    journal: Journal,
    plan: Plan,
    job: JobRun,
    data: JobData,
    resumed: { takenOver: boolean } | undefined,
  ): Promise<void> {
    const { entry, id, tenant } = data;
    const wanted = {
      id,
      tenant,
      flow: flowOf(plan),
      inputDigest: this.#codec.digest([entry.routine, entry.slot, entry.params], `params of job ${id}`),
      input: this.#whole.encode(data, `job ${id}`),
    };
    const { run, created, lease, takenOver } = await journal.open(wanted, this.#claim);
    sameRun(run, wanted);
    if (lease === undefined) await this.#follow(journal, plan, job);
    else if (!created) await this.#takeUp(journal, plan, job, { run, lease, takenOver }, takenOver);
    else {
      this.#keep(job, lease);
      job.begin(this.#ledgerFor(job, journal, lease, data.pauses.length), resumed);
    }
  }

  /** Waits for one that another process has, and takes it where that dies. */
  async #follow(journal: Journal, plan: Plan, job: JobRun): Promise<void> {
    for (;;) {
      const run = await journal.read(job.id);
      if (run === undefined) throw new RunUnknown(job.id, journal.name);
      if (hasEnded(run.status)) {
        const { data, said } = await this.#read(journal, plan, run);
        sayEndAgain(plan, data, said);
        return job.endedElsewhere(data);
      }
      const claimed = run.status === "paused" ? undefined : await journal.claim(job.id, this.#claim);
      if (claimed !== undefined) return await this.#takeUp(journal, plan, job, claimed, claimed.takenOver);
      if (this.#closing.begun.aborted) throw new JobLeft(job.id);
      await this.#news(
        journal,
        job.id,
        Math.min(LOOK_MS, (run.dueAt ?? Number.POSITIVE_INFINITY) - this.#around.clock.now()),
      );
    }
  }

  async #news(journal: Journal, id: string, ms: number): Promise<void> {
    const heard = new AbortController();
    const hear = () => heard.abort();
    const unwatch = journal.watch(id, hear);
    this.#closing.begun.addEventListener("abort", hear, { once: true });
    try {
      await this.#around.clock.sleep(Math.max(AGAIN_MS, ms), heard.signal);
    } catch {
      // Something happened to it, or nobody is to wait for it any more.
    } finally {
      this.#closing.begun.removeEventListener("abort", hear);
      unwatch();
    }
  }

  async #read(journal: Journal, plan: Plan, run: RunRecord): Promise<Recovered> {
    return recovered(run, await journal.entries(run.id), plan, this.#codec, this.#whole);
  }

  async #goOnOrLeave(journal: Journal, plan: Plan, claimed: Claimed): Promise<JobRun | undefined> {
    try {
      return await this.#goOn(plan, claimed, false);
    } catch (error) {
      const { type, message } = describeError(error);
      diagnose("job-unfit", `job ${claimed.run.id} could not go on here: ${type}: ${message}`, journal.name);
      return undefined;
    }
  }

  async #goOn(plan: Plan, claimed: Claimed, wasPaused: boolean): Promise<JobRun> {
    const journal = this.#journal("resume");
    const { run } = claimed;
    try {
      const { data } = await this.#read(journal, plan, run);
      const job = new JobRun(plan, { ...data, status: "running" }, this.#around, this.#options.concurrent);
      this.#running.set(run.id, job);
      await this.#takeUp(journal, plan, job, claimed, claimed.takenOver && !wasPaused);
      const before = this.#paused.get(run.id)?.deref();
      this.#paused.delete(run.id);
      before?.handOver(job);
      return job;
    } catch (error) {
      this.#running.delete(run.id);
      // It stays as it was, for a program that can.
      const dueAt = this.#around.clock.now() + UNFIT_MS;
      await journal.park(claimed.lease, wasPaused ? { paused: true } : { dueAt }).catch(() => {});
      throw error;
    }
  }

  /** Goes on with what is in the journal. */
  async #takeUp(
    journal: Journal,
    plan: Plan,
    job: JobRun,
    { run, lease }: Claimed,
    takenOver: boolean,
  ): Promise<void> {
    const { data, said, stopped } = await this.#read(journal, plan, run);
    job.load({ ...data, status: "running", reason: undefined });
    this.#keep(job, lease);
    job.begin(this.#ledgerFor(job, journal, lease, data.pauses.length), { takenOver });
    if (takenOver) job.sayAgain(said);
    if (run.cancelReason !== undefined) cancelUnheard(job, run.cancelReason);
    else if (stopped !== undefined) job.stopAtOnce(stopped.error);
  }

  #ledgerFor(job: JobRun, journal: Journal, lease: Lease, pauses: number): Ledger {
    const closed = this.#closing.cut;
    const lost = () => job.lost(new LeaseLost(lease.runId, lease.token));
    return new Ledger({ journal, lease, closed, lost }, this.#codec, pauses);
  }

  #keep(job: JobRun, lease: Lease): void {
    const release = this.#leases?.add(lease, {
      lost: () => job.leaseLost(new LeaseLost(lease.runId, lease.token)),
      cancelled: (reason) => cancelUnheard(job, reason),
    });
    if (release !== undefined) this.#releases.set(job, release);
    if (this.#closing.begun.aborted) job.leave();
  }

  #over(job: JobRun): void {
    this.#releases.get(job)?.();
    this.#releases.delete(job);
    if (this.#running.get(job.id) === job) this.#running.delete(job.id);
    if (this.#paused.get(job.id)?.deref() === job) this.#paused.delete(job.id);
    this.#closing.considerIdle();
  }

  #nowPaused(job: JobRun): void {
    this.#over(job);
    this.#paused.set(job.id, new WeakRef(job));
    this.#forgotten.register(job, job.id);
  }

  async #reclaim(job: JobRun, cancel?: { reason: string | undefined }): Promise<void> {
    const { journal } = this.#options;
    this.#closing.checkOpen(`${cancel === undefined ? "resume" : "cancel"} of job ${job.id}`);
    this.#checkFree(job.id);
    let ledger: Ledger | undefined;
    if (journal !== undefined) {
      const claimed = await journal.claim(job.id, this.#claim);
      if (claimed === undefined)
        throw new JobTaken(job.id, (await journal.read(job.id))?.status ?? "running");
      this.#keep(job, claimed.lease);
      ledger = this.#ledgerFor(job, journal, claimed.lease, job.state.pauses.length);
    }
    this.#paused.delete(job.id);
    this.#running.set(job.id, job);
    if (cancel === undefined) job.goOnAfterPause(ledger);
    else job.cancelPaused(cancel.reason, ledger);
  }
}

/** The name keeps jobs apart from durable flows that share the journal. */
function flowOf({ name, version }: Plan): { name: string; version: number } {
  return { name: `graph ${name}`, version };
}

function isOf(run: RunRecord, plan: Plan): boolean {
  const { name, version } = flowOf(plan);
  return run.flow.name === name && run.flow.version === version;
}

/** The journal wants it. Whoever waits for the job hears how that ends; here nobody does. */
function cancelUnheard(job: JobRun, reason: string): void {
  job.cancel(reason).catch(() => {});
}
