/** The time that runs live by. `TestClock` of `@weir/sdk/testing` has the same shape. */
import { Heap, type HeapItem } from "../heap.ts";

export interface RunClock {
  /** Milliseconds since the epoch, which may have a fraction. */
  now(): number;
  /**
   * @param ms less than 0 is 0
   * @param signal ends the wait early, by rejecting with its reason
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls `ring` after so long: a wait that costs less than a promise, for those who have a hundred thousand of them.
   *
   * @param ms less than 0 is 0
   */
  after(ms: number, ring: () => void): Alarm;
}

export interface Alarm {
  /** It does not ring. Does nothing where it has rung. */
  cancel(): void;
}

/**
 * The wall clock, with a fraction: what is journaled within one millisecond keeps its order, also beside the spans of other
 * processes. Unlike the clock of spans it follows backwards at once, as leases are held against the time of other machines.
 *
 * @example
 * createWallClock()(); // 1795341600000.123
 */
export function createWallClock(wall = Date.now, ticks = () => performance.now()): () => number {
  let offset = wall() - ticks();
  return () => {
    const said = wall();
    const at = ticks();
    const ahead = at + offset - said;
    if (ahead < 0 || ahead >= 1) offset -= ahead;
    return at + offset;
  };
}

/** Longer than that Node's timers can't wait. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * The real time. All its sleeps share one timer, however many there are and however long they last. They go by a clock
 * that nobody sets, so that a sleep lasts as long as it should when the wall clock is moved.
 *
 * @example
 * const clock = createRunClock();
 * await clock.sleep(60_000, signal);
 */
export function createRunClock(): RunClock {
  const alarms = new Heap<RealAlarm>();
  let timer: NodeJS.Timeout | undefined;
  let timerAt = Number.POSITIVE_INFINITY;

  function arm(): void {
    const next = alarms.first();
    if (next !== undefined && timer !== undefined && next.at >= timerAt) return;
    clearTimeout(timer);
    timer = undefined;
    timerAt = Number.POSITIVE_INFINITY;
    if (next === undefined) return;
    timerAt = next.at;
    timer = setTimeout(ring, Math.min(Math.max(0, Math.ceil(next.at - performance.now())), LONGEST_MS));
  }

  function ring(): void {
    timer = undefined;
    const now = performance.now();
    for (let next = alarms.first(); next !== undefined && next.at <= now; next = alarms.first()) {
      alarms.remove(next);
      next.ring();
    }
    arm();
  }

  class RealAlarm implements Alarm, HeapItem {
    readonly at: number;
    readonly ring: () => void;
    index = -1;
    order = 0;

    constructor(ms: number, ring: () => void) {
      this.at = performance.now() + Math.max(0, ms);
      this.ring = ring;
    }

    cancel(): void {
      if (this.index < 0) return;
      alarms.remove(this);
      arm();
    }
  }

  function after(ms: number, fn: () => void): Alarm {
    const alarm = new RealAlarm(ms, fn);
    alarms.add(alarm);
    arm();
    return alarm;
  }

  return { now: createWallClock(), after, sleep: (ms, signal) => sleepBy(after, ms, signal) };
}

/** A wait as a promise, made from one as a call. */
function sleepBy(after: RunClock["after"], ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const alarm = after(ms, () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    const abort = () => {
      alarm.cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** The one that runs use where none is handed in. */
export const realClock: RunClock = createRunClock();
