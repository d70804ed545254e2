/**
 * Walking flows in the order of their start, by the filter that leaves the fewest. SQLite would guess which that is,
 * and for several values of one filter it would sort all that match before it gives the first. So the candidates are
 * counted, within a bound, and several values are walked side by side.
 *
 * What the other filters let pass may be far between. So a walk looks at a bounded number of candidates at a time, and
 * tells how far it has come also where it found nothing: whoever walks may stop there, and go on from there later.
 */
import type { FlowFilter } from "../../store.ts";
import type { Db } from "../file/open.ts";
import { Statements } from "../file/statements.ts";
import { FLOW_COLUMNS, type FlowRow, type Numbers } from "../rows/flow-rows.ts";
import { termFinder } from "../search/terms.ts";
import {
  add,
  clause,
  join,
  OPEN,
  type Source,
  type Start,
  timeOf,
  type Value,
  type Wanted,
  type Where,
  wantedOf,
} from "./filter.ts";
import { Heap } from "./heap.ts";

/** What is read of each flow: columns, and what they are read as. */
export interface Columns<Row> {
  sql: string;
  /** For its type only. */
  row?: Row;
}

/** What a list shows. */
export const LIST_COLUMNS: Columns<FlowRow> = { sql: FLOW_COLUMNS.replaceAll(/\w+/g, "f.$&") };

/** How a filter is best answered. */
export interface Plan {
  filter: FlowFilter;
  /** `null`: all flows are walked. */
  lead: Wanted | null;
  /** About how many flows the lead leaves; at least `MANY` where they were not counted to the end. */
  candidates: number;
  /** What is asked of each candidate, besides the time. */
  asks: Where;
  /** What the plan finds is what is wanted, without a look at the flow itself. */
  exact: boolean;
}

export interface WalkOptions<Row> {
  newestFirst: boolean;
  /** Begin after this place. */
  after?: Start | undefined;
  columns: Columns<Row>;
  /** How many rows are likely to be looked at. */
  chunk: number;
}

/** A place that a walk has come to. `null`: nothing up to there was wanted. */
export type Walked<Row> = Start & { row: Row | null };

export interface Walker {
  /** `null` where no flow can match. @param openOnly leave out flows that have ended. */
  plan(filter: FlowFilter, openOnly?: boolean): Plan | null;
  walk<Row>(plan: Plan, options: WalkOptions<Row>): Generator<Walked<Row>>;
  /** Candidates in no order, without those that do not pass. */
  all<Row>(plan: Plan, columns: Columns<Row>, ask: string): Generator<Row>;
  /** Flow by flow. */
  one<Row>(columns: Columns<Row>): (pk: number, asks?: Where) => Row | undefined;
}

/** Beyond this a count says "many". */
export const MANY = 20_000;
/** More values than this are asked of each flow instead. */
const MOST_WALKS = 300;
/** Candidates that are looked at between two places told of. */
const MOST_AT_ONCE = 2_000;

const BY_START: Source = {
  from: "flows f INDEXED BY flows_by_start",
  index: "flows f INDEXED BY flows_by_start",
  at: "f.started_at",
  key: "f.pk",
  pick: "? = 0",
  value: 0,
};

