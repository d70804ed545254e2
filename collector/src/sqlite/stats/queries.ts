/** Statistics in groups, and what is usual for steps. */
import type { Status } from "@weir/sdk/attributes";
import type { Micros, Stats, StatsGroup, StepUsual } from "../../flow.ts";
import type { StatsGroupBy, StatsQuery } from "../../store.ts";
import type { Adds, Counts } from "../../stores/counts.ts";
import { hasEnded, statusOfOutcome } from "../../stores/outcome.ts";
import { DAY_US, dayOf, hourOf } from "../../stores/slots.ts";
import {
  byName,
  type GroupKey,
  groupOf,
  inOrder,
  labelKey,
  MOST_GROUPS,
  slotKey,
  stepUsualOf,
  USUAL_DAYS,
} from "../../stores/stats.ts";
import { Tally } from "../../stores/tally.ts";
import type { Db } from "../file/open.ts";
import type { Numbers, Statistics } from "../rows/flow-rows.ts";
import type { Want } from "./cell.ts";
import type { CountQuery, Place, StatsCounts } from "./count.ts";
import { type Group, type Seeking, seek, tallies } from "./groups.ts";
import { NewestPlace, newestOf, type Sought } from "./newest.ts";
import { labelOf, OTHER, PART, stepOf } from "./parts.ts";

const OTHER_STEPS = "(other steps)";

/** What each grouping counts, and what tells its groups apart. */
const WANTS: Record<StatsGroupBy, Want> = {
  name: "flows",
  day: "flows",
  hour: "flows",
  labels: PART.label,
  step: PART.step,
};
const KEYS: Record<StatsGroupBy, (place: Place) => number> = {
  name: ({ name }) => name,
  day: ({ from }) => dayOf(from),
  hour: ({ from }) => hourOf(from),
  labels: ({ part }) => part ?? 0,
  step: ({ part }) => part ?? 0,
};

/** Which groups tell their last run: of steps none is found by an index, and of hours there are too many. */
const TOLD_LAST: Record<StatsGroupBy, boolean> = {
  name: true,
  day: true,
  labels: true,
  hour: false,
  step: false,
};

/** A tally that knows where to look for the newest of what is in it, or was until the log took it away. */
class GroupTally extends Tally implements Group, Seeking {
  readonly first: Place;
  readonly names = new Set<number>();
  readonly newest = new NewestPlace();
  readonly newestFinished = new NewestPlace();
  /** Where what is added now belongs to. */
  #at: Place;

  constructor(place: Place) {
    super();
    this.first = place;
    this.#at = place;
  }

  at(place: Place): this {
    this.#at = place;
    this.names.add(place.name);
    this.newest.put(place);
    return this;
  }

