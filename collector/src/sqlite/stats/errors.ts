/** Errors of flows by their kind, each with the newest flow that failed so. */
import type { ErrorGroup, ErrorStats, FlowKey, Micros } from "../../flow.ts";
import type { ErrorsQuery, StatsFilter } from "../../store.ts";
import { kindFromText, kindOfError, kindText } from "../../stores/error-kind.ts";
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
import type { Place, StatsCount } from "./count.ts";
import { type Group, tallies, within } from "./groups.ts";
import { OTHER, PART } from "./parts.ts";

/** Failed flows that are looked at for an example of an error. */
const MOST_EXAMPLES = 200;
const FAILURES_AT_ONCE = 8;

/** How often an error was, and in which places. */
class PlacedCount implements Group {
  readonly first: Place;
  readonly names = new Set<number>();
  total = 0;
  readonly #counts = new Map<Micros, { place: Place; count: number }>();
  #at: { place: Place; count: number };

  constructor(place: Place) {
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

  get isEmpty(): boolean {
    return this.total === 0;
  }

  add(_: number, count = 1): void {
    this.total += count;
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

export interface ErrorQueryParts {
  numbers: Numbers;
  statistics: Statistics;
  rows: FlowRows;
  count: StatsCount;
}

export function errorQueries(
  db: Db,
  { numbers, statistics: { parts }, rows, count }: ErrorQueryParts,
): (query: ErrorsQuery) => ErrorStats {
  const statements = new Statements(db);
  return errors;

  function errors({ limit, ...filter }: ErrorsQuery): ErrorStats {
    const { counted, groups } = tallies(
      count,
      PlacedCount,
      { ...filter, want: PART.error },
      ({ part }) => part ?? OTHER,
    );
    const kinds = groups
      .flatMap((group) => {
        const text = parts.textOf(group.first.part ?? OTHER);
        if (text === undefined) return [];
        const places = group.places();
        const [newest = group.first] = places;
        return [{ text, names: group.names, places, newest, count: group.total }];
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
    const columns = FLOW_COLUMNS.replaceAll(/\w+/g, "f.$&");
    const { to = Number.MAX_SAFE_INTEGER, ...others } = filter;
    const where = whereOf({ ...others, status: ["failed"] }, numbers);
    if (where === null) return () => undefined;
    const index = filter.tenant?.length ? "flows_by_tenant" : "flows_by_status";
    let last: { startedAt: Micros; pk: number } | undefined;
    let isAll = false;
    /** @returns whether these were the last */
    const more = (): boolean => {
      const rest = upTo(where, last ?? { startedAt: to, pk: 0 });
      const rowsFound = statements
        .of<FlowRow>(
          `SELECT ${columns} FROM flows f INDEXED BY ${index} ${clause(rest)}
           ORDER BY f.started_at DESC, f.pk DESC LIMIT ${FAILURES_AT_ONCE}`,
        )
        .all(...rest.values);
      for (const row of rowsFound) {
        const { tenant, id, startedAt, error } = rows.summaryOf(row);
        found.push({ tenant, id, startedAt, text: error === null ? null : kindText(kindOfError(error)) });
        last = { startedAt, pk: row.pk };
      }
      return rowsFound.length < FAILURES_AT_ONCE;
    };
    return (n) => {
      while (n >= found.length && !isAll) isAll = more();
      return found[n];
    };
  }
}

/** Those before a flow, in the order of their start. Of the two bounds an index is searched by the first. */
function upTo(where: Where, { startedAt, pk }: { startedAt: Micros; pk: number }): Where {
  return {
    conditions: [...where.conditions, "f.started_at <= ?", "(f.started_at, f.pk) < (?, ?)"],
    values: [...where.values, startedAt, startedAt, pk],
  };
}
