/** Statistics in groups, and what is usual for steps. */
import { END_STATUSES, type Status } from "@weir/sdk/attributes";
import type { Micros, Stats, StatsGroup, StepUsual } from "../../flow.ts";
import type { StatsFilter, StatsGroupBy, StatsQuery } from "../../store.ts";
import { hasEnded, statusOfOutcome } from "../../stores/outcome.ts";
import { DAY_US, dayOf, hourOf } from "../../stores/slots.ts";
import {
  byName,
  type GroupKey,
  groupOf,
  inOrder,
  type LastRun,
  labelKey,
  MOST_GROUPS,
  slotKey,
  stepUsualOf,
  USUAL_DAYS,
} from "../../stores/stats.ts";
import { Tally } from "../../stores/tally.ts";
import type { Db } from "../file/open.ts";
import { Statements } from "../file/statements.ts";
import { clause, type Where, whereOf } from "../queries/filter.ts";
import type { Numbers, Statistics } from "../rows/flow-rows.ts";
import { statusCode, statusOf } from "../rows/status.ts";
import type { Want } from "./cell.ts";
import type { Place, StatsCount } from "./count.ts";
import { tallies, within } from "./groups.ts";
import { labelOf, OTHER, PART, stepOf } from "./parts.ts";

/** Runs that are looked at for the last one that finished, where many are open. */
const MOST_LAST = 20_000;
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

const NEWEST_COLUMNS =
  "f.pk AS pk, f.status AS status, f.started_at AS startedAt, f.duration_us AS durationUs";
const NEWEST_FIRST = "ORDER BY f.started_at DESC, f.pk DESC";

interface NewestRow {
  pk: number;
  status: number;
  startedAt: Micros;
  durationUs: Micros | null;
}

/** Of which runs the newest is looked for. */
interface Sought {
  finished: boolean;
  /** Those that there are. */
  statuses: readonly Status[];
}

/** A tally that knows where to look for the newest of what is in it, or was until the log took it away. */
class GroupTally extends Tally {
  readonly first: Place;
  newest: Place;
  newestFinished: Place | null = null;
  /** Where what is added now belongs to. */
  #at: Place;

  constructor(place: Place) {
    super();
    this.first = place;
    this.newest = place;
    this.#at = place;
  }

  at(place: Place): this {
    this.#at = place;
    if (place.to > this.newest.to) this.newest = place;
    return this;
  }

