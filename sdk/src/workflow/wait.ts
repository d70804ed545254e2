/** `wait`: a time goes by. */
import { checkMs } from "./checks.ts";
import { BLOCKED, type Course, DONE, type Frame, Part, type Verdict } from "./part.ts";
import type { Opened } from "./seen.ts";
import type { Step } from "./step.ts";

const WAITING = 1;
const OVER = 2;

interface Waiting {
  readonly unit: number;
  readonly seen?: Opened;
}

class Wait extends Part {
  readonly type = "wait";
  override readonly detail: string;
  readonly #ms: number;

  constructor(ms: number) {
    super();
    this.#ms = ms;
    this.detail = `${ms} ms`;
  }

  step(run: Course, frame: Frame): Verdict {
    if (frame.at === OVER) {
      (frame.data as Waiting).seen?.end();
      return DONE;
    }
    const isOpen = frame.at === WAITING;
    const unit = (frame.data as Waiting | undefined)?.unit ?? run.nextUnit();
    const seen = run.open(frame, {
      name: `wait ${this.detail}`,
      number: unit,
      attempt: 1,
      kind: "sleep",
      isOpen,
    });
    frame.at = WAITING;
    frame.data = { unit, seen };
    run.arm(run.takeRest() ?? this.#ms, () => {
      frame.at = OVER;
      run.wake(frame);
    });
    return BLOCKED;
  }

  override save(_run: Course, frame: Frame): unknown {
    const waiting = frame.data as Waiting | undefined;
    return waiting && { unit: waiting.unit };
  }
}

/** Waits so many milliseconds. A signal changes the state, not the time. @example wait(60_000) */
export function wait<S>(ms: number): Step<S> {
  checkMs("wait", ms);
  return new Wait(ms) as never;
}
