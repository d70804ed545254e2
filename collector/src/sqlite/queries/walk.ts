/**
 * Walking flows in the order of their start, by the filter that the plan names. For several values of one filter SQLite
 * would sort all that match before it gives the first: here they are walked side by side.
 *
 * What the other filters let pass may be far between. So a walk looks at a bounded number of candidates at a time, and
 * tells how far it has come also where it found nothing: whoever walks may stop there, and go on from there later.
 */
import type { Micros } from "../../flow.ts";
import type { FlowFilter } from "../../store.ts";
import type { Db } from "../file/open.ts";
import { Statements } from "../file/statements.ts";
import { FLOW_COLUMNS, type FlowRow, type Numbers } from "../rows/flow-rows.ts";
import { ALL, add, clause, join, type Source, type Start, timeOf, type Value, type Where } from "./filter.ts";
import { Heap } from "./heap.ts";
import { type Plan, type Planner, planner } from "./plan.ts";

/** What is read of each flow: columns, and what they are read as. */
export interface Columns<Row> {
  sql: string;
  /** For its type only. */
  row?: Row;
}

/** What a list shows. */
export const LIST_COLUMNS: Columns<FlowRow> = { sql: FLOW_COLUMNS.replaceAll(/\w+/g, "f.$&") };

const NO_COLUMNS: Columns<object> = { sql: "1 AS found" };

export interface WalkOptions<Row> {
  newestFirst: boolean;
  /** Begin after this place. */
  after?: Start | undefined;
  columns: Columns<Row>;
  /** How many rows are likely to be wanted. */
  chunk: number;
}

/** A place that a walk has come to. `null`: nothing up to there was wanted. */
export type Walked<Row> = Start & { row: Row | null };

export interface Walker {
  /** `null` where no flow can match. */
  plan: Planner;
  walk<Row>(plan: Plan, options: WalkOptions<Row>): Generator<Walked<Row>>;
  /** How many have ended and how, piece by piece of the candidates: for a plan that is exact. */
  ended(plan: Plan): Generator<EndedCount[]>;
  /** The first by a value, in order: when all pieces of the candidates were looked at. */
  top(plan: Plan, options: TopOptions): Generator<void, Ranked[]>;
  /** Whether a flow passes, by its number. */
  passes(asks: Where): (pk: number) => boolean;
  /** Reads a flow by its number. */
  one<Row>(columns: Columns<Row>): (pk: number) => Row | undefined;
}

export interface EndedCount {
  status: number;
  flows: number;
}

export interface TopOptions {
  /** What of `f` they are in the order of; those without it are left out. */
  value: string;
  /** 1: values rise. */
  direction: 1 | -1;
  /** Begin after this one. */
  after: Ranked | undefined;
  limit: number;
  /** What is asked of them, besides the time. */
  asks: Where;
  /**
   * For values that are times, none before the start of its flow: how much later one of a source may be. No more is looked at
   * then than has to be.
   */
  reachOf?: ((source: Source) => Micros) | undefined;
}

/** A flow, by a value. Equal ones are in the order of their numbers. */
export interface Ranked {
  value: number;
  pk: number;
}

/** Numbers that no flow has: of places before and behind all flows of one time. */
const BEFORE_ALL = -1;
const AFTER_ALL = Number.MAX_SAFE_INTEGER;
/** Candidates that are looked at between two places told of. */
const MOST_AT_ONCE = 2_000;
/** The same where they are counted: that ends with a piece when its time is over. */
const COUNTED_AT_ONCE = 500;
/** The same where the first by a value are looked for, in an index that holds it. */
const MOST_TO_SORT = 10_000;

interface PieceOptions extends Pick<WalkOptions<unknown>, "newestFirst" | "after" | "chunk"> {
  /** Pieces grow up to it. */
  most?: number;
}

const COUNTING: PieceOptions = { newestFirst: true, chunk: COUNTED_AT_ONCE, most: COUNTED_AT_ONCE };

