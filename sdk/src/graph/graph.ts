/** A graph: routines, and which event goes to which slot. It runs nothing; each `execute` is a job of its own. */
import { hostname } from "node:os";
import { newFlowId } from "../ids.ts";
import type { Codec, Journal, Random, RunClock } from "../run/index.ts";
import { realClock } from "../run/index.ts";
import { scopeOf } from "../scope.ts";
import type { LabelValue } from "../types.ts";
import { checkName, checkNumber } from "./check-options.ts";
import { copyOf } from "./copy.ts";
import { unboundedCycle } from "./cycles.ts";
import { type ErrorHandler, STOPS } from "./error-handler.ts";
import { GraphInvalid } from "./errors/graph-invalid.ts";
import { Event } from "./event.ts";
import type { Job } from "./job.ts";
import type { JobData } from "./job-data.ts";
import { JobState } from "./job-state.ts";
import { Jobs } from "./jobs.ts";
import { checkMapping, type Fits, type Mapping } from "./mapping.ts";
import type { Edge, GraphDefinition, Node, Plan, SlotOfNode } from "./plan.ts";
import { checkFits } from "./restore.ts";
import { checkHandler, Routine } from "./routine.ts";
import { Slot } from "./slot.ts";
import type { AnyRoutines, ConnectionFits, EventOf, IdOf, Routines, SlotOf, Taken } from "./typed.ts";

/** Options of `new Graph`. */
export interface GraphOptions<R extends Routines> {
  /** Routines by id: with them the compiler checks what is connected by name. Others may be added. */
  routines?: R | undefined;
  /** A whole number from 1, raised when a job that is under way can't go on in the changed graph. Default 1. */
  version?: number | undefined;
  /** How many deliveries of a job are handled at once. Default 1: one after the other, in the order in which they were sent. */
  concurrent?: number | undefined;
  /** Where jobs are kept while they run, so that they outlive the process. It belongs to who made it. Default: nowhere. */
  journal?: Journal | undefined;
  /** How the journal keeps payloads: errors of your own, sealing, a limit of their size. */
  codec?: Codec | undefined;
  /** Milliseconds after which another process may take the jobs of one that died. Default 15,000. */
  leaseMs?: number | undefined;
  /** Queued deliveries of a job; an attempt that would send more fails with `QueueFull`. Default 1,000,000. */
  maxQueued?: number | undefined;
  /** From so many queued deliveries on `emit` waits, where others work them off. Default 10,000. */
  crowd?: number | undefined;
  /** Milliseconds that handlers have to end when they are told to stop; then they are left to themselves. Default 5,000. */
  stopGrace?: number | undefined;
  /** Entries of a job's history. Default 1,000. */
  historyLimit?: number | undefined;
  /** Dead letters of a job. Default 1,000. */
  deadLetterLimit?: number | undefined;
  /** Default: the real time. `TestClock` of `@weir/sdk/testing` is one. */
  clock?: RunClock | undefined;
  /** From 0 up to, not including, 1; for jitter. Default: `Math.random`. */
  random?: Random | undefined;
}

/** Options of a connection. */
export interface ConnectOptions<M> {
  /** Renames keys on the way: `{ row: "line" }`. The rest passes. */
  paramMapping?: M | undefined;
  /** How often one delivery and what comes of it may take this connection. Each cycle needs one that says so. */
  maxTurns?: number | undefined;
}

/** A connection by names: from an event of one routine to a slot of another. */
export interface Connection<S, E, T, L, M> extends ConnectOptions<M> {
  source: S;
  /** By its name, or by the property that holds it. */
  event: E;
  target: T;
  slot: L;
}

