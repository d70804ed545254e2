const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Distances that a person reads well: 1, 2, 5 below a second; then parts of a minute, an hour, a day. */
const paces = [1, 2, 5, 10, 20, 50, 100, 200, 500]
  .concat([1, 2, 5, 10, 15, 30].map((n) => n * second))
  .concat([1, 2, 5, 10, 15, 30].map((n) => n * minute))
  .concat([1, 2, 3, 6, 12].map((n) => n * hour));

/** Offsets of the ticks from `fromMs` to `toMs`: evenly spaced, `most` of them at the most. */
export function ticks(fromMs: number, toMs: number, most: number): number[] {
  const duration = toMs - fromMs;
  const room = Math.max(1, most - 1);
  const pace = paces.find((candidate) => duration / candidate <= room) ?? daysApart(duration, room);
  const first = Math.ceil(fromMs / pace);
  return Array.from(
    { length: Math.max(0, Math.floor(toMs / pace) - first + 1) },
    (_, index) => (first + index) * pace,
  );
}

function daysApart(durationMs: number, room: number): number {
  let pace = day;
  for (let factor = 0; durationMs / pace > room; factor++) pace *= factor % 3 === 1 ? 2.5 : 2;
  return pace;
}

/**
 * On which side of each tick its words stand: on its right where there is room before `end`. `null` where they would run
 * into those before. All in one unit.
 */
export function wordSides(
  ticks: readonly number[],
  end: number,
  wordWidth: number,
): ("left" | "right" | null)[] {
  let free = Number.NEGATIVE_INFINITY;
  return ticks.map((tick) => {
    const side = end - tick < wordWidth ? "left" : "right";
    const start = side === "left" ? tick - wordWidth : tick;
    if (start < free) return null;
    free = start + wordWidth;
    return side;
  });
}

/** `0`, `200 ms`, `1.5 s`, `2m`, `2m 30s`, `1h 15m`, `3d`: the units that a tick needs, no more. */
export function formatTick(ms: number): string {
  if (ms === 0) return "0";
  if (ms < second) return `${ms} ms`;
  if (ms < minute) return `${ms / second} s`;
  const parts = [
    [Math.floor(ms / day), "d"],
    [Math.floor((ms % day) / hour), "h"],
    [Math.floor((ms % hour) / minute), "m"],
    [Math.floor((ms % minute) / second), "s"],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .slice(0, 2)
    .join(" ");
}
