/**
 * Lists by end, by length and by last activity. Where few flows match they are put in order by hand. Where many do, the
 * blocks of flows are read in the order of their bounds (see blocks.ts): what is found comes out as soon as no block
 * that is left can hold anything before it.
 */
import { BoundedMap } from "../../bounded-map.ts";
import type { Micros } from "../../flow.ts";
import { comparePlaces, type OrderBy, type Place, placeOf } from "../../stores/order.ts";
import type { Db } from "../file/open.ts";
import { Statements } from "../file/statements.ts";
import { BLOCK } from "../rows/blocks.ts";
import type { Numbers } from "../rows/flow-rows.ts";
import { add, clause, join, timeOf, type Where } from "./filter.ts";
import { Heap } from "./heap.ts";
import type { Plan, Ranked, Walker } from "./walk.ts";

export interface SortedOptions {
  by: Exclude<OrderBy, "start">;
  /** 1: values rise. */
  direction: 1 | -1;
  /** Begin after this place. */
  after: Place | undefined;
  /** How many are likely to be wanted. */
  likely: number;
  isLate: () => boolean;
  /** Marks the list from a place on. */
  markOf: (place: Place) => string;
  /** Where an earlier question has left off. */
  goOn: string | undefined;
}

/** What is needed while a walk goes on; of that, what is of each question that goes on with it. */
interface Walk {
  sought: Generator<Sought>;
  isLate: () => boolean;
}

interface SortRow {
  pk: number;
  startedAt: Micros;
  duration: Micros | null;
  active: Micros | null;
}

const SORT_COLUMNS =
  "f.pk AS pk, f.started_at AS startedAt, f.duration_us AS duration, f.active_us AS active";

/** The value of a place, of a flow `f`. */
const VALUES: Record<SortedOptions["by"], string> = {
  end: "f.started_at + f.duration_us",
  duration: "f.duration_us",
  activity: "f.started_at + coalesce(f.active_us, f.duration_us, 0)",
};

/** The bound by which blocks are read, and the other one: what tells that all of a block is before a place. */
const BOUNDS: Record<SortedOptions["by"], { falling: [string, string]; rising: [string, string] }> = {
  end: { falling: ["last_ended", "first_started"], rising: ["first_started", "last_ended"] },
  duration: { falling: ["longest", "shortest"], rising: ["shortest", "longest"] },
  activity: { falling: ["last_active", "first_started"], rising: ["first_started", "last_active"] },
};
const BLOCKS_AT_ONCE = 64;
/**
 * Walks that were cut short, for whoever goes on: where what matches is rare, all that one question has the time for may
 * hold nothing, and to begin anew would never come further. One takes some MB where it has found very much.
 */
const MOST_UNFINISHED = 8;
/** To put so many in order takes a fiftieth of a second, where an index holds what is asked of them. */
export const MANY = 100_000;

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

