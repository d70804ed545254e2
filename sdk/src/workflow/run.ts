/** `run`: work outside, tried again where it fails. */
import { isAbort } from "../errors.ts";
import { type CheckedRetry, checkRetry, type RetryPolicy, retryDelay } from "../run/index.ts";
import { checkFunction, isThenable } from "./checks.ts";
import { asError, StepFailed } from "./errors/step-failed.ts";
import { type RunOutcome, read, type Told } from "./outcome.ts";
import { AGAIN, BLOCKED, type Course, DONE, type Frame, Part, type Verdict } from "./part.ts";
import type { Opened } from "./seen.ts";
import type { Step } from "./step.ts";
import { checkTimeout, type Work, type WorkContext } from "./work.ts";

/** Options of `run`: how often a step is tried again, and for how long. */
export interface RunOptions
  extends Pick<RetryPolicy, "backoff" | "baseDelay" | "maxDelay" | "jitter" | "retryIf"> {
  /** How often it is tried again after the first time. Default 0. */
  retries?: number | undefined;
  /** How the delay grows: `fixed` stays, `linear` is 1, 2, 3 times the base, `exponential` 1, 2, 4 times. Default `"linear"`. */
  backoff?: "fixed" | "linear" | "exponential" | undefined;
  /** Milliseconds for each attempt. Default: none. */
  timeout?: number | undefined;
}

type RunFn = (state: unknown, work: Work) => unknown;

const BEGIN = 0;
const UNDER_WAY = 1;
const ENDED = 2;
const DELAYED = 3;
const NEXT = 4;

/** What an attempt came to. */
type Came = { readonly returned: unknown } | { readonly thrown: unknown };

interface Attempt {
  readonly unit: number;
  /** From 1. */
  readonly attempt: number;
  readonly seen?: Opened;
  came?: Came;
}

export class Run extends Part {
  readonly type = "run";
  override readonly name: string;
  override readonly detail: string | undefined;
  readonly #fn: RunFn;
  readonly #retry: CheckedRetry;
  readonly #timeout: number | undefined;

