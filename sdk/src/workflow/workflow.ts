/** `workflow`: a tree of steps that can be run. */
import { newFlowId } from "../ids.ts";
import { type Claimed, createCodec, realClock } from "../run/index.ts";
import { scopeOf } from "../scope.ts";
import { beginKept, type Context, claimOf, goOn, type Keep } from "./begin-kept.ts";
import { checkKey } from "./checks.ts";
import type { TreeDefinition } from "./describe.ts";
import type {
  RecoverOptions,
  SignalsOf,
  StartOptions,
  StateOf,
  Workflow,
  WorkflowOptions,
  WorkflowRun,
} from "./handle.ts";
import { Nested } from "./nested.ts";
import { AS_PART, type Part, partsOf } from "./part.ts";
import { Program } from "./program.ts";
import { Sequence } from "./sequence.ts";
import type { Step } from "./step.ts";
import { TreeRun } from "./tree-run.ts";

const DEFAULT_LEASE_MS = 15_000;
/** Taken from a journal in one go. */
const RECOVERED_AT_ONCE = 100;

type AnyRun = WorkflowRun<never, never>;

class Tree implements Workflow<object> {
  readonly type = "workflow";
  readonly #program: Program;

  constructor(program: Program) {
    this.#program = program;
  }

  get name(): string {
    return this.#program.name;
  }

  get version(): number {
    return this.#program.version;
  }

