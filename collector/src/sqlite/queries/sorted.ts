/**
 * Lists by end, by length and by last activity. Where few flows match they are put in order by hand. Where many do, the
 * blocks of flows are read in the order of their bounds (see blocks.ts): what is found comes out as soon as no block
 * that is left can hold anything before it.
 */
import { WeirError } from "../../errors.ts";
import type { Micros } from "../../flow.ts";
import { comparePlaces, type OrderBy, type Place, placeOf } from "../../stores/order.ts";
import type { Db } from "../file/open.ts";
import { Statements } from "../file/statements.ts";
import { BLOCK } from "../rows/blocks.ts";
import type { Numbers } from "../rows/flow-rows.ts";
import { add, anyOf, clause, join, timeOf } from "./filter.ts";
import { Heap } from "./heap.ts";
import type { Columns, Plan, Walker } from "./walk.ts";

export interface SortedOptions {
  by: Exclude<OrderBy, "start">;
  /** 1: values rise. */
  direction: 1 | -1;
  /** Begin after this place. */
  after: Place | undefined;
  isLate: () => boolean;
  /** Later than that: not even the first flow will be found in time. */
  isTooLate: () => boolean;
}

interface SortRow {
  pk: number;
  startedAt: Micros;
  duration: Micros | null;
  active: Micros | null;
}

const SORT_COLUMNS: Columns<SortRow> = {
  sql: "f.started_at AS startedAt, f.duration_us AS duration, f.active_us AS active",
};

/** The bound by which blocks are read, and the other one: what tells that all of a block is before a place. */
const BOUNDS: Record<SortedOptions["by"], { falling: [string, string]; rising: [string, string] }> = {
  end: { falling: ["last_ended", "first_started"], rising: ["first_started", "last_ended"] },
  duration: { falling: ["longest", "shortest"], rising: ["shortest", "longest"] },
  activity: { falling: ["last_active", "first_started"], rising: ["first_started", "last_active"] },
};
const BLOCKS_AT_ONCE = 64;

interface BlockRow {
  block: number;
  bound: Micros;
}

/** A place that a list has come to, and whether a flow that may match is there. */
export interface Sought {
  place: Place;
  isFlow: boolean;
}

/** In order; flows that have no end are left out where the order is by it. */
export type Sorter = (plan: Plan, options: SortedOptions) => Generator<Sought>;

/** @param many from so many candidates on blocks are read. */
export function sorter(db: Db, { texts }: Numbers, walker: Walker, many: number): Sorter {
  const statements = new Statements(db);

  return (plan, options) => (plan.candidates < many ? byHand(plan, options) : byBlocks(plan, options));

  function* byHand(plan: Plan, { by, direction, after }: SortedOptions): Generator<Sought> {
    const places: Place[] = [];
    for (const row of walker.all(plan, SORT_COLUMNS, askedBy(by))) {
      const place = placeIn(by, row);
      if (after === undefined || comparePlaces(direction, place, after) > 0) places.push(place);
    }
    places.sort((a, b) => comparePlaces(direction, a, b));
    for (const place of places) yield { place, isFlow: true };
  }

  function* byBlocks(plan: Plan, options: SortedOptions): Generator<Sought> {
    const { by, direction, after, isLate, isTooLate } = options;
    const found = new Heap<Place>((a, b) => comparePlaces(direction, a, b));
    let last: Place | undefined;
    for (const { block, bound } of blocksOf(plan, options)) {
      for (let { first } = found; first !== undefined; first = found.first) {
        if (direction * (first.value - bound) >= 0) break;
        found.pop();
        last = first;
        yield { place: first, isFlow: true };
      }
      // Whoever asks is late as well, and goes on from there another time.
      if (last !== undefined && isLate()) yield { place: last, isFlow: false };
      if (last === undefined && isTooLate()) throw tooSlow();
      for (const row of rowsIn(plan, block, by)) {
        const place = placeIn(by, row);
        if (after === undefined || comparePlaces(direction, place, after) > 0) found.push(place);
      }
    }
    for (let place = found.pop(); place !== undefined; place = found.pop()) yield { place, isFlow: true };
  }

  function* blocksOf({ filter }: Plan, { by, direction, after }: SortedOptions): Generator<BlockRow> {
    if (by === "duration" && filter.name?.length) {
      yield* blocksOfNames(filter.name, direction, after);
      return;
    }
    const [bound, other] = BOUNDS[by][direction === 1 ? "rising" : "falling"];
    const [ahead, sort] = direction === 1 ? [">", "ASC"] : ["<", "DESC"];
    let place: BlockRow | undefined;
    for (;;) {
      const where = { conditions: [`${bound} IS NOT NULL`], values: [] as (string | number)[] };
      if (by !== "activity") add(where, "last_ended IS NOT NULL");
      if (after !== undefined) add(where, `${other} ${ahead}= ?`, after.value);
      if (filter.from !== undefined) add(where, "last_active >= ?", filter.from);
      if (filter.to !== undefined) add(where, "first_started < ?", filter.to);
      if (place !== undefined) add(where, `(${bound}, block) ${ahead} (?, ?)`, place.bound, place.block);
      const sql = `SELECT block, ${bound} AS bound FROM blocks ${clause(where)}
        ORDER BY ${bound} ${sort}, block ${sort} LIMIT ${BLOCKS_AT_ONCE}`;
      const rows = statements.of<BlockRow>(sql).all(...where.values);
      yield* rows;
      place = rows.at(-1);
      if (rows.length < BLOCKS_AT_ONCE) return;
    }
  }

  /** What is long for one name may be short for another. */
  function blocksOfNames(names: string[], direction: 1 | -1, after: Place | undefined): BlockRow[] {
    const known = names.flatMap((name) => texts.find(name) ?? []);
    if (known.length === 0) return [];
    const { conditions, values } = anyOf("name", known);
    const [bound, other, ahead, sort] =
      direction === 1
        ? ["min(shortest)", "max(longest)", ">=", "ASC"]
        : ["max(longest)", "min(shortest)", "<=", "DESC"];
    const sql = `SELECT block, ${bound} AS bound FROM name_blocks WHERE ${conditions[0]} GROUP BY block
      HAVING ? IS NULL OR ${other} ${ahead} ? ORDER BY bound ${sort}, block ${sort}`;
    const value = after?.value ?? null;
    return statements.of<BlockRow>(sql).all(...values, value, value);
  }

  function rowsIn({ filter, lead, asks }: Plan, block: number, by: SortedOptions["by"]): SortRow[] {
    const where = timeOf(filter, "f.started_at");
    add(where, "f.pk BETWEEN ? AND ?", block * BLOCK, block * BLOCK + BLOCK - 1);
    join(where, asks);
    if (lead !== null && lead.ask !== null) join(where, lead.ask);
    add(where, askedBy(by));
    const sql = `SELECT f.pk, ${SORT_COLUMNS.sql} FROM flows f NOT INDEXED ${clause(where)}`;
    return statements.of<SortRow>(sql).all(...where.values);
  }
}

function askedBy(by: SortedOptions["by"]): string {
  return by === "activity" ? "1" : "f.duration_us IS NOT NULL";
}

function placeIn(by: OrderBy, { pk, startedAt, duration, active }: SortRow): Place {
  return placeOf(by, { startedAt, duration, updatedAt: startedAt + (active ?? duration ?? 0) }, pk);
}

function tooSlow(): WeirError {
  return new WeirError(
    "unavailable",
    "order: too many flows match to be put in this order in time; narrow them by tenant, name, from or to, or order them by start",
  );
}
