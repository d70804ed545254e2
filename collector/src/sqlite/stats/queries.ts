/** Statistics in groups, errors by their kind, and what is usual for steps. */
import { END_STATUSES, STATUSES } from "@weir/sdk/attributes";
import type { ErrorGroup, ErrorStats, FlowKey, Micros, Stats, StatsGroup, StepUsual } from "../../flow.ts";
import type { ErrorsQuery, StatsFilter, StatsGroupBy, StatsQuery } from "../../store.ts";
import { kindFromText, kindOfError, kindText } from "../../stores/error-kind.ts";
import { hasEnded } from "../../stores/outcome.ts";
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
import {
  FLOW_COLUMNS,
  type FlowRow,
  type FlowRows,
  type Numbers,
  type Statistics,
} from "../rows/flow-rows.ts";
import { statusCode, statusOf } from "../rows/status.ts";
import type { Want } from "./cell.ts";
import type { Place, StatsCount } from "./count.ts";
import { labelOf, OTHER, PART, stepOf } from "./parts.ts";

/** Failed flows that are looked at for an example of an error. */
const MOST_EXAMPLES = 200;
const FAILURES_AT_ONCE = 8;
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
    if (count <= 0 || !hasEnded(outcome)) return;
    if (this.newestFinished === null || this.#at.to > this.newestFinished.to) this.newestFinished = this.#at;
  }
}

/** A tally that knows every place where some of it is. */
class PlacedTally extends Tally {
  readonly first: Place;
  readonly names = new Set<number>();
  readonly #counts = new Map<Micros, { place: Place; count: number }>();
  #at: { place: Place; count: number };

  constructor(place: Place) {
    super();
    this.first = place;
    this.#at = { place, count: 0 };
  }

  at(place: Place): this {
    this.names.add(place.name);
    let known = this.#counts.get(place.to);
    if (known === undefined) {
      known = { place, count: 0 };
      this.#counts.set(place.to, known);
    }
    // A day and its last hour end together.
    if (place.from < known.place.from) known.place = place;
    this.#at = known;
    return this;
  }

  override add(outcome: number, count = 1): void {
    super.add(outcome, count);
    this.#at.count += count;
  }