export function walker(db: Db, numbers: Numbers): Walker {
  const statements = new Statements(db);
  const findTerm = termFinder(db, numbers);

  return {
    plan(filter, openOnly = false) {
      const wanted = wantedOf(filter, numbers, findTerm);
      if (wanted === null) return null;
      if (openOnly && !filter.health?.length) wanted.push(OPEN);
      const { lead, candidates } = fewest(filter, wanted);
      const asks: Where = { conditions: [], values: [] };
      for (const { ask } of wanted.filter((each) => each !== lead)) if (ask !== null) join(asks, ask);
      const exact = wanted.every((each) => each.exact && (each === lead || each.ask !== null));
      return { filter, lead, candidates, asks, exact };
    },

    *walk(plan, options) {
      const { filter, lead, asks } = plan;
      const sources = lead === null ? [BY_START] : (lead.sources ?? []);
      const chunk = Math.max(4, Math.ceil(options.chunk / Math.max(1, sources.length)));
      const walks = sources.map((source) => rowsOf(filter, source, asks, { ...options, chunk }));
      const places = lead?.places ?? [];
      if (places.length > 0) walks.push(rowsAt(filter, places, asks, options));
      yield* merge(walks, options.newestFirst);
    },

    *all(plan, columns, ask) {
      const { filter, lead, asks } = plan;
      const seen = new Set<number>();
      const sources = lead === null ? [BY_START] : (lead.sources ?? []);
      for (const source of sources) {
        const where = timeOf(filter, source.at);
        add(where, source.pick, source.value);
        join(where, asks);
        add(where, ask);
        const sql = `SELECT f.pk AS pk, ${columns.sql} FROM ${source.from} ${clause(where)}`;
        for (const row of statements.of<{ pk: number }>(sql).all(...where.values)) {
          if (sources.length + (lead?.places.length ?? 0) > 1) {
            if (seen.has(row.pk)) continue;
            seen.add(row.pk);
          }
          yield row as never;
        }
      }
      const read = this.one<{ pk: number }>({ sql: `f.pk AS pk, ${columns.sql}` });
      for (const { pk, startedAt } of lead?.places ?? []) {
        if (seen.has(pk) || !isWithin(filter, startedAt)) continue;
        const row = read(pk, { conditions: [...asks.conditions, ask], values: asks.values });
        if (row !== undefined) yield row as never;
      }
    },

    one:
      <Row>({ sql }: Columns<Row>) =>
      (pk: number, asks: Where = { conditions: [], values: [] }) => {
        const where = { conditions: ["f.pk = ?", ...asks.conditions], values: [pk, ...asks.values] };
        return statements
          .of<Row>(`SELECT ${sql} FROM flows f NOT INDEXED ${clause(where)}`)
          .get(...where.values);
      },
  };

  function fewest(filter: FlowFilter, wanted: Wanted[]): { lead: Wanted | null; candidates: number } {
    let lead: Wanted | null = null;
    let candidates = Number.POSITIVE_INFINITY;
    for (const each of wanted) {
      const { sources, places } = each;
      if (sources === null || sources.length > MOST_WALKS) continue;
      const most = Math.min(candidates, MANY);
      let count = places.length;
      for (const { index, at, pick, value } of sources) {
        if (count >= most) break;
        const where = timeOf(filter, at);
        add(where, pick, value);
        const sql = `SELECT count(*) FROM (SELECT 1 FROM ${index} ${clause(where)} LIMIT ?)`;
        count +=
          statements
            .of<number>(sql)
            .pluck()
            .get(...where.values, most - count) ?? 0;
      }
      // What is many is still better than every flow.
      if (count < candidates || lead === null) lead = each;
      candidates = Math.min(candidates, count);
    }
    return { lead, candidates: lead === null ? MANY : candidates };
  }

  function* rowsOf<Row>(
    filter: FlowFilter,
    { from, index, at, key, pick, value }: Source,
    asks: Where,
    { newestFirst, after, columns, chunk }: WalkOptions<Row>,
  ): Generator<Walked<Row>> {
    const [before, upTo, direction] = newestFirst ? ["<", ">=", "DESC"] : [">", "<=", "ASC"];
    const order = `ORDER BY ${at} ${direction}, ${key} ${direction}`;
    let place = after;
    for (let size = chunk; ; size = Math.min(size * 2, MOST_AT_ONCE)) {
      const where = timeOf(filter, at);
      add(where, pick, value);
      if (place !== undefined) add(where, `(${at}, ${key}) ${before} (?, ?)`, place.startedAt, place.pk);
      const sought = `SELECT ${at} AS startedAt, ${key} AS pk FROM ${index} ${clause(where)} ${order} LIMIT 1 OFFSET ?`;
      const last = statements.of<Start>(sought).get(...where.values, size - 1);
      if (last !== undefined) add(where, `(${at}, ${key}) ${upTo} (?, ?)`, last.startedAt, last.pk);
      join(where, asks);
      const sql = `SELECT ${columns.sql}, ${at} AS startedAt, ${key} AS pk FROM ${from} ${clause(where)} ${order}`;
      // All at once, for a statement that is being read from lends itself to nobody else.
      for (const row of statements.of<Row & Start>(sql).all(...where.values)) {
        yield { startedAt: row.startedAt, pk: row.pk, row };
      }
      if (last === undefined) return;
      yield { ...last, row: null };
      place = last;
    }
  }

  function* rowsAt<Row>(
    filter: FlowFilter,
    places: Start[],
    asks: Where,
    { newestFirst, after, columns }: WalkOptions<Row>,
  ): Generator<Walked<Row>> {
    const sign = newestFirst ? -1 : 1;
    const where = "f.pk = ?";
    const sql = `SELECT ${columns.sql}, f.pk AS pk FROM flows f NOT INDEXED ${clause({
      conditions: [where, ...asks.conditions],
      values: [],
    })}`;
    for (const { startedAt, pk } of newestFirst ? places.toReversed() : places) {
      if (!isWithin(filter, startedAt)) continue;
      if (after !== undefined && sign * compareStarts({ startedAt, pk }, after) <= 0) continue;
      const row = statements.of<Row>(sql).get(pk, ...(asks.values as Value[]));
      yield { startedAt, pk, row: row ?? null };
    }
  }
}

function isWithin({ from, to }: FlowFilter, startedAt: number): boolean {
  return (from === undefined || startedAt >= from) && (to === undefined || startedAt < to);
}

function compareStarts(a: Start, b: Start): number {
  return a.startedAt - b.startedAt || a.pk - b.pk;
}

/** Each is in order; so is what comes of them, and no flow comes twice. */
function* merge<Row>(sources: Generator<Walked<Row>>[], newestFirst: boolean): Generator<Walked<Row>> {
  if (sources.length === 1) {
    yield* sources[0] as Generator<Walked<Row>>;
    return;
  }
  const sign = newestFirst ? -1 : 1;
  const heads = new Heap<{ head: Walked<Row>; source: Generator<Walked<Row>> }>(
    (a, b) => sign * compareStarts(a.head, b.head),
  );
  for (const source of sources) {
    const { value } = source.next();
    if (value !== undefined) heads.push({ head: value, source });
  }
  let last: number | undefined;
  for (let next = heads.pop(); next !== undefined; next = heads.pop()) {
    const { head, source } = next;
    if (head.row === null || head.pk !== last) yield head;
    if (head.row !== null) last = head.pk;
    const { value } = source.next();
    if (value !== undefined) heads.push({ head: value, source });
  }
}