/** @param many more than so many to look at are not put in order: blocks are read. */
export function sorter(db: Db, { texts, shapes }: Numbers, walker: Walker, many: number): Sorter {
  const statements = new Statements(db);

  const unfinished = new BoundedMap<string, Walk>(MOST_UNFINISHED);

  return function* sort(plan, options) {
    const walk = takeUp(options) ?? begin(plan, options);
    walk.isLate = options.isLate;
    // Not by `for of`, which would end the walk where the page ends.
    for (let next = walk.sought.next(); !next.done; next = walk.sought.next()) {
      if (options.isLate()) unfinished.set(options.markOf(next.value.place), walk);
      yield next.value;
    }
  };

  /** Who asks the same once more begins anew. */
  function takeUp({ goOn = "" }: SortedOptions): Walk | undefined {
    const walk = unfinished.get(goOn);
    unfinished.delete(goOn);
    return walk;
  }

  function begin(plan: Plan, options: SortedOptions): Walk {
    const read = plan.cost < many ? byHand : byBlocks;
    const walk: Walk = { isLate: options.isLate, sought: read(plan, options, () => walk.isLate()) };
    return walk;
  }

  /** The first few, then four times as many after them: mostly the first few are all that is wanted. */
  function* byHand(
    plan: Plan,
    { by, direction, after, likely }: SortedOptions,
    isLate: () => boolean,
  ): Generator<Sought> {
    let last: Ranked | undefined = after;
    for (let limit = likely; ; limit *= 4) {
      const search = walker.top(plan, { value: VALUES[by], direction, after: last, limit });
      let next = search.next();
      for (; !next.done; next = search.next()) {
        if (isLate()) yield { place: { rank: 0, ...(last ?? beforeAll(direction)) }, isFlow: false };
      }
      const found = next.value;
      for (const { value, pk } of found) yield { place: { rank: 0, value, pk }, isFlow: true };
      if (found.length < limit) return;
      last = found.at(-1);
    }
  }

  function* byBlocks(plan: Plan, options: SortedOptions, isLate: () => boolean): Generator<Sought> {
    const { by, direction, after } = options;
    const found = new Heap<Place>((a, b) => comparePlaces(direction, a, b));
    let last = after;
    for (const { block, bound } of blocksOf(plan, options)) {
      for (let { first } = found; first !== undefined; first = found.first) {
        if (direction * (first.value - bound) >= 0) break;
        found.pop();
        last = first;
        yield { place: first, isFlow: true };
      }
      if (isLate()) {
        // Before the bound there is nothing more.
        const reached = { rank: 0, value: bound, pk: direction === 1 ? -1 : Number.MAX_SAFE_INTEGER };
        if (last === undefined || comparePlaces(direction, reached, last) > 0) last = reached;
        yield { place: last, isFlow: false };
      }
      for (const row of rowsIn(plan, block, by)) {
        const place = placeIn(by, row);
        if (after === undefined || comparePlaces(direction, place, after) > 0) found.push(place);
      }
    }
    for (let place = found.pop(); place !== undefined; place = found.pop()) yield { place, isFlow: true };
  }

  function* blocksOf(plan: Plan, { by, direction, after }: SortedOptions): Generator<BlockRow> {
    const { filter } = plan;
    const names = by === "duration" ? namesOf(plan) : null;
    if (names !== null) {
      yield* blocksOfNames(names, direction, after);
      return;
    }
    const [bound, other] = BOUNDS[by][direction === 1 ? "rising" : "falling"];
    const ahead = direction === 1 ? ">" : "<";
    const where: Where = { conditions: [`${bound} IS NOT NULL`], values: [] };
    if (by !== "activity") add(where, "last_ended IS NOT NULL");
    if (after !== undefined) add(where, `${other} ${ahead}= ?`, after.value);
    if (filter.from !== undefined) add(where, "last_active >= ?", filter.from);
    if (filter.to !== undefined) add(where, "first_started < ?", filter.to);
    yield* inOrder("blocks", bound, where, direction);
  }

  /** The names that flows of the plan may have; `null`: any. What is long for one name may be short for another. */
  function namesOf({ filter, lead }: Plan): number[] | null {
    if (filter.name?.length) return filter.name.flatMap((name) => texts.find(name) ?? []);
    if (lead === null || lead.places.length > 0 || lead.sources === null) return null;
    const found = lead.sources.flatMap(({ shape }) => (shape === undefined ? [] : [shape]));
    return found.length < lead.sources.length ? null : shapes.namesOf(found);
  }

  /** A block may come once for each name. */
  function* blocksOfNames(names: number[], direction: 1 | -1, after: Place | undefined): Generator<BlockRow> {
    const [bound, other, ahead] =
      direction === 1 ? ["shortest", "longest", ">="] : ["longest", "shortest", "<="];
    const walks = names.map((name) => {
      const where: Where = { conditions: ["name = ?"], values: [name] };
      if (after !== undefined) add(where, `${other} ${ahead} ?`, after.value);
      return inOrder("name_blocks", bound, where, direction);
    });
    const heads = new Heap<{ head: BlockRow; walk: Generator<BlockRow> }>(
      (a, b) => direction * (a.head.bound - b.head.bound || a.head.block - b.head.block),
    );
    for (const walk of walks) {
      const { value } = walk.next();
      if (value) heads.push({ head: value, walk });
    }
    const seen = new Set<number>();
    for (let next = heads.pop(); next !== undefined; next = heads.pop()) {
      const { head, walk } = next;
      if (!seen.has(head.block)) yield head;
      seen.add(head.block);
      const { value } = walk.next();
      if (value) heads.push({ head: value, walk });
    }
  }

  /** A few at a time, for mostly few are wanted. */
  function* inOrder(table: string, bound: string, wanted: Where, direction: 1 | -1): Generator<BlockRow> {
    const [ahead, sort] = direction === 1 ? [">", "ASC"] : ["<", "DESC"];
    let last: BlockRow | undefined;
    for (;;) {
      const where: Where = { conditions: [...wanted.conditions], values: [...wanted.values] };
      if (last !== undefined) add(where, `(${bound}, block) ${ahead} (?, ?)`, last.bound, last.block);
      const sql = `SELECT block, ${bound} AS bound FROM ${table} ${clause(where)}
        ORDER BY ${bound} ${sort}, block ${sort} LIMIT ${BLOCKS_AT_ONCE}`;
      const rows = statements.of<BlockRow>(sql).all(...where.values);
      yield* rows;
      last = rows.at(-1);
      if (rows.length < BLOCKS_AT_ONCE) return;
    }
  }

  function rowsIn({ filter, lead, asks }: Plan, block: number, by: SortedOptions["by"]): SortRow[] {
    const where = timeOf(filter, "f.started_at");
    add(where, "f.pk BETWEEN ? AND ?", block * BLOCK, block * BLOCK + BLOCK - 1);
    join(where, asks);
    if (lead !== null && lead.ask !== null) join(where, lead.ask);
    add(where, askedBy(by));
    const sql = `SELECT ${SORT_COLUMNS} FROM flows f NOT INDEXED ${clause(where)}`;
    return statements.of<SortRow>(sql).all(...where.values);
  }
}

function beforeAll(direction: 1 | -1): Ranked {
  return direction === 1
    ? { value: -1, pk: -1 }
    : { value: Number.MAX_SAFE_INTEGER, pk: Number.MAX_SAFE_INTEGER };
}

function askedBy(by: SortedOptions["by"]): string {
  return by === "activity" ? "1" : "f.duration_us IS NOT NULL";
}

function placeIn(by: OrderBy, { pk, startedAt, duration, active }: SortRow): Place {
  return placeOf(by, { startedAt, duration, updatedAt: startedAt + (active ?? duration ?? 0) }, pk);
}
