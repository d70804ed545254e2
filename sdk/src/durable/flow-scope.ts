/** A scope as users have it: resources, and the flows that run on them. The contract is in handle.ts and types.ts. */
import { hostname } from "node:os";
import { type Codec, createCodec, type Journal, type RunClock, realClock } from "../run/index.ts";
import type { Accessor } from "./accessor.ts";
import { type Form, inForm, needsOf } from "./deps.ts";
import { DisposeInFlow } from "./errors/dispose-in-flow.ts";
import { ScopeDisposed } from "./errors/scope-disposed.ts";
import type { AnyFlow, Flow } from "./flow.ts";
import type { ExecOptions, InputArgs, RunHandle, Scope, Worker, WorkerOptions } from "./handle.ts";
import { HeldRun } from "./held-run.ts";
import { JournalRuns } from "./journal-runs.ts";
import { MemoryRuns } from "./memory-runs.ts";
import { Place } from "./place.ts";
import { checkNamed, type RunRequest, requested } from "./request.ts";
import type { Surroundings } from "./run-facts.ts";
import { RunPromise } from "./run-promise.ts";
import { type ResourceOptions, ResourceScope } from "./scope.ts";
import type { Deps, DisposeOptions, Executor } from "./types.ts";

/** Options of `createScope`. */
export interface ScopeOptions extends ResourceOptions {
  /**
   * Where runs are kept: `sqliteJournal(path)`, `redisJournal(options)` or `memoryJournal()`. It stays open when the scope is
   * disposed of, as scopes may share it; one that is given as a function is made here, and closed with the scope.
   * Default: none; runs then last as long as the process.
   */
  journal?: Journal | (() => Journal) | undefined;
  /** From values to text and back, for the journal. Default: `createCodec()`. */
  codec?: Codec | undefined;
  /** Tells a queue of each run that is enqueued: `bullmqDispatch(queue)`. */
  dispatch?: Dispatch | undefined;
  /** Milliseconds after which another process may take the runs of one that is silent. Default 15,000. */
  leaseMs?: number | undefined;
  /** Milliseconds: a run that sleeps or waits for longer is given back to the journal meanwhile. Default 1000. */
  parkAfter?: number | undefined;
  /** For tests, such as a `TestClock`. Default: real time. */
  clock?: RunClock | undefined;
}

/** Hears of runs that are put into the journal for workers. */
export interface Dispatch {
  /** Told again where the caller enqueues again. @param run is kept already */
  dispatch(run: { readonly id: string; readonly flow: string; readonly tenant: string }): Promise<void>;
}

const DEFAULT_LEASE_MS = 15_000;
const DEFAULT_PARK_AFTER_MS = 1000;
const DEFAULT_CONCURRENCY = 10;

/**
 * Makes a scope. Nothing in it is made before it is asked for.
 *
 * @example
 * await using scope = createScope({ journal: sqliteJournal("./journal.db") });
 * await scope.exec(fetchData, "/users/42", { id: "job-42", tenant: "acme-corp" });
 */
export function createScope(options: ScopeOptions = {}): Scope {
  return new FlowScope(options);
}

type Options = ExecOptions<readonly Accessor<unknown, unknown>[]>;

export class FlowScope extends ResourceScope implements Scope {
  readonly #codec: Codec;
  readonly #around: Surroundings;
  readonly #leaseMs: number;
  readonly #dispatch: Dispatch | undefined;
  readonly #journal: Journal | undefined;
  readonly #ownJournal: Journal | undefined;
  readonly #memory: MemoryRuns;
  readonly #journals = new Map<Journal, JournalRuns>();
  #disposing = false;

