/** What a handler gets as its `ctx`: see context.ts for what it promises. One for each call of a handler. */
import { check, childPath, type LinkedSignal, linkSignals } from "../run/index.ts";
import type { Accessor, AccessorWithDefault } from "./accessor.ts";
import type {
  FlowContext,
  ParallelOptions,
  ParallelResult,
  ParallelSettledResult,
  StepRun,
  StepRunOptions,
  WaitOptions,
  Work,
} from "./context.ts";
import type { DataContext } from "./data-context.ts";
import type { Execution } from "./execution.ts";
import { type AnyFlow, FLOW, type Flow, isFlow } from "./flow.ts";
import type { Frame } from "./frame.ts";
import type { InputArgs, RunHandle, Scope } from "./handle.ts";
import { parallel } from "./parallel.ts";
import { Place } from "./place.ts";
import { sleep } from "./sleep.ts";
import { runStep } from "./step.ts";
import { startSubFlow } from "./sub-flow.ts";
import { waitFor } from "./wait.ts";
import { workName } from "./work-name.ts";

/** What has one key in a flow, and so one result. */
interface Keyed {
  readonly name: string;
  promise: Promise<unknown> | undefined;
}

export class FlowFrame implements FlowContext, Frame {
  readonly execution: Execution;
  readonly flow: AnyFlow;
  readonly path: string;
  readonly data: DataContext;
  readonly #keyed = new Map<string, Keyed>();
  readonly #linked: LinkedSignal;
  readonly #top: Place;

  /** @param parent a signal that aborts this flow too */
  constructor(execution: Execution, flow: AnyFlow, path: string, data: DataContext, parent: AbortSignal) {
    this.execution = execution;
    this.flow = flow;
    this.path = path;
    this.data = data;
    this.#linked = linkSignals(parent);
    this.#top = new Place(execution, this, path, this.#linked.signal);
  }

  get runId(): string {
    return this.execution.facts.id;
  }

  get attempt(): number {
    return this.execution.attempt;
  }

  get signal(): AbortSignal {
    return this.#linked.signal;
  }

  get scope(): Scope {
    return this.execution.around.scope;
  }

  abort(reason: unknown): void {
    this.#linked.abort(reason);
  }

  [Symbol.dispose](): void {
    this.#linked[Symbol.dispose]();
  }

  async handle(input: unknown): Promise<unknown> {
    const { deps, output } = this.flow[FLOW];
    const { execution } = this;
    execution.activity.works();
    let resolved: unknown;
    try {
      resolved = await execution.around.resolve(deps);
    } finally {
      execution.activity.rested();
    }
    const returned = await this.#top.run(() => this.flow[FLOW].handle(resolved, this, input));
    return await check(output, returned, `output of flow ${this.flow.name}`);
  }

  run<T>(
    key: string,
    options: StepRunOptions | ((step: StepRun) => T),
    work?: (step: StepRun) => T,
  ): Promise<Awaited<T>> {
    const fn = typeof options === "function" ? options : work;
    const given = typeof options === "function" ? undefined : options;
    try {
      checkKey("ctx.run", key);
      if (typeof fn !== "function")
        throw new TypeError(`ctx.run ${key}: expected a function as the last argument, got ${typeof fn}`);
      const path = childPath(this.path, key, 1);
      return this.once(path, fn.name, () =>
        runStep({ frame: this, place: this.#here(), path, key, fn, options: given }),
      ) as Promise<Awaited<T>>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  exec<Input, Output>(flow: Flow<Input, Output>, ...args: InputArgs<Input>): RunHandle<Output>;
  exec<Input, Output>(key: string, flow: Flow<Input, Output>, ...args: InputArgs<Input>): RunHandle<Output>;
  exec(first: unknown, second?: unknown, third?: unknown): RunHandle<unknown> {
    const keyed = typeof first === "string";
    const [flow, input] = keyed ? [second, third] : [first, second];
    if (keyed) checkKey("ctx.exec", first);
    if (!isFlow(flow)) throw new TypeError(`ctx.exec: expected a flow made by flow(), got ${typeof flow}`);
    const place = this.#here();
    // Its own order, or its own key: the two never have one path.
    const path = keyed ? childPath(this.path, first, 1, "exec") : place.next("child", flow.name);
    const key = keyed ? first : flow.name;
    const child = new FlowFrame(this.execution, flow, path, this.data.child(), place.signal);
    return startSubFlow({ frame: this, child, place, key, input });
  }

  parallel<const Works extends readonly Work[]>(
    work: Works,
    options?: ParallelOptions,
  ): Promise<ParallelResult<Works>> {
    return parallel(this, this.#here(), work, options, false) as Promise<ParallelResult<Works>>;
  }

  parallelSettled<const Works extends readonly Work[]>(
    work: Works,
    options?: ParallelOptions,
  ): Promise<ParallelSettledResult<Works>> {
    return parallel(this, this.#here(), work, options, true) as Promise<ParallelSettledResult<Works>>;
  }

  sleep(ms: number): Promise<void> {
    return sleep(this.execution, this.#here(), ms);
  }

  waitFor<Out = unknown>(name: string, options: WaitOptions<Out> = {}): Promise<Out> {
    return waitFor(this.execution, this.#here(), name, options);
  }

  onRollback(fn: (error: unknown) => unknown): void {
    if (typeof fn !== "function")
      throw new TypeError(`ctx.onRollback: expected a function, got ${typeof fn}`);
    this.execution.rollbacks.add({ path: this.#here().next("rollback", "undo"), name: fn.name, fn });
  }

  get<Out>(accessor: Accessor<Out, unknown>): Out {
    return this.data.get(accessor);
  }

  find<Out>(accessor: AccessorWithDefault<Out, unknown>): Out;
  find<Out>(accessor: Accessor<Out, unknown>): Out | undefined;
  find<Out>(accessor: Accessor<Out, unknown>): Out | undefined {
    return this.data.find(accessor);
  }

  set<Out, In>(accessor: Accessor<Out, In>, value: NoInfer<In>): Out {
    return this.data.set(accessor, value);
  }

  /** The branch that the caller is in, else the flow itself. */
  #here(): Place {
    const place = Place.current();
    return place?.owner === this ? place : this.#top;
  }

  once<T>(path: string, name: string, begin: () => Promise<T>): Promise<T> {
    const before = this.#keyed.get(path);
    if (before !== undefined) {
      if (before.name === name) return before.promise as Promise<T>;
      throw this.execution.programChanged(path, workName(path, before.name), workName(path, name));
    }
    const keyed: Keyed = { name, promise: undefined };
    this.#keyed.set(path, keyed);
    const promise = begin();
    keyed.promise = promise;
    if (this.#keyed.get(path) !== keyed) promise.catch(() => {});
    return promise;
  }

  forget(path: string): void {
    this.#keyed.get(path)?.promise?.catch(() => {});
    this.#keyed.delete(path);
  }
}

function checkKey(call: string, key: unknown): asserts key is string {
  if (typeof key === "string" && key !== "") return;
  const got = typeof key === "string" ? "an empty one" : typeof key;
  throw new TypeError(`${call}: expected a key, text that is not empty, got ${got}`);
}