export function walker(db: Db, numbers: Numbers): Walker {
  const statements = new Statements(db);

  return {
    plan: planner(db, numbers),

    *walk(plan, options) {
      const { filter, lead, asks, passing } = plan;
      const sources = sourcesOf(plan);
      // As many as are likely to hold so many.
      const candidates = Math.min(options.chunk / passing, MOST_AT_ONCE);
      const chunk = Math.max(4, Math.ceil(candidates / Math.max(1, sources.length)));
      const places = lead?.places ?? [];
      const [only, ...more] = sources;
      // In a posting the flow itself is looked up for what is asked of it.
      const isRead = asks.conditions.length === 0 || (lead?.cost ?? 1) > 1;
      if (only !== undefined && more.length === 0 && places.length === 0 && isRead) {
        yield* rowsOf(filter, only, asks, { ...options, chunk });
        return;
      }
      // Of many walks, or of many candidates, not all that a piece holds is come to: so only what is come to is read.
      const walks = sources.map((source) =>
        rowsOf(filter, source, asks, { ...options, columns: NO_COLUMNS, chunk }),
      );
      if (places.length > 0) walks.push(rowsAt(filter, places, asks, { ...options, columns: NO_COLUMNS }));
      const read = readOf(options.columns);
      for (const { startedAt, pk, row } of merge(walks, options.newestFirst)) {
        yield { startedAt, pk, row: row === null ? null : (read(pk) ?? null) };
      }
    },

    *ended(plan) {
      if (plan.lead === null || plan.lead.disjoint) yield* endedByPiece(plan);
      else yield* endedOneByOne(plan);
    },

    *top(plan, options) {
      const { lead } = plan;
      let found: Ranked[] = [];
      const add = (more: Ranked[]) => {
        const all = [...found, ...more];
        const once =
          lead === null || lead.disjoint ? all : new Map(all.map((each) => [each.pk, each])).values();
        found = [...once].sort(byRank(options)).slice(0, options.limit);
      };
      // In turn: the more is found early, the sooner it is known where to stop.
      let walks = sourcesOf(plan).map((source) => ({ source, pieces: topOf(plan, source, options) }));
      while (walks.length > 0) {
        const unfinished: typeof walks = [];
        for (const walk of walks) {
          const { value, done } = walk.pieces.next();
          if (done) continue;
          add(value.ranked);
          yield;
          const least = found.length < options.limit ? undefined : found.at(-1);
          if (value.last === undefined) continue;
          if (least === undefined || !isBeyond(options, walk.source, value.last, least))
            unfinished.push(walk);
        }
        walks = unfinished;
      }
      if (lead !== null && lead.places.length > 0) add(topAt(plan, lead.places, options));
      return found;
    },

    passes({ conditions, values }) {
      if (conditions.length === 0) return () => true;
      const sql = `SELECT 1 FROM flows f NOT INDEXED WHERE ${["f.pk = ?", ...conditions].join(" AND ")}`;
      const statement = statements.of(sql);
      return (pk) => statement.get(pk, ...values) !== undefined;
    },

    one: readOf,
  };

  function readOf<Row>({ sql }: Columns<Row>): (pk: number) => Row | undefined {
    const read = `SELECT ${sql} FROM flows f WHERE f.pk = ?`;
    return (pk) => statements.of<Row>(read).get(pk);
  }

  /** An entry for each piece, also where there is nothing in it. */
  function* endedByPiece(plan: Plan): Generator<EndedCount[]> {
    for (const source of sourcesOf(plan)) {
      for (const { where } of piecesOf(plan.filter, source, COUNTING)) {
        join(where, plan.asks);
        add(where, HAS_ENDED);
        const sql = `SELECT f.status AS status, count(*) AS flows FROM ${source.from} ${clause(where)} GROUP BY f.status`;
        yield statements.of<EndedCount>(sql).all(...where.values);
      }
    }
  }

  /** Several words may find the same flow. */
  function* endedOneByOne({ lead, filter, asks }: Plan): Generator<EndedCount[]> {
    const seen = new Set<number>();
    for (const source of lead?.sources ?? []) {
      for (const { where } of piecesOf(filter, source, COUNTING)) {
        join(where, asks);
        add(where, HAS_ENDED);
        const sql = `SELECT ${source.key} AS pk, f.status AS status FROM ${source.from} ${clause(where)}`;
        const rows = statements.of<{ pk: number; status: number }>(sql).all(...where.values);
        const counts = new Map<number, number>();
        for (const { pk, status } of rows) {
          if (seen.has(pk)) continue;
          seen.add(pk);
          counts.set(status, (counts.get(status) ?? 0) + 1);
        }
        yield [...counts].map(([status, flows]) => ({ status, flows }));
      }
    }
    const sql = `SELECT f.status AS status FROM flows f NOT INDEXED WHERE ${["f.pk = ?", HAS_ENDED, ...asks.conditions].join(" AND ")}`;
    for (const { pk, startedAt } of lead?.places ?? []) {
      if (seen.has(pk) || !isWithin(filter, startedAt)) continue;
      const status = statements
        .of<number>(sql)
        .pluck()
        .get(pk, ...asks.values);
      yield status === undefined ? [] : [{ status, flows: 1 }];
    }
  }

  function* topOf(
    { filter, lead }: Plan,
    source: Source,
    options: TopOptions,
  ): Generator<{ ranked: Ranked[]; last: Start | undefined }> {
    const { value, direction, after, limit, asks, reachOf } = options;
    const { from, key } = source;
    const most = lead?.cost === 1 ? MOST_TO_SORT : MOST_AT_ONCE;
    const chunk = reachOf === undefined ? most : limit;
    const [ahead, sort] = direction === 1 ? [">", "ASC"] : ["<", "DESC"];
    const walk = { newestFirst: direction === -1, after: firstOf(options, source), chunk };
    for (const { where, last } of piecesOf(filter, source, walk)) {
      join(where, asks);
      add(where, `${value} IS NOT NULL`);
      if (after !== undefined) add(where, `(${value}, ${key}) ${ahead} (?, ?)`, after.value, after.pk);
      const sql = `SELECT ${key} AS pk, ${value} AS value FROM ${from} ${clause(where)}
        ORDER BY 2 ${sort}, 1 ${sort} LIMIT ?`;
      yield { ranked: statements.of<Ranked>(sql).all(...where.values, limit), last };
    }
  }

  function topAt({ filter }: Plan, places: Start[], options: TopOptions): Ranked[] {
    const { value, after, asks } = options;
    const sql = `SELECT f.pk AS pk, ${value} AS value FROM flows f NOT INDEXED
      WHERE ${["f.pk = ?", `${value} IS NOT NULL`, ...asks.conditions].join(" AND ")}`;
    const compare = byRank(options);
    return places.flatMap(({ pk, startedAt }) => {
      if (!isWithin(filter, startedAt)) return [];
      const row = statements.of<Ranked>(sql).get(pk, ...asks.values);
      return row === undefined || (after !== undefined && compare(row, after) <= 0) ? [] : [row];
    });
  }

  /** Candidates of a source in the order of their start, so many at a time: what is asked of a piece, and its end. */
  function* piecesOf(
    filter: FlowFilter,
    { index, at, key, pick, values }: Source,
    { newestFirst, after, chunk, most = MOST_AT_ONCE }: PieceOptions,
  ): Generator<{ where: Where; last: Start | undefined }> {
    const direction = newestFirst ? "DESC" : "ASC";
    let place = after;
    for (let size = chunk; ; size = Math.max(chunk, Math.min(size * 2, most))) {
      const where = timeOf(filter, at);
      add(where, pick, ...values);
      if (place !== undefined) addBehind(where, place);
      const last = endOf(where, size);
      if (last !== undefined) addUpTo(where, last);
      yield { where, last };
      if (last === undefined) return;
      place = last;
    }

    /** Where so many end, before those of one time with the last of them; `undefined`: there are not so many. */
    function endOf(where: Where, size: number): Start | undefined {
      // Few indices have the numbers of flows right behind the time: to put those in order takes far longer than to pass them by.
      const times = `SELECT ${at} FROM ${index} ${clause(where)} ORDER BY ${at} ${direction} LIMIT 1 OFFSET ?`;
      const startedAt = statements
        .of<Micros>(times)
        .pluck()
        .get(...where.values, size - 1);
      if (startedAt === undefined) return undefined;
      if (startedAt !== place?.startedAt) return { startedAt, pk: newestFirst ? AFTER_ALL : BEFORE_ALL };
      const places = `SELECT ${at} AS startedAt, ${key} AS pk FROM ${index} ${clause(where)}
        ORDER BY ${at} ${direction}, ${key} ${direction} LIMIT 1 OFFSET ?`;
      return statements.of<Start>(places).get(...where.values, size - 1);
    }

    function addBehind(where: Where, { startedAt, pk }: Start): void {
      if (pk === AFTER_ALL && newestFirst) add(where, `${at} <= ?`, startedAt);
      else if (pk === BEFORE_ALL && !newestFirst) add(where, `${at} >= ?`, startedAt);
      else add(where, `(${at}, ${key}) ${newestFirst ? "<" : ">"} (?, ?)`, startedAt, pk);
    }

    function addUpTo(where: Where, { startedAt, pk }: Start): void {
      if (pk === AFTER_ALL && newestFirst) add(where, `${at} > ?`, startedAt);
      else if (pk === BEFORE_ALL && !newestFirst) add(where, `${at} < ?`, startedAt);
      else add(where, `(${at}, ${key}) ${newestFirst ? ">=" : "<="} (?, ?)`, startedAt, pk);
    }
  }

  function* rowsOf<Row>(
    filter: FlowFilter,
    source: Source,
    asks: Where,
    options: WalkOptions<Row>,
  ): Generator<Walked<Row>> {
    const { from, at, key } = source;
    const direction = options.newestFirst ? "DESC" : "ASC";
    for (const { where, last } of piecesOf(filter, source, options)) {
      join(where, asks);
      const sql = `SELECT ${options.columns.sql}, ${at} AS startedAt, ${key} AS pk FROM ${from} ${clause(where)}
        ORDER BY ${at} ${direction}, ${key} ${direction}`;
      // All at once, for a statement that is being read from lends itself to nobody else.
      for (const row of statements.of<Row & Start>(sql).all(...where.values)) {
        yield { startedAt: row.startedAt, pk: row.pk, row };
      }
      if (last !== undefined) yield { ...last, row: null };
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

const HAS_ENDED = "f.duration_us IS NOT NULL";

function sourcesOf({ lead }: Plan): Source[] {
  return lead === null ? ALL : (lead.sources ?? []);
}

/** Before the first flow of a source that may have a value behind `after`; `undefined`: any may. */
function firstOf({ direction, after, reachOf }: TopOptions, source: Source): Start | undefined {
  if (reachOf === undefined || after === undefined) return undefined;
  if (direction === -1) return { startedAt: after.value, pk: AFTER_ALL };
  const startedAt = after.value - reachOf(source);
  return Number.isFinite(startedAt) ? { startedAt, pk: BEFORE_ALL } : undefined;
}

/** Whether no flow of a source behind `last` can have a value before that of `least`. */
function isBeyond({ direction, reachOf }: TopOptions, source: Source, last: Start, least: Ranked): boolean {
  if (reachOf === undefined) return false;
  return direction === 1 ? last.startedAt > least.value : last.startedAt + reachOf(source) < least.value;
}

function byRank({ direction }: Pick<TopOptions, "direction">): (a: Ranked, b: Ranked) => number {
  return (a, b) => direction * (a.value - b.value || a.pk - b.pk);
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
