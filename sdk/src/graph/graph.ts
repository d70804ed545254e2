/** A graph: routines, and which event goes to which slot. It runs nothing; each `execute` is a job of its own. */
import { newFlowId } from "../ids.ts";
import { type RunClock, realClock } from "../run/index.ts";
import { scopeOf } from "../scope.ts";
import { checkConcurrent, checkCount, checkName, checkNumber, checkText } from "./check-options.ts";
import { copyOf } from "./copy.ts";
import type { ErrorHandler } from "./error-handler.ts";
import { Event } from "./event.ts";
import type {
  CloseOptions,
  Connection,
  ConnectOptions,
  ExecuteOptions,
  GraphOptions,
  JobWorker,
  JobWorkerOptions,
} from "./graph-options.ts";
import type { Job } from "./job.ts";
import { JobState } from "./job-state.ts";
import { Jobs } from "./jobs.ts";
import { jobsOptions } from "./jobs-options.ts";
import type { Fits, Mapping } from "./mapping.ts";
import { newJob } from "./new-job.ts";
import type { GraphDefinition } from "./plan.ts";
import { checkFits } from "./restore.ts";
import { checkHandler, Routine } from "./routine.ts";
import { Slot } from "./slot.ts";
import type { AnyRoutines, ConnectionFits, EventOf, IdOf, Routines, SlotOf, Taken } from "./typed.ts";
import { type Ends, Wiring } from "./wiring.ts";

const DEFAULT_GRACE_MS = 10_000;

/**
 * Routines joined by events and slots; `execute` begins a job of it.
 *
 * @example
 * const graph = new Graph("my_flow");
 * graph.addRoutine(new Reader(), "reader");
 * graph.addRoutine(new Writer(), "writer");
 * graph.connect({ source: "reader", event: "output", target: "writer", slot: "input", paramMapping: { row: "line" } });
 * const state = await graph.execute({ entry: "reader", params: { path: "a.csv" }, tenant: "acme-corp" }).done;
 */
export class Graph<R extends Routines = AnyRoutines> implements AsyncDisposable {
  readonly name: string;
  readonly version: number;
  readonly #jobs: Jobs;
  readonly #concurrent: number;
  readonly #clock: RunClock;
  readonly #wiring: Wiring;

  /** @throws {TypeError | RangeError} that names the option */
  constructor(name: string, options: GraphOptions<R> = {}) {
    checkName("graph", name);
    const what = `graph ${name}`;
    const { routines, version = 1, concurrent = 1, clock = realClock } = options;
    checkCount(what, "version", version);
    checkConcurrent(what, concurrent);
    this.name = name;
    this.version = version;
    this.#concurrent = concurrent;
    this.#clock = clock;
    this.#wiring = new Wiring(name, version);
    this.#jobs = new Jobs(jobsOptions(name, options));
    for (const [id, routine] of Object.entries(routines ?? {})) this.addRoutine(routine, id);
  }

  /**
   * @param id default: the name of a function routine, or of the class
   * @returns its id
   * @throws {GraphInvalid} the id is taken; {TypeError} it can't be one
   */
  addRoutine<Id extends string = string>(routine: Routine, id?: Id): Id {
    if (!(routine instanceof Routine))
      throw new TypeError(`graph ${this.name}: expected a Routine to add, got ${typeof routine}`);
    return this.#wiring.add({ routine, errorHandler: undefined }, id ?? nameOf(routine)) as Id;
  }

  /**
   * Takes in the routines of another graph, as `id/routine`, with their connections. Its error handler holds for them before this graph's.
   * What is changed there afterwards is not changed here.
   *
   * @throws {GraphInvalid} the id is taken
   * @example
   * outer.addGraph(cleaning, "clean");
   * outer.connect({ source: "reader", event: "output", target: "clean/trim", slot: "input" });
   */
  addGraph(graph: Graph<Routines>, id: string): string {
    this.#wiring.takeIn(graph.#wiring, id);
    return id;
  }

  /** For routines that have none of their own. Jobs that are under way keep theirs. */
  setErrorHandler(handler: ErrorHandler): this {
    this.#wiring.errorHandler = checkHandler(`graph ${this.name}`, handler);
    return this;
  }

