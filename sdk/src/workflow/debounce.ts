/** `debounce`: the state has been still for a while. */
import { checkMs } from "./checks.ts";
import { BLOCKED, type Course, DONE, type Frame, Part, type Verdict } from "./part.ts";
import type { Opened } from "./seen.ts";
import type { Step } from "./step.ts";

/** Options of `debounce`. */
export interface DebounceOptions {
  /** Milliseconds after which it passes although the state keeps changing. Default: never. */
  maxWait?: number | undefined;
}

const WAITING = 1;
const STILL = 2;

interface Waiting {
  readonly unit: number;
  readonly seen: Opened;
  /** When the state will have been still for long enough; a change makes it later, and the timer finds out when it rings. */
  due: number;
  /** Later it is never. */
  limit: number;
}

/** The same as times from now. */
interface Kept {
  readonly unit: number;
  readonly rest: number;
  readonly limit: number;
}

class Debounce extends Part {
  readonly type = "debounce";
  override readonly detail: string;
  readonly #ms: number;
  readonly #maxWait: number;

  constructor(ms: number, maxWait: number | undefined) {
    super();
    this.#ms = ms;
    this.#maxWait = maxWait ?? Number.POSITIVE_INFINITY;
    this.detail = maxWait === undefined ? `${ms} ms` : `${ms} ms, at most ${maxWait} ms`;
  }

  step(run: Course, frame: Frame): Verdict {
    if (frame.at === STILL) {
      (frame.data as Waiting).seen.end();
      return DONE;
    }
    const isOpen = frame.at === WAITING;
    const kept = frame.data as Kept | undefined;
    const unit = kept?.unit ?? run.nextUnit();
    const seen = run.open(frame, {
      name: `debounce ${this.#ms} ms`,
      number: unit,
      attempt: 1,
      kind: "debounce",
      isOpen,
    });
    const now = run.now();
    const limit = now + (kept?.limit ?? this.#maxWait);
    const due = Math.min(now + (kept?.rest ?? this.#ms), limit);
    run.takeRest();
    frame.at = WAITING;
    frame.data = { unit, seen, due, limit } satisfies Waiting;
    this.#arm(run, frame);
    return BLOCKED;
  }

  override changed(run: Course, frame: Frame, changed: boolean): void {
    const waiting = frame.data as Waiting | Kept;
    if (frame.at !== WAITING || !changed || "rest" in waiting) return;
    waiting.due = Math.min(run.now() + this.#ms, waiting.limit);
  }

  override shift(frame: Frame, ms: number): void {
    const waiting = frame.data as Waiting | Kept;
    if (frame.at !== WAITING || "rest" in waiting) return;
    waiting.due += ms;
    waiting.limit += ms;
  }

  override save(run: Course, frame: Frame): Kept | undefined {
    const waiting = frame.data as Waiting | Kept | undefined;
    // One that was restored, and not come to again.
    if (waiting === undefined || "rest" in waiting) return waiting;
    const now = run.now();
    return { unit: waiting.unit, rest: Math.max(0, waiting.due - now), limit: waiting.limit - now };
  }

  #arm(run: Course, frame: Frame): void {
    const waiting = frame.data as Waiting;
    run.arm(Math.max(0, waiting.due - run.now()), () => {
      if (run.now() < waiting.due) return this.#arm(run, frame);
      frame.at = STILL;
      run.wake(frame);
    });
  }
}

/**
 * Passes once the state has been still for so many milliseconds: each change starts the wait again.
 *
 * @example
 * debounce(500, { maxWait: 5_000 });
 */
export function debounce<S>(ms: number, { maxWait }: DebounceOptions = {}): Step<S> {
  checkMs("debounce", ms);
  if (maxWait !== undefined) checkMs("debounce: maxWait", maxWait);
  return new Debounce(ms, maxWait) as never;
}
