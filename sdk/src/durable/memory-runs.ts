/** The runs of a scope without a journal: they last as long as the process, and what has ended is forgotten. */
import {
  abortError,
  type Codec,
  check,
  endingOf,
  following,
  NotEncodable,
  RunUnknown,
  sameRun,
  ValueTooLarge,
} from "../run/index.ts";
import { attempt } from "./attempt.ts";
import { DataContext } from "./data-context.ts";
import { detailsOf } from "./details.ts";
import { Execution } from "./execution.ts";
import { FLOW } from "./flow.ts";
import type { RunDetails } from "./handle.ts";
import { HeldRun, type Keeper } from "./held-run.ts";
import type { InFlight } from "./in-flight.ts";
import { MemoryLedger } from "./memory-ledger.ts";
import type { RunRequest } from "./request.ts";
import type { Surroundings } from "./run-facts.ts";

export interface MemoryRunsOptions {
  readonly around: Surroundings;
  readonly inFlight: InFlight;
  /** Tells whether an input is the same. */
  readonly codec: Codec;
}

interface Underway {
  readonly request: RunRequest;
  readonly run: HeldRun;
  readonly ledger: MemoryLedger;
}

export class MemoryRuns implements Keeper {
  readonly #options: MemoryRunsOptions;
  readonly #underway = new Map<string, Underway>();

  constructor(options: MemoryRunsOptions) {
    this.#options = options;
  }

  /** Begins a run, or joins the one that is under way under this id. */
  exec(request: RunRequest): HeldRun {
    const other = this.#underway.get(request.id);
    if (other !== undefined) return this.#joined(other, request);
    const run = new HeldRun(request.id, this);
    const ledger = new MemoryLedger();
    this.#underway.set(request.id, { request, run, ledger });
    const done = this.#run(request, run, ledger).finally(() => this.#underway.delete(request.id));
    this.#options.inFlight.add({
      name: `run ${request.id}`,
      done,
      cancel: (reason) => void run.execution?.release(reason),
    });
    return run;
  }

  has(runId: string): boolean {
    return this.#underway.has(runId);
  }

  async cancel(run: HeldRun, reason: unknown): Promise<void> {
    run.execution?.abort(typeof reason === "string" ? abortError(reason) : reason);
    await run.ended.catch(() => {});
  }

  async send(runId: string, name: string, value: unknown): Promise<void> {
    const underway = this.#underway.get(runId);
    if (underway === undefined) throw new RunUnknown(runId, "none");
    underway.ledger.send(name, value);
  }

  async details(run: HeldRun): Promise<RunDetails> {
    return await detailsOf(run.execution as Execution);
  }

  #joined(other: Underway, request: RunRequest): HeldRun {
    const { tenant, flow } = other.request;
    const found = { id: request.id, tenant, flow, status: "running" as const };
    const [before, now] = this.#digests(other.request.given, request.given);
    try {
      sameRun(
        { ...found, inputDigest: before },
        { tenant: request.tenant, flow: request.flow, inputDigest: now },
      );
      return other.run;
    } catch (error) {
      const refused = new HeldRun(request.id, this);
      refused.giveUp(error);
      return refused;
    }
  }

  /** Inputs that can't be kept are the same when they are one object. */
  #digests(before: unknown, now: unknown): [string, string] {
    if (Object.is(before, now)) return ["", ""];
    try {
      const { codec } = this.#options;
      return [codec.digest(before, "input"), codec.digest(now, "input")];
    } catch (error) {
      if (error instanceof NotEncodable || error instanceof ValueTooLarge) return ["", "another"];
      throw error;
    }
  }

  async #run(request: RunRequest, run: HeldRun, ledger: MemoryLedger): Promise<void> {
    const { id, tenant, flow, given, labels, retry, timeout, signal } = request;
    const { around } = this.#options;
    const now = around.clock.now();
    let followed: Disposable | undefined;
    try {
      const data = new DataContext(request.initial);
      const deadline = timeout === undefined ? undefined : now + timeout;
      // Made before the input is checked, as it can be cancelled from the first moment on.
      const execution = new Execution(
        { id, tenant, flow, labels, data, retry, deadline, attempt: 1, createdAt: now },
        ledger,
        around,
      );
      run.execution = execution;
      followed = following(signal, (reason) => execution.abort(reason));
      execution.input = await check(flow[FLOW].input, given, `input of flow ${flow.name}`);
      const outcome = await execution.run(() => attempt(execution));
      if (outcome.kind === "ended") run.end(outcome.status, outcome.value);
      else if (outcome.kind === "stuck") run.end("failed", outcome.error);
    } catch (error) {
      run.end(endingOf(error, signal), error);
    } finally {
      followed?.[Symbol.dispose]();
    }
  }
}