  override add(outcome: number, count = 1): void {
    super.add(outcome, count);
    // What is newest mostly comes first: then one look is enough for all that is older.
    if (this.newestFinished !== null && this.#at.to <= this.newestFinished.to) return;
    if (count > 0 && hasEnded(outcome)) this.newestFinished = this.#at;
  }
}

export interface StatsQueries {
  stats(query: StatsQuery): Stats;
  stepUsual(tenant: string, name: string): StepUsual[];
}

export interface StatsQueryParts {
  numbers: Numbers;
  statistics: Statistics;
  count: StatsCount;
  now: () => Micros;
}

export function statsQueries(
  db: Db,
  { numbers, statistics: { parts }, count, now }: StatsQueryParts,
): StatsQueries {
  const statements = new Statements(db);

  function stats(query: StatsQuery): Stats {
    const { groupBy, ...filter } = query;
    const want = WANTS[groupBy];
    const hourly = groupBy === "hour";
    const { counted, groups } = tallies(count, GroupTally, { ...filter, want, hourly }, KEYS[groupBy]);
    let whole = groups.length <= MOST_GROUPS;
    const all = groups
      .sort((a, b) => b.newest.to - a.newest.to)
      .slice(0, MOST_GROUPS)
      .flatMap((group): StatsGroup[] => {
        const key = keyOf(group.first, groupBy);
        if (key !== null) return [groupOf(key, group, lastRun(filter, group, key, groupBy))];
        whole = false;
        return [];
      });
    return { groups: inOrder(all, groupBy), ...counted, complete: counted.complete && whole };
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

  /** The newest run of a group, and how long the newest that has finished took. */
  function lastRun(
    filter: StatsFilter,
    group: GroupTally,
    { key, label }: GroupKey,
    groupBy: StatsGroupBy,
  ): LastRun | null {
    if (!TOLD_LAST[groupBy]) return null;
    const { first, newest, newestFinished } = group;
    const ofGroup: StatsFilter = { ...filter };
    if (groupBy === "day") {
      const day = dayOf(first.from) * DAY_US;
      Object.assign(ofGroup, within(filter, day, day + DAY_US));
    }
    if (groupBy === "name") ofGroup.name = [key];
    if (label !== undefined) ofGroup.labels = { ...filter.labels, [label.key]: [label.value] };
    const statuses = statusesIn(group);
    const last = newestRun(ofGroup, newest, { finished: false, statuses });
    if (last === null || last.durationUs !== null || newestFinished === null) return last;
    const ended = newestRun(ofGroup, newestFinished, { finished: true, statuses: END_STATUSES });
    return { ...last, durationUs: ended?.durationUs ?? null };
  }

  /** The newest within the place; where there is none any more, the newest before it. */
  function newestRun(filter: StatsFilter, { from, to }: Place, sought: Sought): LastRun | null {
    const inPlace = { ...filter, ...within(filter, from, to) };
    return newestIn(inPlace, sought) ?? newestIn({ ...filter, to: inPlace.from }, sought);
  }

  function newestIn(filter: StatsFilter, { finished, statuses }: Sought): LastRun | null {
    const where = whereOf(filter, numbers);
    if (where === null) return null;
    const isRare = Object.keys(filter.labels ?? {}).length > 0;
    const by = (index: string, wanted: Where) =>
      isRare ? rareBy(index, wanted, finished) : newestBy(index, wanted, finished);
    const [name, ...moreNames] = filter.name ?? [];
    const [tenant, ...moreTenants] = filter.tenant ?? [];
    const ofOne = tenant !== undefined && moreTenants.length === 0;
    if (name !== undefined && moreNames.length === 0 && (tenant === undefined || ofOne)) {
      const shapes = numbers.shapes.ofName(numbers.texts.find(name) ?? 0);
      const index = ofOne ? "flows_by_tenant_shape" : "flows_by_shape";
      return newestOf(shapes.map((shape) => by(index, also(where, "f.shape = ?", shape))));
    }
    if (tenant !== undefined) return newestOf([by("flows_by_tenant", where)]);
    return newestOf(
      statuses.map((status) => by("flows_by_status", also(where, "f.status = ?", statusCode(status)))),
    );
  }

  function newestBy(index: string, where: Where, finished: boolean): NewestRow | undefined {
    const newest = `SELECT ${NEWEST_COLUMNS} FROM flows f INDEXED BY ${index} ${clause(where)} ${NEWEST_FIRST}`;
    const sql = finished
      ? `SELECT * FROM (${newest} LIMIT ${MOST_LAST}) WHERE durationUs IS NOT NULL LIMIT 1`
      : `${newest} LIMIT 1`;
    return statements.of<NewestRow>(sql).get(...where.values);
  }

  /**
   * The same where what is asked of them lets few pass. No index has those of one time by number: to put them in order,
   * one more would be looked for, which may be far.
   */
  function rareBy(index: string, where: Where, finished: boolean): NewestRow | undefined {
    const { values } = where;
    const from = `FROM flows f INDEXED BY ${index} ${clause(where)} ${finished ? "AND f.duration_us IS NOT NULL" : ""}`;
    return statements
      .of<NewestRow>(
        `SELECT ${NEWEST_COLUMNS} ${from} AND f.started_at = (SELECT max(f.started_at) ${from})
         ${NEWEST_FIRST} LIMIT 1`,
      )
      .get(...values, ...values);
  }

  function stepUsual(tenant: string, name: string): StepUsual[] {
    const from = (dayOf(now()) - USUAL_DAYS + 1) * DAY_US;
    const query = { tenant: [tenant], name: [name], from, want: PART.step };
    const { groups } = tallies(count, GroupTally, query, KEYS.step);
    return groups
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

function also(where: Where, condition: string, value: number): Where {
  return { conditions: [...where.conditions, condition], values: [...where.values, value] };
}

/** What was added, with what was taken away again. */
function statusesIn(tally: Tally): Status[] {
  const statuses = new Set<Status>();
  tally.each((outcome) => statuses.add(statusOfOutcome(outcome)));
  return [...statuses];
}

function newestOf(rows: (NewestRow | undefined)[]): LastRun | null {
  const [newest] = rows
    .filter((row) => row !== undefined)
    .sort((a, b) => b.startedAt - a.startedAt || b.pk - a.pk);
  return newest === undefined ? null : { ...newest, status: statusOf(newest.status) };
}
