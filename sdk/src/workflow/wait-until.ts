/** `waitUntil`: a condition of the state holds. */
import { timeoutError } from "../run/index.ts";
import { checkFunction, truth } from "./checks.ts";
import { BLOCKED, type Course, DONE, type Frame, Part, type Verdict } from "./part.ts";
import type { Opened } from "./seen.ts";
import type { Step } from "./step.ts";
import { checkTimeout } from "./work.ts";

/** Options of `waitUntil`. */
export interface WaitUntilOptions {
  /** Shown while it waits. Default `"a signal"`. */
  name?: string | undefined;
  /** Milliseconds after which it waits no more. */
  timeout?: number | undefined;
  /** What happens then: the run fails, or goes on as if the condition held. Default `"fail"`. */
  onTimeout?: "fail" | "goOn" | undefined;
}

const WAITING = 1;
const HOLDS = 2;
const TOO_LATE = 3;

interface Waiting {
  readonly unit: number;
  readonly seen?: Opened;
}

class WaitUntil extends Part {
  readonly type = "waitUntil";
  override readonly name: string | undefined;
  override readonly detail: string | undefined;
  readonly #condition: (state: unknown) => unknown;
  readonly #timeout: number | undefined;
  readonly #goesOn: boolean;

  constructor(condition: (state: unknown) => unknown, { name, timeout, onTimeout }: WaitUntilOptions) {
    super();
    this.#condition = condition;
    this.name = name;
    this.#timeout = timeout;
    this.#goesOn = onTimeout === "goOn";
    this.detail = timeout === undefined ? undefined : `at most ${timeout} ms`;
  }

  step(run: Course, frame: Frame): Verdict {
    switch (frame.at) {
      case HOLDS:
        return this.#over(run, frame);
      case TOO_LATE: {
        if (this.#goesOn) return this.#over(run, frame);
        const error = timeoutError(
          `${this.name ?? "waitUntil"}: expected its condition to hold within ${this.#timeout} ms, got a state in which it does not`,
        );
        (frame.data as Waiting).seen?.fail(error);
        throw error;
      }
      default:
        return this.#holds(run, frame) ? this.#over(run, frame) : this.#block(run, frame);
    }
  }

  override changed(run: Course, frame: Frame): void {
    if (frame.at !== WAITING || !this.#holds(run, frame)) return;
    frame.at = HOLDS;
    run.disarm();
    run.wake(frame);
  }

  override save(_run: Course, frame: Frame): unknown {
    const waiting = frame.data as Waiting | undefined;
    return waiting && { unit: waiting.unit };
  }

  #holds(run: Course, frame: Frame): boolean {
    return truth(this.#condition(run.read(frame)), "waitUntil");
  }

  #block(run: Course, frame: Frame): Verdict {
    const isOpen = frame.at === WAITING;
    const unit = (frame.data as Waiting | undefined)?.unit ?? run.nextUnit();
    const name = this.name ?? "a signal";
    const seen = run.open(frame, { name, number: unit, attempt: 1, kind: "wait", isOpen });
    frame.at = WAITING;
    frame.data = { unit, seen };
    const ms = run.takeRest() ?? this.#timeout;
    if (ms !== undefined) {
      run.arm(ms, () => {
        frame.at = TOO_LATE;
        run.wake(frame);
      });
    }
    return BLOCKED;
  }

  #over(run: Course, frame: Frame): Verdict {
    run.disarm();
    (frame.data as Waiting | undefined)?.seen?.end();
    return DONE;
  }
}

/**
 * Waits until the condition holds. It is asked when the run comes here, and again after every signal.
 *
 * @example
 * waitUntil((state) => state.dirty);
 * @example
 * waitUntil((state) => state.approved, { name: "approval", timeout: 86_400_000 });
 */
export function waitUntil<S>(condition: (state: S) => unknown, options: WaitUntilOptions = {}): Step<S> {
  checkFunction("waitUntil", condition);
  checkTimeout("waitUntil", options.timeout);
  const { onTimeout = "fail" } = options;
  if (onTimeout !== "fail" && onTimeout !== "goOn")
    throw new TypeError(
      `waitUntil: expected onTimeout to be "fail" or "goOn", got ${JSON.stringify(onTimeout)}`,
    );
  return new WaitUntil(condition as (state: unknown) => unknown, options) as never;
}
