/**
 * Wall-clock time in milliseconds since the epoch, with a fraction precise to the microsecond.
 *
 * @example
 * const now = createClock();
 * now(); // 1795341600000.123
 */
export type Clock = () => number;

/** How far `Date.now()`, which counts whole milliseconds, may be from us before we follow it. */
const TOLERANCE_MS = 20;

/**
 * Makes a clock that never runs backwards, so that a step's end is never before its start. It advances with
 * the monotonic timer and follows the wall clock: forwards at once (the machine slept), backwards by running at
 * half speed until the two agree (someone set the time).
 *
 * @param wall whole milliseconds since the epoch
 * @param ticks monotonic milliseconds since any moment
 */
export function createClock(
  wall: () => number = Date.now,
  ticks: () => number = () => performance.now(),
): Clock {
  let lastTicks = ticks();
  let offset = wall() - lastTicks;
  return function now(): number {
    const at = ticks();
    const ahead = at + offset - wall();
    if (ahead < -TOLERANCE_MS) offset -= ahead;
    else if (ahead > TOLERANCE_MS) offset -= Math.min(ahead, (at - lastTicks) / 2);
    lastTicks = at;
    return at + offset;
  };
}
