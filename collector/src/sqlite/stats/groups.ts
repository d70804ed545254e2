/** Counts in groups, each of which is told where what is added belongs to. */
import type { Counted, Micros } from "../../flow.ts";
import type { StatsFilter } from "../../store.ts";
import type { Adds } from "../../stores/counts.ts";
import { DAY_US } from "../../stores/slots.ts";
import { valueIn } from "../../value-in.ts";
import type { CountQuery, Place, StatsCount, StatsCounts } from "./count.ts";

/** What a group is counted in: told of each place of which something is added. */
export interface Group extends Adds {
  readonly isEmpty: boolean;
  at(place: Place): this;
}

/** A group that wants to know of a day in which it has something. */
export interface Seeking {
  readonly isSeeking: boolean;
  /** @returns is told what there is of it in a place. */
  seekIn(place: Place): Adds;
}

/** Many days as one. */
export function isWide({ from, to }: Place): boolean {
  return to - from > DAY_US;
}

/** What a question counts, by what it has in common. Groups of which all was taken away again are left out. */
export function tallies<T extends Group>(
  count: StatsCount,
  Group: new (place: Place) => T,
  query: CountQuery,
  keyOf: (place: Place) => number,
): { counted: Counted; groups: Map<number, T> } {
  const groups = new Map<number, T>();
  const counted = count(query, (place) => valueIn(groups, keyOf(place), () => new Group(place)).at(place));
  for (const [key, group] of groups) if (group.isEmpty) groups.delete(key);
  return { counted, groups };
}

/** Goes back from day to day until each group has found what it seeks. */
export function seek(
  counts: StatsCounts,
  groups: ReadonlyMap<number, Seeking>,
  query: CountQuery,
  keyOf: (place: Place) => number,
): void {
  const seeking = new Map([...groups].filter(([, group]) => group.isSeeking));
  if (seeking.size === 0) return;
  const tallyOf = (place: Place) => seeking.get(keyOf(place))?.seekIn(place);
  counts.lookBack(query, tallyOf, () => {
    for (const [key, group] of seeking) if (!group.isSeeking) seeking.delete(key);
    return seeking.size === 0;
  });
}

/** As much of a slot as a filter lets through. */
export function within(filter: StatsFilter, from: Micros, to: Micros): { from: Micros; to: Micros } {
  return {
    from: Math.max(from, filter.from ?? Number.NEGATIVE_INFINITY),
    to: Math.min(to, filter.to ?? Number.POSITIVE_INFINITY),
  };
}
