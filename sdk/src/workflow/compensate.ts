/** `compensate`: a step, and what undoes it should the run fail later. */
import { isThenable } from "./checks.ts";
import { isOutcome, ok } from "./outcome.ts";
import { type Course, DONE, type Frame, type Node, Part, partOf, type Verdict } from "./part.ts";
import { Run } from "./run.ts";
import type { Step } from "./step.ts";
import type { Work } from "./work.ts";

class Compensate extends Part {
  readonly type = "compensate";
  override readonly children: readonly Part[];

  constructor(step: Part, undo: Part) {
    super();
    this.children = [step, undo];
  }

  step(run: Course, frame: Frame): Verdict {
    frame.at += 1;
    if (frame.at === 1) return 0;
    run.undoWith(frame.node.children[1] as Node);
    return DONE;
  }
}

type UndoFn<S> = (state: S, work: Work) => unknown;

/**
 * A step of a saga. When the run fails later or is cancelled, what has succeeded is undone, the newest first, each with the
 * state as it is then; `stop` undoes nothing. What fails to undo is said, and the others are undone all the same.
 *
 * @param undo a function as `run` takes it, which need not return `ok`; or a step of its own, such as a `run` with retries
 * @example
 * compensate(run("charge", charge), (order) => bank.refund(order.charge));
 */
export function compensate<S, Out = S>(step: Step<S, Out>, undo: UndoFn<Out> | Step<Out>): Step<S, Out> {
  const part = partOf(step, "compensate");
  return new Compensate(
    part,
    typeof undo === "function" ? undoing(undo, part) : partOf(undo, "compensate: undo"),
  ) as never;
}

function undoing(undo: (state: never, work: Work) => unknown, part: Part): Part {
  const name = undo.name === "" || undo.name === "undo" ? `undo ${part.name ?? part.type}` : undo.name;
  return new Run(name, (state, work) => told(undo(state as never, work)), {});
}

function told(returned: unknown): unknown {
  if (isThenable(returned)) return returned.then(told);
  return isOutcome(returned) ? returned : ok();
}