/** Options of `graph.execute`. */
export interface ExecuteOptions<Id, S, Params> {
  /** The routine that gets the parameters. */
  entry: Id;
  /** Of that routine. Left out where it has only one. */
  slot?: S | undefined;
  /** As if an event had sent them. */
  params?: Params | undefined;
  /** The customer. Default: that of the current flow, else `"default"`. */
  tenant?: string | undefined;
  /** Your own; with a journal an idempotency key. Default: a UUIDv7. */
  id?: string | undefined;
  /** Of its flow; searchable. */
  labels?: Record<string, LabelValue> | undefined;
  /** Default: that of the graph. */
  concurrent?: number | undefined;
}

/** Options of `graph.worker`. */
export interface JobWorkerOptions {
  /** How many jobs at once. Default 10. */
  concurrency?: number | undefined;
}

/** Options of `graph.close`. */
export interface CloseOptions {
  /** Milliseconds for handlers in hand to end by themselves; then they are told to stop. Default 10,000. */
  grace?: number | undefined;
}

/** Takes jobs until it is stopped. */
export interface JobWorker extends AsyncDisposable {
  /** Takes no more, and resolves when those that it has taken have ended or are paused. */
  stop(): Promise<void>;
}

interface Connected {
  readonly id: string;
  readonly source: string;
  readonly event: string;
  readonly target: string;
  readonly slot: string;
  readonly mapping: Mapping | undefined;
  readonly maxTurns: number | undefined;
}

