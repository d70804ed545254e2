/** Counts in groups, each of which is told where what is added belongs to. */
import type { Counted, Micros } from "../../flow.ts";
import type { StatsFilter } from "../../store.ts";
import type { Adds } from "../../stores/tally.ts";
import type { Want } from "./cell.ts";
import type { Place, StatsCount } from "./count.ts";

/** What a group is counted in: told of each place of which something is added. */
export interface Group extends Adds {
  readonly isEmpty: boolean;
  at(place: Place): this;
}

/** What a question counts, by what it has in common. Groups of which all was taken away again are left out. */
export function tallies<T extends Group>(
  count: StatsCount,
  Group: new (place: Place) => T,
  query: StatsFilter & { want: Want; hourly?: boolean },
  keyOf: (place: Place) => number,
): { counted: Counted; groups: T[] } {
  const groups = new Map<number, T>();
  const counted = count(query, (place) => {
    const key = keyOf(place);
    let group = groups.get(key);
    if (group === undefined) {
      group = new Group(place);
      groups.set(key, group);
    }
    return group.at(place);
  });
  return { counted, groups: [...groups.values()].filter((group) => !group.isEmpty) };
}

/** As much of a slot as a filter lets through. */
export function within(filter: StatsFilter, from: Micros, to: Micros): { from: Micros; to: Micros } {
  return {
    from: Math.max(from, filter.from ?? Number.NEGATIVE_INFINITY),
    to: Math.min(to, filter.to ?? Number.POSITIVE_INFINITY),
  };
}