  override add(outcome: number, count = 1): void {
    super.add(outcome, count);
    if (count > 0 && hasEnded(outcome)) this.newestFinished.put(this.#at);
  }

  override addCounts(counts: Counts): void {
    super.addCounts(counts);
    if (hasFinished(counts)) this.newestFinished.put(this.#at);
  }

  get isSeeking(): boolean {
    return this.newest.isSought || this.newestFinished.isSought;
  }

  seekIn(place: Place): Adds {
    const found = (finished: boolean) => {
      if (this.newest.isSought) this.newest.found(place);
      if (finished && this.newestFinished.isSought) this.newestFinished.found(place);
    };
    return {
      add(outcome, count = 1) {
        if (count > 0) found(hasEnded(outcome));
      },
      addCounts(counts) {
        if (hasAny(counts)) found(hasFinished(counts));
      },
    };
  }

  /** The end of the last slot that it has something in. */
  get lastTo(): Micros {
    return (this.newest.place ?? this.first).to;
  }
}

export interface StatsQueries {
  stats(query: StatsQuery): Stats;
  stepUsual(tenant: string, name: string): StepUsual[];
}

export interface StatsQueryParts {
  numbers: Numbers;
  statistics: Statistics;
  counts: StatsCounts;
  now: () => Micros;
}

export function statsQueries(
  db: Db,
  { numbers, statistics: { parts }, counts, now }: StatsQueryParts,
): StatsQueries {
  const newest = newestOf(db, numbers);

  function stats(query: StatsQuery): Stats {
    const { groupBy, ...filter } = query;
    const counted = { ...filter, ...slotsFor(query), want: WANTS[groupBy] };
    const { counted: over, groups } = tallies(counts.count, GroupTally, counted, KEYS[groupBy]);
    // The index that tells the newest of a name needs no time to look in.
    if (groupBy === "labels") seek(counts, groups, counted, KEYS[groupBy]);
    const newestOfGroup = newest(filter);
    let whole = groups.size <= MOST_GROUPS;
    const all = [...groups.values()]
      .sort((a, b) => b.lastTo - a.lastTo)
      .slice(0, MOST_GROUPS)
      .flatMap((group): StatsGroup[] => {
        const key = keyOf(group.first, groupBy);
        if (key !== null) {
          const last = TOLD_LAST[groupBy] ? newestOfGroup(soughtOf(group, key, groupBy)) : null;
          return [groupOf(key, group, last)];
        }
        whole = false;
        return [];
      });
    return { groups: inOrder(all, groupBy), ...over, complete: over.complete && whole };
  }

  /** `null` of those that are not told apart. */
  function keyOf({ from, name, part }: Place, groupBy: StatsGroupBy): GroupKey | null {
    if (groupBy === "day" || groupBy === "hour") return { key: slotKey(from, groupBy) };
    if (part === null) return { key: numbers.texts.textOf(name) };
    const text = parts.textOf(part);
    if (groupBy === "step") {
      if (text === undefined) return { key: OTHER_STEPS };
      const step = stepOf(text);
      return { key: step.name, stepKind: step.kind };
    }
    if (text === undefined) return null;
    const { key, value } = labelOf(text);
    return labelKey(key, value);
  }

  function stepUsual(tenant: string, name: string): StepUsual[] {
    const from = (dayOf(now()) - USUAL_DAYS + 1) * DAY_US;
    const query: CountQuery = { tenant: [tenant], name: [name], from, want: PART.step, widest: "ever" };
    const { groups } = tallies(counts.count, GroupTally, query, KEYS.step);
    return [...groups.values()]
      .flatMap((group) => {
        const text = parts.textOf(group.first.part ?? OTHER);
        if (text === undefined) return [];
        const step = stepOf(text);
        return stepUsualOf(step.name, step.kind, group) ?? [];
      })
      .sort(byName);
  }

  return { stats, stepUsual };
}

function soughtOf(group: GroupTally, { label }: GroupKey, groupBy: StatsGroupBy): Sought {
  const { first, newest, newestFinished, names } = group;
  const day = dayOf(first.from) * DAY_US;
  return {
    newest: newest.place ?? first,
    newestFinished: newestFinished.place,
    names,
    statuses: () => statusesIn(group),
    ...(groupBy === "name" && { name: first.name }),
    ...(label && { label }),
    ...(groupBy === "day" && { from: day, to: day + DAY_US }),
  };
}

/** As few as tell what is asked for; the newest of several customers is looked for where it is known to be. */
function slotsFor({ groupBy, tenant, labels }: StatsQuery): Pick<CountQuery, "widest" | "named"> {
  if (groupBy === "hour") return { widest: "hour" };
  if (groupBy === "day") return { named: false };
  const isOfFew = (tenant ?? []).length <= 1 && Object.keys(labels ?? {}).length === 0;
  return { widest: isOfFew ? "ever" : "day" };
}

/** Whether any is added: what is taken away is nowhere. */
function hasAny({ size, counts }: Counts): boolean {
  for (let at = size - 1; at >= 0; at -= 1) if ((counts[at] as number) > 0) return true;
  return false;
}

/** The same of what has ended: those outcomes stand behind the others. */
function hasFinished({ size, outcomes, counts }: Counts): boolean {
  for (let at = size - 1; at >= 0 && hasEnded(outcomes[at] as number); at -= 1) {
    if ((counts[at] as number) > 0) return true;
  }
  return false;
}

/** What was added, with what was taken away again. */
function statusesIn(tally: Tally): Status[] {
  const statuses = new Set<Status>();
  tally.each((outcome) => statuses.add(statusOfOutcome(outcome)));
  return [...statuses];
}
