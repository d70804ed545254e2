/** `setState`: another state. */
import { checkFunction } from "./checks.ts";
import { type Course, DONE, type Frame, Part, type Verdict } from "./part.ts";
import type { Step } from "./step.ts";

class SetState extends Part {
  readonly type = "setState";
  override readonly name: string | undefined;
  readonly #fn: (state: unknown) => unknown;

  constructor(name: string | undefined, fn: (state: unknown) => unknown) {
    super();
    this.name = name;
    this.#fn = fn;
  }

  step(run: Course, frame: Frame): Verdict {
    run.write(frame, this.#fn(run.read(frame)), "setState");
    return DONE;
  }
}

/**
 * Puts another state in the place of this one, at once. The function must not change the state that it is given.
 *
 * @example
 * setState((state) => ({ ...state, dirty: "processing" }));
 */
export function setState<S>(fn: (state: S) => NoInfer<S>): Step<S>;
export function setState<S>(name: string, fn: (state: S) => NoInfer<S>): Step<S>;
export function setState(first: unknown, second?: unknown): never {
  const fn = typeof first === "string" ? second : first;
  checkFunction("setState", fn);
  const name = typeof first === "string" ? first : undefined;
  return new SetState(name, fn as (state: unknown) => unknown) as never;
}
