/** `when`: one way or the other. */
import { checkFunction, truth } from "./checks.ts";
import { type Course, DONE, type Frame, Part, partOf, type Verdict } from "./part.ts";
import type { Step } from "./step.ts";

class When extends Part {
  readonly type = "when";
  override readonly children: readonly Part[];
  readonly #condition: (state: unknown) => unknown;

  constructor(condition: (state: unknown) => unknown, ways: readonly Part[]) {
    super();
    this.#condition = condition;
    this.children = ways;
  }

  step(run: Course, frame: Frame): Verdict {
    if (frame.at > 0) return DONE;
    frame.at = 1;
    if (truth(this.#condition(run.read(frame)), "when")) return 0;
    return this.children.length > 1 ? 1 : DONE;
  }
}

/** Goes one way where the condition holds, and the other, if there is one, where not. @example when((state) => state.paid, ship, remind) */
export function when<S>(condition: (state: S) => unknown, then: Step<S>, otherwise?: Step<S>): Step<S> {
  checkFunction("when", condition);
  const ways = [partOf(then, "when: then")];
  if (otherwise !== undefined) ways.push(partOf(otherwise, "when: otherwise"));
  return new When(condition as (state: unknown) => unknown, ways) as never;
}
