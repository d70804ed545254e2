/** `sequence`: its steps in order. */
import type { Chain } from "./chain.ts";
import { type Course, DONE, type Frame, Part, partsOf, type Verdict } from "./part.ts";

export class Sequence extends Part {
  readonly type = "sequence";
  override readonly children: readonly Part[];

  constructor(children: readonly Part[]) {
    super();
    this.children = children;
  }

  step(_run: Course, frame: Frame): Verdict {
    if (frame.at >= this.children.length) return DONE;
    frame.at += 1;
    return frame.at - 1;
  }
}

/**
 * Its steps in order; without any it does nothing.
 *
 * @example
 * sequence(wait(500), setState((state) => ({ ...state, shown: true })));
 */
export const sequence: Chain = (...steps: readonly unknown[]): never =>
  new Sequence(partsOf(steps, "sequence")) as never;

/** One step stays itself. */
export function oneOf(steps: readonly unknown[], what: string): Part {
  const parts = partsOf(steps, what);
  return parts.length === 1 ? (parts[0] as Part) : new Sequence(parts);
}
