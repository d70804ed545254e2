import type { StatsGroup } from "@weir/collector/schemas";

const hour = 3_600_000;
const day = 24 * hour;

/** A day or an hour, and what began in it; `null`: nothing did. Milliseconds since the epoch, UTC. */
export interface Slot {
  from: number;
  to: number;
  group: StatsGroup | null;
}

/** Every slot of a stretch, those without flows too: a gap in the work is to be seen as one. */
export function slotsOf(
  groups: readonly StatsGroup[],
  unit: "day" | "hour",
  from: number,
  to: number,
): Slot[] {
  const length = unit === "day" ? day : hour;
  const byStart = new Map(groups.map((group) => [Date.parse(group.key), group]));
  const slots: Slot[] = [];
  for (let at = Math.floor(from / length) * length; at < to; at += length) {
    slots.push({ from: at, to: at + length, group: byStart.get(at) ?? null });
  }
  return slots;
}

export const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

/** The days of whole weeks, a column each, Monday first; `null` before the first day. */
export function weeksOf(days: readonly Slot[]): (Slot | null)[][] {
  const [first] = days;
  if (!first) return [];
  const lead = (new Date(first.from).getUTCDay() + 6) % 7;
  const cells = [...Array.from({ length: lead }, () => null), ...days];
  return Array.from({ length: Math.ceil(cells.length / 7) }, (_, week) =>
    cells.slice(week * 7, week * 7 + 7),
  );
}
