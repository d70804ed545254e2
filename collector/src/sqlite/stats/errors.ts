/** Errors of flows by their kind, each with the newest flow that failed so. */
import type { ErrorGroup, ErrorStats, FlowKey, Micros } from "../../flow.ts";
import type { ErrorsQuery, StatsFilter } from "../../store.ts";
import type { Counts } from "../../stores/counts.ts";
import { kindFromText } from "../../stores/error-kind.ts";
import type { Db } from "../file/open.ts";
import { Statements } from "../file/statements.ts";
import { add, clause, timeOf, whereOf } from "../queries/filter.ts";
import { idOf, type StoredId } from "../rows/flow-id.ts";
import type { Numbers, Statistics } from "../rows/flow-rows.ts";
import type { CountQuery, Place, StatsCounts } from "./count.ts";
import { type Group, tallies } from "./groups.ts";
import { ALL_TENANTS, numberOfPart, OTHER, PART } from "./parts.ts";

/** Flows of a kind of error that are looked at for one that has the name and the labels that are asked for. */
const MOST_EXAMPLES = 2_000;

/** How often an error was, and when last. */
class PlacedCount implements Group {
  readonly first: Place;
  newest: Place;
  total = 0;

  constructor(place: Place) {
    this.first = place;
    this.newest = place;
  }

  at(place: Place): this {
    if (place.to > this.newest.to) this.newest = place;
    return this;
  }

  get isEmpty(): boolean {
    return this.total === 0;
  }

  add(_: number, count = 1): void {
    this.total += count;
  }

  addCounts({ size, counts }: Counts): void {
    for (let at = 0; at < size; at += 1) this.total += counts[at] as number;
  }
}

interface Example {
  tenant: number;
  id: StoredId;
  startedAt: Micros;
  pk: number;
}

export interface ErrorQueryParts {
  numbers: Numbers;
  statistics: Statistics;
  counts: StatsCounts;
}

export function errorQueries(
  db: Db,
  { numbers, statistics: { parts }, counts }: ErrorQueryParts,
): (query: ErrorsQuery) => ErrorStats {
  const statements = new Statements(db);

  return ({ limit, ...filter }) => {
    const { counted, groups } = tallies(counts.count, PlacedCount, countOf(filter), partOf);
    const kinds = [...groups.values()]
      .flatMap(({ first, newest, total }) => {
        const error = first.part ?? OTHER;
        const text = parts.textOf(error);
        return text === undefined ? [] : [{ error, text, newest, count: total }];
      })
      .sort((a, b) => b.count - a.count || b.newest.to - a.newest.to);
    const newestOf = examplesOf(filter);
    const errors = kinds.slice(0, limit).map(({ error, text, newest, count }): ErrorGroup => {
      const example = newestOf(numberOfPart(error));
      return {
        ...kindFromText(text),
        count,
        example: example && keyOf(example),
        lastAt: example?.startedAt ?? newest.from,
      };
    });
    return { errors, ...counted, complete: counted.complete && kinds.length === groups.size };
  };

  /** Finds the newest flow that failed with an error. */
  function examplesOf({ tenant, from, to, ...others }: StatsFilter): (error: number) => Example | null {
    const tenants = tenant?.length
      ? tenant.flatMap((each) => numbers.tenants.find(each) ?? [])
      : [ALL_TENANTS];
    const asks = whereOf(others, numbers);
    if (asks === null) return () => null;
    const failed = timeOf({ from, to }, "started_at");
    add(failed, "tenant = ? AND error = ?");
    const sql = `SELECT f.tenant, f.id, f.pk, f.started_at AS startedAt
      FROM (SELECT flow FROM failures ${clause(failed)} ORDER BY started_at DESC, flow DESC LIMIT ${MOST_EXAMPLES}) p
      CROSS JOIN flows f ON f.pk = p.flow ${clause(asks)} LIMIT 1`;
    const newest = statements.of<Example>(sql);
    return (error) =>
      tenants.reduce<Example | null>((found, each) => {
        const example = newest.get(...failed.values, each, error, ...asks.values);
        return example !== undefined && (found === null || isLater(example, found)) ? example : found;
      }, null);
  }

  function keyOf({ tenant, id }: Example): FlowKey {
    return { tenant: numbers.tenants.nameOf(tenant), id: idOf(id) };
  }
}

/** Where the name or the label is asked for, the example may not be come to: then the slot tells when it was. */
function countOf({ tenant, name, ...filter }: StatsFilter): CountQuery {
  const isFound = (tenant ?? []).length <= 1 && !name?.length;
  return { ...filter, tenant, name, want: PART.error, widest: isFound ? "ever" : "day" };
}

function isLater(a: Example, b: Example): boolean {
  return a.startedAt > b.startedAt || (a.startedAt === b.startedAt && a.pk > b.pk);
}

function partOf({ part }: Place): number {
  return part ?? OTHER;
}