  constructor(options: ScopeOptions) {
    super(options);
    const { journal, dispatch, codec = createCodec(), clock = realClock } = options;
    const { leaseMs = DEFAULT_LEASE_MS, parkAfter = DEFAULT_PARK_AFTER_MS } = options;
    if (!(leaseMs > 0 && Number.isFinite(leaseMs)))
      throw new RangeError(`createScope: expected leaseMs to be milliseconds above 0, got ${leaseMs}`);
    if (!(parkAfter >= 0))
      throw new RangeError(`createScope: expected parkAfter to be milliseconds from 0 up, got ${parkAfter}`);
    this.#codec = codec;
    this.#dispatch = dispatch;
    this.#leaseMs = leaseMs;
    this.#ownJournal = typeof journal === "function" ? journal() : undefined;
    this.#journal = typeof journal === "function" ? this.#ownJournal : journal;
    this.#around = {
      scope: this,
      extensions: options.extensions ?? [],
      clock,
      random: Math.random,
      resolve: (deps) => this.#resolved(deps),
      digest: (input, what) => codec.digest(input, what),
      send: (runId, name, value) => this.#memory.send(runId, name, value),
      parkAfter,
      holdFailed: false,
    };
    this.#memory = new MemoryRuns({ around: this.#around, inFlight: this.inFlight, codec });
  }

  exec<Input, Output, const As extends readonly Accessor<unknown, unknown>[] = []>(
    flow: Flow<Input, Output>,
    ...args: InputArgs<Input, [options?: ExecOptions<As>]>
  ): RunHandle<Output> {
    const [input, options] = args as readonly [unknown, Options?];
    try {
      const request = requested("exec", flow, input, options);
      this.#checkOpen(`exec of flow ${flow.name}`);
      const journal = options?.journal ?? this.#journal;
      const runs = journal === undefined ? this.#memory : this.journalRuns("exec", journal);
      return new RunPromise<Output>(runs.exec(request));
    } catch (error) {
      const refused = new HeldRun(options?.id ?? "", this.#memory);
      refused.giveUp(error);
      return new RunPromise<Output>(refused);
    }
  }

  async enqueue<Input, const As extends readonly Accessor<unknown, unknown>[] = []>(
    flow: Flow<Input, unknown>,
    ...args: InputArgs<Input, [options?: Omit<ExecOptions<As>, "signal">]>
  ): Promise<string> {
    const [input, options] = args as readonly [unknown, Options?];
    this.#checkOpen("enqueue");
    const request: RunRequest = requested("enqueue", flow, input, options);
    checkNamed("enqueue", request.flow);
    const { id, tenant } = await this.journalRuns("enqueue", options?.journal).enqueue(request);
    await this.#dispatch?.dispatch({ id, flow: flow.name, tenant });
    return id;
  }

  async recover(options: WorkerOptions): Promise<readonly RunHandle<unknown>[]> {
    this.#checkOpen("recover");
    const { flows, concurrency } = checkedWork("recover", options);
    const held = await this.journalRuns("recover", options.journal).recover(flows, concurrency);
    return held.map((each) => {
      const handle = new RunPromise<unknown>(each);
      // The caller may have come only to set them going.
      handle.catch(() => {});
      return handle;
    });
  }

  worker(options: WorkerOptions): Worker {
    this.#checkOpen("worker");
    const { flows, concurrency } = checkedWork("worker", options);
    const taker = this.journalRuns("worker", options.journal).worker(flows, concurrency);
    return { stop: () => taker.stop(), [Symbol.asyncDispose]: () => taker.stop() };
  }

  async send(runId: string, name: string, value?: unknown): Promise<void> {
    if (this.#journal === undefined || this.#memory.has(runId)) await this.#memory.send(runId, name, value);
    else await this.journalRuns("send").send(runId, name, value);
  }

  /** @throws {TypeError} where the scope has no journal */
  journalRuns(call: string, journal = this.#journal): JournalRuns {
    if (journal === undefined)
      throw new TypeError(
        `${call}: expected a scope with a journal, got one without: createScope({ journal: sqliteJournal(path) })`,
      );
    let runs = this.#journals.get(journal);
    if (runs === undefined) {
      runs = new JournalRuns({
        journal,
        codec: this.#codec,
        around: this.#around,
        inFlight: this.inFlight,
        owner: `${hostname()} ${process.pid}`,
        leaseMs: this.#leaseMs,
      });
      this.#journals.set(journal, runs);
    }
    return runs;
  }

  override async dispose(options?: DisposeOptions): Promise<void> {
    const place = Place.current();
    if (place?.execution.around.scope === this && place.execution.ending === undefined)
      throw new DisposeInFlow(place.execution.facts.id);
    await super.dispose(options);
  }

  protected override beforeDispose(): void {
    this.#disposing = true;
    for (const runs of this.#journals.values()) runs.stopTaking();
  }

  protected override async afterDispose(): Promise<void> {
    for (const runs of this.#journals.values()) runs.close();
    await this.#ownJournal?.close();
  }

  /** Runs that are in flight may still send, but nothing new is begun. */
  #checkOpen(asked: string): void {
    if (this.#disposing) throw new ScopeDisposed(asked);
  }

  /** In the form in which the handler wants them. */
  async #resolved(deps: Deps | undefined): Promise<unknown> {
    if (deps === undefined) return undefined;
    const one = async ({ executor, form }: { executor: Executor<unknown>; form: Form }) => {
      if (form === "lazy") return this.accessor(executor);
      const value = await this.resolve(executor);
      return form === "static" ? this.accessor(executor) : value;
    };
    return inForm(deps, await Promise.all(needsOf(deps).map(one)));
  }
}

function checkedWork(
  call: string,
  options: WorkerOptions,
): { flows: readonly AnyFlow[]; concurrency: number } {
  const { flows, concurrency = DEFAULT_CONCURRENCY } = options;
  if (!Array.isArray(flows))
    throw new TypeError(`${call}: expected flows to be an array, got ${typeof flows}`);
  for (const flow of flows) checkNamed(call, flow);
  if (!(Number.isSafeInteger(concurrency) && concurrency >= 1))
    throw new RangeError(`${call}: expected concurrency to be a whole number from 1, got ${concurrency}`);
  return { flows, concurrency };
}