  constructor(name: string, fn: RunFn, { retries = 0, timeout, ...options }: RunOptions) {
    super();
    checkTimeout(`run ${name}`, timeout);
    if (retries !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(retries) && retries >= 0))
      throw new RangeError(
        `run ${name}: expected retries to be a whole number from 0, or Infinity, got ${String(retries)}`,
      );
    this.name = name;
    this.#fn = fn;
    this.#timeout = timeout;
    this.#retry = checkRetry(
      { backoff: "linear", ...defined(options), maxAttempts: 1 + retries },
      `run ${name}`,
    );
    this.detail = retries === 0 ? undefined : `${retries} retries`;
  }

  override works({ at }: Frame): boolean {
    return at === BEGIN || at === NEXT || at === UNDER_WAY;
  }

  step(run: Course, frame: Frame): Verdict {
    switch (frame.at) {
      case ENDED:
        return this.#evaluate(run, frame);
      case DELAYED:
        return this.#delay(run, frame, run.takeRest() ?? 0);
      default:
        return this.#attempt(run, frame);
    }
  }

  override save(_run: Course, frame: Frame): unknown {
    const before = frame.data as Attempt | undefined;
    return before && { unit: before.unit, attempt: before.attempt };
  }

  override restore(_run: Course, frame: Frame): void {
    // It had ended, and what it came to was not kept.
    if (frame.at === ENDED) frame.at = UNDER_WAY;
  }

  #attempt(run: Course, frame: Frame): Verdict {
    const before = frame.data as Attempt | undefined;
    // The attempt that a crash cut short is made anew, as one of its own.
    const attempt = (before?.attempt ?? 0) + 1;
    const unit = before?.unit ?? run.nextUnit();
    const state = run.read(frame);
    run.begin();
    const work = run.work(frame, attempt);
    const seen = run.open(frame, { name: this.name, number: unit, attempt });
    const data: Attempt = { unit, attempt, seen };
    frame.data = data;
    frame.at = UNDER_WAY;
    const came = this.#call(state, work, seen);
    if (came !== undefined && "thrown" in came) return this.#ended(run, frame, came);
    const returned = came?.returned;
    if (!isThenable(returned)) return this.#ended(run, frame, { returned });
    const settled = (came: Came) => {
      if (frame.data !== data || data.came !== undefined) return;
      work.end();
      data.came = came;
      frame.at = ENDED;
      run.wake(frame);
    };
    if (this.#timeout !== undefined)
      work.limit(run.clock, this.#timeout, `run ${this.name}`, (thrown) => settled({ thrown }));
    returned.then(
      (returned) => settled({ returned }),
      (thrown: unknown) => settled({ thrown }),
    );
    return BLOCKED;
  }

  #call(state: unknown, work: WorkContext, seen: Opened): Came {
    try {
      return { returned: seen.run(() => this.#fn(state, work)) };
    } catch (thrown) {
      return { thrown };
    }
  }

  #ended(run: Course, frame: Frame, came: Came): Verdict {
    (frame.data as Attempt).came = came;
    frame.at = ENDED;
    return this.#evaluate(run, frame);
  }

  #evaluate(run: Course, frame: Frame): Verdict {
    const { seen, came } = frame.data as Required<Attempt>;
    try {
      if ("thrown" in came) return this.#tryAgain(run, frame, came.thrown);
      const told = read(came.returned, ["ok", "retry", "error"]);
      if (told.kind === "ok") {
        applyOk(run, frame, told, this.#what);
        seen.end();
        return DONE;
      }
      if (told.kind !== "retry") return this.#tryAgain(run, frame, asError(told.reason));
      if (told.next !== undefined) run.commit(frame, told.next, this.#what);
      return this.#tryAgain(run, frame, new StepFailed(`${this.#what} asked to be tried again`));
    } catch (error) {
      endWith(seen, error);
      throw error;
    }
  }

  /** @throws what it failed with, where that was the last attempt */
  #tryAgain(run: Course, frame: Frame, error: unknown): Verdict {
    run.settle();
    const { seen, attempt, unit } = frame.data as Attempt;
    const delay = retryDelay(this.#retry, error, attempt, run.random);
    if (delay === undefined) throw error;
    if (seen !== undefined) endWith(seen, error);
    frame.data = { unit, attempt } satisfies Attempt;
    return this.#delay(run, frame, delay);
  }

  #delay(run: Course, frame: Frame, ms: number): Verdict {
    frame.at = NEXT;
    if (ms === 0) return AGAIN;
    frame.at = DELAYED;
    run.arm(ms, () => {
      frame.at = NEXT;
      run.wake(frame);
    });
    return BLOCKED;
  }

  get #what(): string {
    return `run ${this.name}`;
  }
}

/** Puts the state of an `ok` in place. */
export function applyOk(run: Course, frame: Frame, { next }: Told, what: string): void {
  if (typeof next === "function") {
    run.settle();
    run.write(frame, next(run.read(frame)), what);
  } else if (next === undefined) run.settle();
  else run.commit(frame, next, what);
}

export function endWith(seen: Opened, error: unknown): void {
  if (isAbort(error)) seen.cancel(error instanceof Error ? error.message : undefined);
  else seen.fail(error);
}

function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/**
 * Does work outside. `ok` goes on; `error`, a throw and `retry` try again, as often as `retries` says, and then the run
 * fails. What returns nothing of these is a mistake, and fails the run at once.
 *
 * The work gets the state as it was when the attempt began. Signals that come meanwhile change the state at once, and are
 * put on top of what the work returns, so none is lost; the next attempt begins with them.
 *
 * @param name shown. Default: the name of the function
 * @example
 * run("push", async (book, { signal }) => {
 *   await shop.push(book.id, { signal });
 *   return ok({ ...book, dirty: false });
 * }, { retries: 3, backoff: "exponential", baseDelay: 200 });
 */
export function run<S>(
  fn: (state: S, work: Work) => RunOutcome<NoInfer<S>> | PromiseLike<RunOutcome<NoInfer<S>>>,
  options?: RunOptions,
): Step<S>;
export function run<S>(
  name: string,
  fn: (state: S, work: Work) => RunOutcome<NoInfer<S>> | PromiseLike<RunOutcome<NoInfer<S>>>,
  options?: RunOptions,
): Step<S>;
export function run(...args: readonly unknown[]): never {
  const [name, fn, options] = typeof args[0] === "string" ? args : [undefined, ...args];
  checkFunction("run", fn);
  const shown = (name as string | undefined) || (fn as RunFn).name || "run";
  return new Run(shown, fn as RunFn, (options as RunOptions | undefined) ?? {}) as never;
}