interface Added {
  readonly routine: Routine;
  /** Of the graph that it was added with. */
  readonly errorHandler: ErrorHandler | undefined;
}

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
  readonly #routines = new Map<string, Added>();
  readonly #connections = new Map<string, Connected>();
  #errorHandler: ErrorHandler | undefined;
  /** As it is now; made again after a change. */
  #plan: Plan | undefined;

  /** @throws {TypeError | RangeError} that names the option */
  constructor(name: string, options: GraphOptions<R> = {}) {
    checkName("graph", name);
    const what = `graph ${name}`;
    const { routines, version = 1, concurrent = 1, clock = realClock } = options;
    checkNumber(what, "version", version, "a whole number from 1", isCount(version));
    checkConcurrent(what, concurrent);
    this.name = name;
    this.version = version;
    this.#concurrent = concurrent;
    this.#clock = clock;
    this.#jobs = jobsFor(name, options, clock, concurrent);
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
    return this.#add({ routine, errorHandler: undefined }, id ?? nameOf(routine)) as Id;
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
    checkName(`graph ${this.name}: id of a graph`, id);
    const taken = [...this.#routines.keys()].find((other) => other === id || other.startsWith(`${id}/`));
    if (taken !== undefined) throw this.#invalid(`expected a new id, got ${id}, which ${taken} has already`);
    const inner = (name: string) => `${id}/${name}`;
    for (const [name, { routine, errorHandler }] of [...graph.#routines])
      this.#add({ routine, errorHandler: errorHandler ?? graph.#errorHandler }, inner(name));
    for (const { source, event, target, slot, mapping, maxTurns } of [...graph.#connections.values()])
      this.#join({ source: inner(source), event, target: inner(target), slot, mapping, maxTurns });
    return id;
  }

  /** For routines that have none of their own. Jobs that are under way keep theirs. */
  setErrorHandler(handler: ErrorHandler): this {
    this.#errorHandler = checkHandler(`graph ${this.name}`, handler);
    this.#plan = undefined;
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
    const given =
      first instanceof Event && slot instanceof Slot
        ? {
            ...options,
            source: this.#idOf(first.routine),
            event: first.name,
            target: this.#idOf(slot.routine),
            slot: slot.name,
          }
        : this.#named(first);
    const { maxTurns } = given;
    const source = this.#routine(given.source);
    const target = this.#routine(given.target);
    const event = this.#find("event", given.source, source, given.event);
    const into = this.#find("slot", given.target, target, given.slot);
    const what = `graph ${this.name}: connection ${given.source}.${event}>${given.target}.${into}`;
    if (maxTurns !== undefined)
      checkNumber(what, "maxTurns", maxTurns, "a whole number from 1", isCount(maxTurns));
    const mapping = checkMapping(what, given.paramMapping);
    return this.#join({ source: given.source, event, target: given.target, slot: into, mapping, maxTurns });
  }

  /** @param connection what `connect` returned, or its ends @throws {GraphInvalid} there is no such connection */
  disconnect(
    connection:
      | string
      | Pick<Connection<string, string, string, string, never>, "source" | "event" | "target" | "slot">,
  ): void {
    const id = typeof connection === "string" ? connection : this.#edgeId(this.#named(connection));
    if (!this.#connections.delete(id))
      throw this.#invalid(`expected a connection to take away, got ${id}, which it has not`);
    this.#plan = undefined;
  }

  /** The graph as plain data: routines with their slots and events, and connections. The same object until it changes. */
  describe(): GraphDefinition {
    return this.#compiled().definition;
  }

  /**
   * Whether it can be run; `execute` asks the same.
   *
   * @throws {GraphInvalid} a cycle without a connection that says how often it may be taken, a join of more connections than there are
   */
  validate(): void {
    this.#compiled();
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
    const plan = this.#compiled();
    const slot = this.#entrySlot(options.entry, options.slot, plan);
    const params = copyOf(options.params, `params of ${slot.key}`).value;
    const data: JobData = {
      id,
      tenant,
      graph: { name: this.name, version: this.version },
      labels: { ...labels },
      status: "running",
      reason: undefined,
      error: undefined,
      createdAt: this.#clock.now(),
      endedAt: undefined,
      entry: { routine: slot.node.id, slot: slot.name, params },
      next: 1,
      pending: [
        { n: 0, slot: slot.key, connection: undefined, payload: params, attempts: 0, turns: undefined },
      ],
      merged: [],
      gathering: [],
      routines: [],
      shared: [],
      deadLetters: [],
      deadLettersDropped: 0,
      history: [],
      historyDropped: 0,
      pauses: [],
    };
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
    const plan = this.#compiled();
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
    return await this.#jobs.recover(this.#compiled());
  }

  /** Takes jobs of this graph whose processes die, until it is stopped. */
  worker({ concurrency = 10 }: JobWorkerOptions = {}): JobWorker {
    checkNumber(
      `graph ${this.name}: worker`,
      "concurrency",
      concurrency,
      "a whole number from 1",
      isCount(concurrency),
    );
    const taker = this.#jobs.worker(this.#compiled(), concurrency);
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

  #add(added: Added, id: string): string {
    checkName(`graph ${this.name}: id of a routine`, id);
    if (this.#routines.has(id))
      throw this.#invalid(
        `expected a new id for a routine, got ${id}, which it has already: give another as the second argument`,
      );
    this.#routines.set(id, added);
    this.#plan = undefined;
    return id;
  }

  #join(connected: Omit<Connected, "id">): string {
    const id = this.#edgeId(connected);
    if (this.#connections.has(id))
      throw this.#invalid(
        `expected a new connection, got ${id}, which it has already: disconnect it first to change it`,
      );
    this.#connections.set(id, { id, ...connected });
    this.#plan = undefined;
    return id;
  }

  #edgeId({ source, event, target, slot }: Pick<Connected, "source" | "event" | "target" | "slot">): string {
    return `${source}.${event}>${target}.${slot}`;
  }

  #named(given: unknown): Connection<string, string, string, string, Mapping> {
    const expected = "{ source, event, target, slot }";
    if (typeof given !== "object" || given === null)
      throw new TypeError(
        `graph ${this.name}: expected a connection such as ${expected}, got ${typeof given}`,
      );
    for (const key of ["source", "event", "target", "slot"]) {
      const got = (given as Record<string, unknown>)[key];
      if (typeof got !== "string")
        throw new TypeError(
          `graph ${this.name}: expected a connection such as ${expected}, got ${typeof got} as its ${key}`,
        );
    }
    return given as Connection<string, string, string, string, Mapping>;
  }

  #routine(id: string): Routine {
    const found = this.#routines.get(id);
    if (found !== undefined) return found.routine;
    throw this.#invalid(
      `expected a routine that was added (${listed(this.#routines.keys())}), got ${JSON.stringify(id)}`,
    );
  }

  #idOf(routine: Routine): string {
    const ids = [...this.#routines].filter(([, added]) => added.routine === routine).map(([id]) => id);
    if (ids.length === 1) return ids[0] as string;
    throw this.#invalid(
      ids.length === 0
        ? `expected a routine that was added, got one of the class ${routine.constructor.name} that was not`
        : `expected a routine that was added once, got one that is ${listed(ids)}: connect it by its id`,
    );
  }

  /** By its name, or by the property of the routine that holds it. */
  #find(kind: "event" | "slot", id: string, routine: Routine, name: string): string {
    const known: Readonly<Record<string, unknown>> = kind === "event" ? routine.events : routine.slots;
    if (Object.hasOwn(known, name)) return name;
    const held: unknown = Object.hasOwn(routine, name) ? Reflect.get(routine, name) : undefined;
    if ((kind === "event" ? held instanceof Event : held instanceof Slot) && held !== undefined)
      return (held as { name: string }).name;
    throw this.#invalid(
      `expected ${kind === "event" ? "an event" : "a slot"} of ${id} (${listed(Object.keys(known))}), got ${JSON.stringify(name)}`,
    );
  }

  #entrySlot(entry: string, name: string | undefined, plan: Plan): SlotOfNode {
    const routine = this.#routine(entry);
    const slots = Object.keys(routine.slots);
    const [only] = slots;
    if (name === undefined && (only === undefined || slots.length > 1))
      throw this.#invalid(
        only === undefined
          ? `expected an entry with a slot, got ${entry}, which has none`
          : `expected the slot of ${entry} that gets the parameters (${listed(slots)}), got none`,
      );
    const slot = this.#find("slot", entry, routine, name ?? (only as string));
    return plan.slots.get(`${entry}.${slot}`) as SlotOfNode;
  }

  #compiled(): Plan {
    this.#plan ??= this.#compile();
    return this.#plan;
  }

  #compile(): Plan {
    const nodes = new Map<string, Node>();
    const slots = new Map<string, SlotOfNode>();
    const edges = new Map<string, Edge>();
    const into = new Map<string, Edge[]>();
    const from = new Map<string, Map<string, Edge[]>>();
    for (const [id, { routine, errorHandler }] of this.#routines) {
      const own = new Map<string, SlotOfNode>();
      const out = new Map<string, Edge[]>();
      const handler = routine.errorHandler ?? errorHandler ?? this.#errorHandler ?? STOPS;
      const node: Node = { id, routine, errorHandler: handler, slots: own, edges: out };
      nodes.set(id, node);
      from.set(id, out);
      for (const { name, parts } of Object.values(routine.slots) as unknown as Slot<unknown>[]) {
        const key = `${id}.${name}`;
        into.set(key, []);
        const slot: SlotOfNode = { key, node, name, parts, edges: into.get(key) as Edge[] };
        own.set(name, slot);
        slots.set(key, slot);
      }
    }
    for (const { id, source, event, target, slot, mapping, maxTurns } of this.#connections.values()) {
      const key = `${target}.${slot}`;
      const edge: Edge = { id, source, event, target: slots.get(key) as SlotOfNode, mapping, maxTurns };
      edges.set(id, edge);
      into.get(key)?.push(edge);
      const out = from.get(source) as Map<string, Edge[]>;
      const others = out.get(event) ?? [];
      others.push(edge);
      out.set(event, others);
    }
    const plan = {
      name: this.name,
      version: this.version,
      nodes,
      slots,
      edges,
      definition: this.#definition(),
    };
    this.#check(plan);
    return plan;
  }

  #check({ nodes, slots }: Plan): void {
    const problems: string[] = [];
    if (nodes.size === 0) problems.push("expected at least one routine, got none: addRoutine adds one");
    const cycle = unboundedCycle(
      new Map([...nodes].map(([id, { edges }]) => [id, [...edges.values()].flat()])),
    );
    if (cycle !== undefined)
      problems.push(
        `expected each cycle to have a connection with maxTurns, got one without: ${listed(cycle, " → ")}`,
      );
    for (const { key, parts, edges } of slots.values()) {
      const need = parts.join?.need;
      if (typeof need === "number" && need > Math.max(1, edges.length))
        problems.push(`expected ${need} connections to ${key}, which joins so many, got ${edges.length}`);
    }
    if (problems.length > 0) throw new GraphInvalid(this.name, problems);
  }

  #definition(): GraphDefinition {
    return {
      kind: "graph",
      name: this.name,
      nodes: [...this.#routines].map(([id, { routine }]) => ({
        id,
        slots: Object.keys(routine.slots),
        events: Object.keys(routine.events),
        ...(routine.optional ? { optional: true as const } : {}),
        ...(routine.critical ? { critical: true as const } : {}),
      })),
      edges: [...this.#connections.values()].map(({ id, source, event, target, slot }) => ({
        id,
        source,
        event,
        target,
        slot,
      })),
    };
  }

  #invalid(problem: string): GraphInvalid {
    return new GraphInvalid(this.name, [problem]);
  }
}