  /**
   * The newest first. A flow whose beginning is told after its end was counted where it ended, and is taken away from
   * there: such a place is left out. Only a day of which an hour was emptied may be in here with nothing in it.
   */
  places(): Place[] {
    const counted = [...this.#counts.values()].filter(({ count }) => count > 0);
    return counted.map(({ place }) => place).sort((a, b) => b.to - a.to);
  }
}

interface Failure extends FlowKey {
  startedAt: Micros;
  /** `null` where it does not say. */
  text: string | null;
}

/** The nth of some flows that failed; `undefined` beyond the last. */
type Failures = (n: number) => Failure | undefined;

export interface StatsQueries {
  stats(query: StatsQuery): Stats;
  errors(query: ErrorsQuery): ErrorStats;
  stepUsual(tenant: string, name: string): StepUsual[];
}

export interface StatsQueryParts {
  numbers: Numbers;
  statistics: Statistics;
  rows: FlowRows;
  count: StatsCount;
  now: () => Micros;
}

export function statsQueries(
  db: Db,
  { numbers, statistics: { parts }, rows, count, now }: StatsQueryParts,
): StatsQueries {
  const statements = new Statements(db);

  /** The tallies by what they have in common. */
  function tallies<T extends GroupTally | PlacedTally>(
    Group: new (place: Place) => T,
    query: StatsFilter & { want: Want; hourly?: boolean },
    keyOf: (place: Place) => number,
  ) {
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

  function stats(query: StatsQuery): Stats {
    const { groupBy, ...filter } = query;
    const want = WANTS[groupBy];
    const hourly = groupBy === "hour";
    const { counted, groups } = tallies(GroupTally, { ...filter, want, hourly }, KEYS[groupBy]);
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
    { first, newest, newestFinished }: GroupTally,
    { key, label }: GroupKey,
    groupBy: StatsGroupBy,
  ): LastRun | null {
    if (!TOLD_LAST[groupBy]) return null;
    const ofGroup: StatsFilter = { ...filter };
    if (groupBy === "day") {
      const day = dayOf(first.from) * DAY_US;
      Object.assign(ofGroup, within(filter, day, day + DAY_US));
    }
    if (groupBy === "name") ofGroup.name = [key];
    if (label !== undefined) ofGroup.labels = { ...filter.labels, [label.key]: [label.value] };
    const last = newestRun(ofGroup, newest, false);
    if (last === null || last.durationUs !== null || newestFinished === null) return last;
    return { ...last, durationUs: newestRun(ofGroup, newestFinished, true)?.durationUs ?? null };
  }

  /** The newest within the place; where there is none any more, the newest before it. */
  function newestRun(filter: StatsFilter, { from, to }: Place, finished: boolean): LastRun | null {
    const inPlace = { ...filter, ...within(filter, from, to) };
    return newestIn(inPlace, finished) ?? newestIn({ ...filter, to: inPlace.from }, finished);
  }

  function newestIn(filter: StatsFilter, finished: boolean): LastRun | null {
    const where = whereOf(filter, numbers);
    if (where === null) return null;
    const [name, ...moreNames] = filter.name ?? [];
    const [tenant, ...moreTenants] = filter.tenant ?? [];
    const ofOne = tenant !== undefined && moreTenants.length === 0;
    if (name !== undefined && moreNames.length === 0 && (tenant === undefined || ofOne)) {
      const shapes = numbers.shapes.ofName(numbers.texts.find(name) ?? 0);
      const index = ofOne ? "flows_by_tenant_shape" : "flows_by_shape";
      return newestOf(
        shapes.flatMap((shape) => newestBy(index, also(where, "f.shape = ?", shape), finished) ?? []),
      );
    }
    if (tenant !== undefined) return newestBy("flows_by_tenant", where, finished);
    const statuses = (finished ? END_STATUSES : STATUSES).map(statusCode);
    return newestOf(
      statuses.flatMap(
        (status) => newestBy("flows_by_status", also(where, "f.status = ?", status), finished) ?? [],
      ),
    );
  }

  function newestBy(index: string, where: Where, finished: boolean): (LastRun & { pk: number }) | null {
    const columns = "f.pk AS pk, f.status AS status, f.started_at AS startedAt, f.duration_us AS durationUs";
    const row = statements
      .of<{ pk: number; status: number; startedAt: Micros; durationUs: Micros | null }>(
        `SELECT * FROM (SELECT ${columns} FROM flows f INDEXED BY ${index} ${clause(where)}
           ORDER BY f.started_at DESC, f.pk DESC LIMIT ?)
         WHERE durationUs IS NOT NULL OR NOT ? LIMIT 1`,
      )
      .get(...where.values, finished ? MOST_LAST : 1, finished ? 1 : 0);
    return row === undefined ? null : { ...row, status: statusOf(row.status) };
  }

  function errors({ limit, ...filter }: ErrorsQuery): ErrorStats {
    const { counted, groups } = tallies(PlacedTally, { ...filter, want: PART.error }, KEYS.step);
    const kinds = groups
      .flatMap((group) => {
        const text = parts.textOf(group.first.part ?? OTHER);
        if (text === undefined) return [];
        const places = group.places();
        const [newest = group.first] = places;
        return [{ text, names: group.names, places, newest, count: group.figures().total }];
      })
      .sort((a, b) => b.count - a.count || b.newest.to - a.newest.to);
    const failures = new Map<string, Failures>();
    const found = kinds.slice(0, limit).map(({ text, names, places, newest, count }): ErrorGroup => {
      const name = [...names].map((each) => numbers.texts.textOf(each));
      const example = exampleOf({ ...filter, name }, text, places, failures);
      return {
        ...kindFromText(text),
        count,
        example: example && { tenant: example.tenant, id: example.id },
        lastAt: example?.startedAt ?? newest.from,
      };
    });
    return { errors: found, ...counted, complete: counted.complete && kinds.length === groups.length };
  }

  /**
   * The newest flow that failed so.
   *
   * @param failures what was found for others: the flows of a name mostly fail in several ways.
   */
  function exampleOf(
    filter: StatsFilter,
    text: string,
    places: Place[],
    failures: Map<string, Failures>,
  ): Failure | null {
    let left = MOST_EXAMPLES;
    for (const { from, to } of places) {
      const inPlace = { ...filter, ...within(filter, from, to) };
      const key = JSON.stringify(inPlace);
      const newest = failures.get(key) ?? newestFailures(inPlace);
      failures.set(key, newest);
      for (let n = 0; left > 0; n += 1) {
        const failure = newest(n);
        if (failure === undefined) break;
        if (failure.text === text) return failure;
        left -= 1;
      }
      if (left === 0) break;
    }
    return null;
  }

  /** Flows that failed, the newest first, each read when it is asked for. */
  function newestFailures(filter: StatsFilter): Failures {
    const found: Failure[] = [];
    const where = whereOf({ ...filter, status: ["failed"] }, numbers);
    if (where === null) return () => undefined;
    const columns = FLOW_COLUMNS.replaceAll(/\w+/g, "f.$&");
    const index = filter.tenant?.length ? "flows_by_tenant" : "flows_by_status";
    let last: { startedAt: Micros; pk: number } | undefined;
    let isAll = false;
    const more = () => {
      const { conditions, values } = last === undefined ? where : before(where, last);
      const rowsFound = statements
        .of<FlowRow>(
          `SELECT ${columns} FROM flows f INDEXED BY ${index} ${clause({ conditions, values })}
           ORDER BY f.started_at DESC, f.pk DESC LIMIT ${FAILURES_AT_ONCE}`,
        )
        .all(...values);
      for (const row of rowsFound) {
        const { tenant, id, startedAt, error } = rows.summaryOf(row);
        found.push({ tenant, id, startedAt, text: error === null ? null : kindText(kindOfError(error)) });
        last = { startedAt, pk: row.pk };
      }
      isAll = rowsFound.length < FAILURES_AT_ONCE;
    };
    return (n) => {
      while (n >= found.length && !isAll) more();
      return found[n];
    };
  }

  function stepUsual(tenant: string, name: string): StepUsual[] {
    const from = (dayOf(now()) - USUAL_DAYS + 1) * DAY_US;
    const query = { tenant: [tenant], name: [name], from, want: PART.step };
    const { groups } = tallies(GroupTally, query, KEYS.step);
    return groups
      .flatMap((group) => {
        const text = parts.textOf(group.first.part ?? OTHER);
        if (text === undefined) return [];
        const step = stepOf(text);
        return stepUsualOf(step.name, step.kind, group) ?? [];
      })
      .sort(byName);
  }

  return { stats, errors, stepUsual };
}

function also(where: Where, condition: string, value: number): Where {
  return { conditions: [...where.conditions, condition], values: [...where.values, value] };
}

/** Those before a flow, in the order of their start. */
function before(where: Where, { startedAt, pk }: { startedAt: Micros; pk: number }): Where {
  return {
    conditions: [...where.conditions, "(f.started_at, f.pk) < (?, ?)"],
    values: [...where.values, startedAt, pk],
  };
}

function newestOf<T extends { startedAt: Micros; pk: number }>(runs: T[]): T | null {
  return runs.sort((a, b) => b.startedAt - a.startedAt || b.pk - a.pk)[0] ?? null;
}

function within(filter: StatsFilter, from: Micros, to: Micros): { from: Micros; to: Micros } {
  return {
    from: Math.max(from, filter.from ?? Number.NEGATIVE_INFINITY),
    to: Math.min(to, filter.to ?? Number.POSITIVE_INFINITY),
  };
}