  /**
   * Sends what an event emits to a slot. By names, which the compiler knows where the graph was made with its routines; or by the event
   * and the slot themselves, which it knows always.
   *
   * @returns the id of the connection: `reader.output>writer.input`
   * @throws {GraphInvalid} there is no such routine, event or slot, or they are connected already
   * @example
   * graph.connect(reader.output, writer.input, { paramMapping: { row: "line" } });
   */
  connect<
    S extends IdOf<R>,
    E extends EventOf<R[S]>,
    T extends IdOf<R>,
    L extends SlotOf<R[T]>,
    const M extends Mapping = Record<never, never>,
  >(connection: Connection<S, E, T, L, M> & ConnectionFits<R[S], E, R[T], L, M>): string;
  connect<Sent, Wanted, const M extends Mapping = Record<never, never>>(
    event: Event<Sent>,
    slot: Slot<Wanted>,
    options?: ConnectOptions<M> & Fits<Sent, Wanted, M>,
    ...misfit: Fits<Sent, Wanted, M> extends infer F
      ? unknown extends F
        ? []
        : M extends Record<never, never>
          ? [F]
          : []
      : never
  ): string;
  connect(first: unknown, slot?: unknown, options: ConnectOptions<Mapping> = {}): string {
    const ends =
      first instanceof Event && slot instanceof Slot
        ? { ...options, ...this.#wiring.endsOf(first, slot) }
        : this.#wiring.ends(first);
    return this.#wiring.connect(ends);
  }

  /** @param connection what `connect` returned, or its ends @throws {GraphInvalid} there is no such connection */
  disconnect(connection: string | Ends): void {
    this.#wiring.disconnect(connection);
  }

  /** The graph as plain data: routines with their slots and events, and connections. The same object until it changes. */
  describe(): GraphDefinition {
    return this.#wiring.plan.definition;
  }

  /**
   * Whether it can be run; `execute` asks the same.
   *
   * @throws {GraphInvalid} a cycle without a connection that says how often it may be taken, a join of more connections than there are
   */
  validate(): void {
    void this.#wiring.plan;
  }

  /**
   * Begins a job. Its first handler runs after the caller has gone on.
   *
   * @throws {GraphInvalid} it can't be run, or there is no such routine or slot; {NotCopyable} the parameters can't be sent;
   *   {JobTaken} a job of this id is under way
   * @example
   * const job = graph.execute({ entry: "reader", params: { path: "a.csv" }, tenant: "acme-corp" });
   * const { status, error } = await job.done;
   */
  execute<Id extends IdOf<R>, S extends SlotOf<R[Id]>>(options: ExecuteOptions<Id, S, Taken<R[Id], S>>): Job {
    const { id = newFlowId(), tenant = scopeOf()?.flow.tenant ?? "default", labels = {} } = options;
    const { concurrent = this.#concurrent } = options;
    const what = `graph ${this.name}: execute`;
    checkText(what, "id", id);
    checkText(what, "tenant", tenant);
    checkConcurrent(what, concurrent);
    const { plan } = this.#wiring;
    const slot = this.#wiring.entrySlot(options.entry, options.slot);
    const params = copyOf(options.params, `params of ${slot.key}`).value;
    const data = newJob({ id, tenant, labels, plan, slot, params, at: this.#clock.now() });
    return this.#jobs.begin(plan, data, concurrent);
  }

  /**
   * Goes on with a job that was paused, with every delivery that was queued. One that was saved while it ran goes on too, where its
   * process has died. With a journal that is asked for the job as it is there; by id it goes on with one that was paused, or whose
   * process has died, as soon as its lease has run out.
   *
   * @throws {IllegalMove} it has ended; {JobTaken} it is under way here; {GraphMismatch} it is another graph's. By id as a rejection,
   *   and {RunUnknown}
   * @example
   * const job = graph.resume(await JobState.read("./job.json"));
   */
  resume(state: JobState): Job;
  resume(id: string): Promise<Job>;
  resume(given: JobState | string): Job | Promise<Job> {
    const { plan } = this.#wiring;
    if (typeof given === "string") return this.#jobs.resumeById(plan, given);
    if (!(given instanceof JobState))
      throw new TypeError(`graph ${this.name}: resume: expected a JobState or an id, got ${typeof given}`);
    const data = given.data();
    checkFits(data, plan);
    return this.#jobs.resume(plan, data);
  }

  /**
   * Goes on with the jobs of this graph in the journal whose processes have died, as far as their leases have run out.
   *
   * @returns them
   */
  async recover(): Promise<Job[]> {
    return await this.#jobs.recover(this.#wiring.plan);
  }

  /** Takes jobs of this graph whose processes die, until it is stopped. */
  worker({ concurrency = 10 }: JobWorkerOptions = {}): JobWorker {
    checkCount(`graph ${this.name}: worker`, "concurrency", concurrency);
    const taker = this.#jobs.worker(this.#wiring.plan, concurrency);
    return { stop: () => taker.stop(), [Symbol.asyncDispose]: () => taker.stop() };
  }

  /**
   * For when the process is to stop: begins and takes no more. Jobs in a journal are given back as soon as no handler of theirs
   * runs, for another process to go on with at once; `done` then rejects with {@link JobLeft}. Without a journal they are
   * cancelled. Resolves when no job is here any more; a second call gives the first one's promise. The journal stays open.
   *
   * @example
   * process.once("SIGTERM", () => graph.close().then(() => journal.close()));
   */
  async close({ grace = DEFAULT_GRACE_MS }: CloseOptions = {}): Promise<void> {
    checkNumber(`graph ${this.name}: close`, "grace", grace, "milliseconds from 0", grace >= 0);
    await this.#jobs.close(grace);
  }

  /** `close` as it is without options. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function nameOf(routine: Routine): string {
  return "name" in routine && typeof routine.name === "string" ? routine.name : routine.constructor.name;
}