const DEFAULT_GRACE_MS = 10_000;
const SHOWN = 12;

function listed(names: Iterable<string>, between = ", "): string {
  const all = [...names];
  if (all.length === 0) return "none";
  return all.length <= SHOWN ? all.join(between) : `${all.slice(0, SHOWN).join(between)}${between}…`;
}

function nameOf(routine: Routine): string {
  return "name" in routine && typeof routine.name === "string" ? routine.name : routine.constructor.name;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

function checkConcurrent(what: string, concurrent: number): void {
  const isGood = isCount(concurrent) || concurrent === Number.POSITIVE_INFINITY;
  checkNumber(what, "concurrent", concurrent, "a whole number from 1", isGood);
}

function checkText(what: string, option: string, got: unknown): void {
  if (typeof got === "string" && got !== "" && got.length <= 256) return;
  const shown = typeof got === "string" ? `one of ${got.length}` : typeof got;
  throw new TypeError(`${what}: expected ${option} to be text of 1 to 256 characters, got ${shown}`);
}

function jobsFor(name: string, options: GraphOptions<Routines>, clock: RunClock, concurrent: number): Jobs {
  const { maxQueued = 1_000_000, crowd = 10_000, stopGrace = 5_000 } = options;
  const { historyLimit: history = 1_000, deadLetterLimit: deadLetters = 1_000, leaseMs = 15_000 } = options;
  const what = `graph ${name}`;
  const counts = { maxQueued, crowd, historyLimit: history, deadLetterLimit: deadLetters };
  for (const [option, value] of Object.entries(counts))
    checkNumber(what, option, value, "a whole number from 0", Number.isSafeInteger(value) && value >= 0);
  checkNumber(what, "stopGrace", stopGrace, "milliseconds from 0", stopGrace >= 0);
  checkNumber(what, "leaseMs", leaseMs, "milliseconds above 0", leaseMs > 0);
  return new Jobs({
    name,
    around: {
      clock,
      now: clock === realClock ? exactNow : () => clock.now(),
      random: options.random ?? Math.random,
      limits: { maxQueued, crowd, stopGrace, history, deadLetters },
    },
    journal: options.journal,
    codec: options.codec,
    owner: `${hostname()}:${process.pid}`,
    leaseMs,
    concurrent,
  });
}

/** Most handlers take less than a millisecond. */
function exactNow(): number {
  return performance.timeOrigin + performance.now();
}
