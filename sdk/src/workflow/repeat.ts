/** `repeat`: its steps again and again. */
import type { Chain } from "./chain.ts";
import { checkFunction, truth } from "./checks.ts";
import { type Course, DONE, type Frame, Part, type Undo, type Verdict } from "./part.ts";
import { oneOf } from "./sequence.ts";
import type { Step } from "./step.ts";

/** Options of `repeat`. Without them it goes round until the run is stopped. */
export interface RepeatOptions<S> {
  /** Asked after each round: whether that was the last. */
  until?: ((state: S) => unknown) | undefined;
  /** At most so many rounds. */
  times?: number | undefined;
}

class Repeat extends Part {
  readonly type = "repeat";
  override readonly detail: string | undefined;
  override readonly children: readonly Part[];
  readonly #until: ((state: unknown) => unknown) | undefined;
  readonly #times: number;

  constructor(body: Part, { until, times }: RepeatOptions<never>) {
    super();
    this.children = [body];
    this.#until = until as ((state: unknown) => unknown) | undefined;
    this.#times = times ?? Number.POSITIVE_INFINITY;
    const most = times === undefined ? undefined : `${times} times`;
    this.detail = [most, until && "until"].filter(Boolean).join(", ") || undefined;
  }

  /** `at` counts the rounds that were begun; `data` is what was to be undone before the round. */
  step(run: Course, frame: Frame): Verdict {
    if (frame.at > 0) {
      // A round that is over is not undone by the failure of a later one.
      run.forget(frame.data as Undo | undefined);
      if (this.#until !== undefined && truth(this.#until(run.read(frame)), "repeat: until")) return DONE;
    }
    if (frame.at >= this.#times) return DONE;
    frame.at += 1;
    frame.data = run.undo;
    return 0;
  }

  override save(_run: Course, frame: Frame): number {
    return depthOf(frame.data as Undo | undefined);
  }

  override restore(run: Course, frame: Frame): void {
    let undo = run.undo;
    for (let more = depthOf(undo) - (frame.data as number); more > 0; more -= 1) undo = undo?.before;
    frame.data = undo;
  }
}

function depthOf(undo: Undo | undefined): number {
  let depth = 0;
  for (let each = undo; each !== undefined; each = each.before) depth += 1;
  return depth;
}

/** Chain first: the compiler settles the types of functions by the first form that it tries. */
type RepeatFn = Chain & (<S, Out>(step: Step<S, Out>, options: RepeatOptions<Out>) => Step<S>);

/**
 * Its steps again and again: for ever, until a condition holds, or so many times. It ends with the run, too. What it
 * compensates belongs to one round: a round that is over is not undone by the failure of a later one.
 *
 * @example
 * repeat(waitUntil((state) => state.dirty), debounce(500), run("push", push));
 * @example
 * repeat(run("read page", readPage), { until: (state) => state.page === null, times: 100 });
 */
export const repeat = ((...args: readonly unknown[]): never => {
  const last = args.at(-1);
  const given = args.length === 2 && isOptions(last) ? last : undefined;
  const steps = given === undefined ? args : args.slice(0, 1);
  if (steps.length === 0) throw new TypeError("repeat: expected steps to repeat, got none");
  const { until, times } = given ?? {};
  if (until !== undefined) checkFunction("repeat: until", until);
  if (times !== undefined && !(Number.isSafeInteger(times) && times >= 0))
    throw new RangeError(`repeat: expected times to be a whole number from 0, got ${String(times)}`);
  return new Repeat(oneOf(steps, "repeat"), { until, times }) as never;
}) as RepeatFn;

function isOptions(last: unknown): last is RepeatOptions<never> {
  return typeof last === "object" && last !== null && Object.getPrototypeOf(last) === Object.prototype;
}
