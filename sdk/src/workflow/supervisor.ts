/** `createSupervisor`: one run for each key, started again when it crashes, as often as is allowed. */
import type { Random, RunClock } from "../run/index.ts";
import { checkFunction } from "./checks.ts";
import type { NoSignals, Signals, StartOptions, Workflow, WorkflowRun } from "./handle.ts";
import { type RestartOptions, type RestartRule, restartRule } from "./restart-rule.ts";
import { type Restarted, Supervised, type SupervisedRun } from "./supervised.ts";

/** Options of `createSupervisor`. */
export interface SupervisorOptions {
  restart?: RestartOptions | undefined;
  /** Told of each crash that is followed by a restart. */
  onRestart?: ((restarted: Restarted) => void) | undefined;
  /** Told of each run that crashed too often. */
  onGiveUp?: ((restarted: Restarted) => void) | undefined;
  /** For tests, such as a `TestClock`. Default: real time. */
  clock?: RunClock | undefined;
  /** For tests: the chance in delays. */
  random?: Random | undefined;
}

/** Runs by key, started again where they crash. Disposing of it stops its runs; those in a journal are given back to that. */
export interface Supervisor extends AsyncDisposable {
  /** Begins a run under a key, or gives the one that is there and has not ended. */
  start<S extends object, Out, Sigs extends Signals = NoSignals>(
    key: string,
    workflow: Workflow<S, Out, Sigs>,
    options?: StartOptions<S>,
  ): SupervisedRun<S, Out, Sigs>;
  /** `undefined` where none is under way. */
  get(key: string): SupervisedRun<object> | undefined;
  /** Those that are under way, in the order in which they were begun. */
  list(): SupervisedRun<object>[];
  /** Stops the run under this key, if there is one. */
  stop(key: string): Promise<void>;
  /** Stops all. */
  stopAll(): Promise<void>;
}

/**
 * Keeps runs by key. A run that fails is started again, after a delay; one that fails too often is given up, by itself: the
 * others feel nothing of it. A run that has come to its end, was stopped or cancelled is not started again.
 *
 * @throws {TypeError | RangeError}
 * @example
 * await using supervisor = createSupervisor({ restart: { max: 5, within: 60_000, from: "last" } });
 * supervisor.start("book-7", syncBook, { tenant: "acme-corp" }).signal((book) => ({ ...book, dirty: true }));
 */
export function createSupervisor(options: SupervisorOptions = {}): Supervisor {
  const { onRestart, onGiveUp } = options;
  for (const [name, listener] of Object.entries({ onRestart, onGiveUp }))
    if (listener !== undefined) checkFunction(`createSupervisor: ${name}`, listener);
  return new Keys(restartRule(options), options);
}

/** Any workflow. */
interface Startable {
  start(options?: never): unknown;
}

class Keys implements Supervisor {
  readonly #rule: RestartRule;
  readonly #options: SupervisorOptions;
  readonly #runs = new Map<string, Supervised>();

  constructor(rule: RestartRule, options: SupervisorOptions) {
    this.#rule = rule;
    this.#options = options;
  }

  start(key: string, workflow: Startable, options: StartOptions<never> = {}): never {
    if (typeof key !== "string" || key === "")
      throw new TypeError(
        `supervisor: expected a key that is text and not empty, got ${key === "" ? "an empty one" : typeof key}`,
      );
    const found = this.#runs.get(key);
    if (found !== undefined) return found as never;
    if (typeof (workflow as { start?: unknown } | undefined)?.start !== "function")
      throw new TypeError(`supervisor: expected a workflow made by workflow(), got ${typeof workflow}`);
    const { clock, random } = this.#rule;
    const supervised = new Supervised(key, this.#rule, {
      start: (more) => workflow.start({ clock, random, ...options, ...more } as never) as WorkflowRun<object>,
      id: options.id,
      ended: () => void this.#runs.delete(key),
      restarted: (told) => this.#options.onRestart?.(told),
      givenUp: (told) => this.#options.onGiveUp?.(told),
    });
    this.#runs.set(key, supervised);
    supervised.begin();
    return supervised as never;
  }

  get(key: string): SupervisedRun<object> | undefined {
    return this.#runs.get(key);
  }

  list(): SupervisedRun<object>[] {
    return [...this.#runs.values()];
  }

  async stop(key: string): Promise<void> {
    await this.#runs.get(key)?.stop();
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.list().map((each) => each.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.list().map((each) => each.release()));
  }
}