  get [AS_PART](): Part {
    return new Nested(this.name, this.#program.root, this.#program.initialState, undefined);
  }

  under(key: string): never {
    checkKey("under", key);
    return new Nested(this.name, this.#program.root, this.#program.initialState, key) as never;
  }

  describe(): TreeDefinition {
    return this.#program.definition;
  }

  start(options: StartOptions<object> = {}): AnyRun {
    const { initialState = this.#program.initialState, labels, tag, journal, signal } = options;
    const { id = newFlowId(), tenant = scopeOf()?.flow.tenant ?? "default" } = options;
    const what = `start of ${this.name}`;
    checkText(what, "id", id);
    checkText(what, "tenant", tenant);
    checkState(what, initialState);
    if (signal !== undefined && !(signal instanceof AbortSignal))
      throw new TypeError(`${what}: expected signal to be an AbortSignal, got ${typeof signal}`);
    const run = this.#run(options, { id, tenant, labels, tag }, initialState);
    if (journal === undefined) run.begin();
    else {
      const keep = keepOf(what, { ...options, journal });
      run.beginKept((notWanted) => beginKept(run, this.#program, keep, { labels, tag }, notWanted));
    }
    if (signal !== undefined) follow(run, signal);
    return run as never;
  }

  async recover(options: RecoverOptions): Promise<AnyRun[]> {
    const keep = keepOf(`recover of ${this.name}`, options);
    const flows = [{ name: this.name, version: this.version }];
    const runs: TreeRun[] = [];
    for (;;) {
      const claim = { ...claimOf(keep), flows, begunOnly: true, limit: RECOVERED_AT_ONCE };
      const claimed = await keep.journal.claimDue(claim);
      for (const each of claimed) runs.push(this.#goOn(options, keep, each));
      if (claimed.length < RECOVERED_AT_ONCE) break;
    }
    return runs as never;
  }

  #goOn(options: RecoverOptions, keep: Keep, claimed: Claimed): TreeRun {
    const { id, tenant, context, input } = claimed.run;
    const { labels, tag } = (context === undefined ? {} : keep.codec.decode(context, `run ${id}`)) as Context;
    const state = keep.codec.decode(input, `initial state of run ${id}`) as object;
    const run = this.#run(options, { id, tenant, labels: labels as never, tag }, state);
    run.beginKept(() => goOn(run, keep, claimed));
    return run;
  }

  #run(
    { clock = realClock, random = Math.random }: Partial<RecoverOptions>,
    facts: { id: string; tenant: string; labels: StartOptions<object>["labels"]; tag: unknown },
    state: object,
  ): TreeRun {
    return new TreeRun({ ...facts, clock, random, program: this.#program }, state);
  }
}

function follow(run: TreeRun, signal: AbortSignal): void {
  const cancel = () =>
    void run.cancel(String((signal.reason as Error | undefined)?.message ?? signal.reason));
  if (signal.aborted) cancel();
  signal.addEventListener("abort", cancel, { once: true });
  const over = () => signal.removeEventListener("abort", cancel);
  run.done.then(over, over);
}

function keepOf(what: string, options: RecoverOptions): Keep {
  const { journal, codec = createCodec(), leaseMs = DEFAULT_LEASE_MS, clock = realClock } = options;
  if (!(leaseMs > 0 && Number.isFinite(leaseMs)))
    throw new RangeError(`${what}: expected leaseMs to be milliseconds above 0, got ${leaseMs}`);
  return { journal, codec, leaseMs, clock };
}

function checkText(what: string, option: string, text: unknown): void {
  if (typeof text === "string" && text !== "") return;
  const got = typeof text === "string" ? "an empty one" : typeof text;
  throw new TypeError(`${what}: expected ${option} to be text that is not empty, got ${got}`);
}

function checkState(what: string, state: unknown): void {
  if (typeof state === "object" && state !== null) return;
  throw new TypeError(
    `${what}: expected initialState to be an object such as { dirty: false }, got ${state === null ? "null" : typeof state}`,
  );
}

/** The tree is the steps, one after the other; each begins with the state that the one before left. */
interface WorkflowFn {
  <O extends WorkflowOptions>(name: string, options: O): Workflow<StateOf<O>, StateOf<O>, SignalsOf<O>>;
  <O extends WorkflowOptions, A>(
    name: string,
    options: O,
    a: Step<StateOf<O>, A>,
  ): Workflow<StateOf<O>, A, SignalsOf<O>>;
  <O extends WorkflowOptions, A, B>(
    name: string,
    options: O,
    a: Step<StateOf<O>, A>,
    b: Step<A, B>,
  ): Workflow<StateOf<O>, B, SignalsOf<O>>;
  <O extends WorkflowOptions, A, B, C>(
    name: string,
    options: O,
    a: Step<StateOf<O>, A>,
    b: Step<A, B>,
    c: Step<B, C>,
  ): Workflow<StateOf<O>, C, SignalsOf<O>>;
  <O extends WorkflowOptions, A, B, C, D>(
    name: string,
    options: O,
    a: Step<StateOf<O>, A>,
    b: Step<A, B>,
    c: Step<B, C>,
    d: Step<C, D>,
  ): Workflow<StateOf<O>, D, SignalsOf<O>>;
  <O extends WorkflowOptions, A, B, C, D, E>(
    name: string,
    options: O,
    a: Step<StateOf<O>, A>,
    b: Step<A, B>,
    c: Step<B, C>,
    d: Step<C, D>,
    e: Step<D, E>,
  ): Workflow<StateOf<O>, E, SignalsOf<O>>;
  <O extends WorkflowOptions, A, B, C, D, E, F>(
    name: string,
    options: O,
    a: Step<StateOf<O>, A>,
    b: Step<A, B>,
    c: Step<B, C>,
    d: Step<C, D>,
    e: Step<D, E>,
    f: Step<E, F>,
  ): Workflow<StateOf<O>, F, SignalsOf<O>>;
  <O extends WorkflowOptions, A, B, C, D, E, F, G>(
    name: string,
    options: O,
    a: Step<StateOf<O>, A>,
    b: Step<A, B>,
    c: Step<B, C>,
    d: Step<C, D>,
    e: Step<D, E>,
    f: Step<E, F>,
    g: Step<F, G>,
  ): Workflow<StateOf<O>, G, SignalsOf<O>>;
  /** More than seven: none of them may add to the state. */
  <O extends WorkflowOptions>(
    name: string,
    options: O,
    ...steps: Step<StateOf<O>>[]
  ): Workflow<StateOf<O>, StateOf<O>, SignalsOf<O>>;
}

/**
 * Defines a workflow. What is wrong with the tree is thrown here, before anything runs.
 *
 * @param name under which its runs are shown, and found again in a journal
 * @throws {TypeError | RangeError}
 * @example
 * const syncBook = workflow("sync_book", { initialState: { dirty: false } },
 *   repeat(waitUntil((state) => state.dirty), debounce(500), run("push", push)));
 * const sync = syncBook.start({ tenant: "acme-corp" });
 */
export const workflow: WorkflowFn = (
  name: string,
  options: WorkflowOptions,
  ...steps: readonly unknown[]
): never => {
  checkText("workflow", "name", name);
  if (typeof options !== "object" || options === null)
    throw new TypeError(
      `workflow ${name}: expected options such as { initialState: {} }, got ${typeof options}`,
    );
  const { initialState, version = 1, signals = {} } = options;
  checkState(`workflow ${name}`, initialState);
  if (!Number.isSafeInteger(version))
    throw new RangeError(`workflow ${name}: expected version to be a whole number, got ${String(version)}`);
  const root = new Sequence(partsOf(steps, `workflow ${name}`));
  return new Tree(new Program(name, version, initialState, root, signals)) as never;
};
