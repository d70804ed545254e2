/**
 * Wall-clock time in milliseconds since the epoch, with a fraction precise to the microsecond.
 *
 * @example
 * const now = createClock();
 * now(); // 1795341600000.123
 */
export type Clock = () => number;

/**
 * Makes a clock that never runs backwards, so that a step's end is never before its start. It advances with
 * the monotonic timer and stays within the millisecond that the wall clock says, so that processes of one machine agree
 * on what came first: forwards it follows at once (the machine slept), backwards by running at half speed until the two
 * agree (someone set the time).
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
    // The wall first: where the thread is held up between the two, the next call mends it at once.
    const said = wall();
    const at = ticks();
    const ahead = at + offset - said;
    if (ahead < 0) offset -= ahead;
    else if (ahead >= 1) offset -= Math.min(ahead, (at - lastTicks) / 2);
    lastTicks = at;
    return at + offset;
  };
}
