import type { Slot } from "./slots.ts";

interface DurationScale {
  /** Percent of the height at which a duration stands. */
  at: (ms: number) => number;
  /** Milliseconds, the shortest first. */
  marks: number[];
}

/** Steps that are read off at a glance, in milliseconds. */
const round = [
  1, 10, 100, 1_000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 86_400_000, 864_000_000, 8_640_000_000,
];
const mostMarks = 4;

/** A logarithmic scale over all durations of the slots, from a round one to a round one. */
export function durationScale(slots: readonly Pick<Slot, "group">[]): DurationScale {
  const known = slots.flatMap(({ group }) => {
    const { p50, p95 } = group?.durationMs ?? { p50: null, p95: null };
    return p50 === null || p95 === null ? [] : [Math.max(1, p50), Math.max(1, p95)];
  });
  const [least, most] = [Math.min(...known, Number.MAX_VALUE), Math.max(...known, 1)];
  const first = Math.max(
    0,
    round.findLastIndex((ms) => ms <= Math.min(least, most)),
  );
  const above = round.findIndex((ms, index) => index > first && ms >= most);
  const between = round.slice(first, above === -1 ? undefined : above + 1);
  const [bottom, top] = [between[0] ?? 1, Math.max(between.at(-1) ?? 1, most)];
  const every = Math.ceil((between.length - 1) / (mostMarks - 1));
  return {
    at: (ms) => (Math.log(Math.max(ms, bottom) / bottom) / Math.log(top / bottom)) * 100,
    marks: between.filter((_, index) => index % every === 0),
  };
}
