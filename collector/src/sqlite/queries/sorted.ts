/**
 * Lists by end, by length and by last activity. Where few flows match they are put in order by hand. Where many do, the
 * blocks of flows are read in the order of their bounds (see blocks.ts): what is found comes out as soon as no block
 * that is left can hold anything before it.
 */
import { END_STATUSES } from "@weir/sdk/attributes";
import { BoundedMap } from "../../bounded-map.ts";
import type { Micros, Status } from "../../flow.ts";
import { comparePlaces, type OrderBy, type Place } from "../../stores/order.ts";
import type { Db } from "../file/open.ts";
import { Statements } from "../file/statements.ts";
import { BLOCK, type Kind } from "../rows/blocks.ts";
import type { Numbers } from "../rows/flow-rows.ts";
import type { StatsCount } from "../stats/count.ts";
import { blockReaders } from "./block-rows.ts";
import { add, clause, type Where } from "./filter.ts";
import { Heap } from "./heap.ts";
import { kindsOf } from "./kinds.ts";
import { lengthFinder } from "./lengths.ts";
import type { Plan } from "./plan.ts";
import { reachFinder } from "./reach.ts";
import type { Ranked, TopOptions, Walker } from "./walk.ts";

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
/** To read a block takes as long as to put so many flows in order, where an index holds what is asked of them. */
const COST_OF_BLOCK = 80;
/** To pass by a block, of which no more than its bounds are read, takes as long as to put so many flows in order. */
const COST_OF_PASSING = 3;
/** More blocks are read than there would be to read if nothing that is asked had to do with the order. */
const MORE_BLOCKS = 3;
/** To look up what is asked takes so many times as long as was reckoned for a page, which needs few. */
const COST_OF_LOOK_UP = 3;
/** To read a month of a customer's statistics, and what they tell of, takes as long as to put so many flows in order. */
const COST_OF_STATISTICS = 6_000;
/** More are not asked of each block. */
const MOST_KINDS = 12;
/** Where fewer pass what is looked up, it is asked of each before they are put in order. */
const FEWEST_PASSING = 0.2;

interface BlockRow {
  block: number;
  bound: Micros;
  /** 0: it has none of the flows that are looked for. */
  isOfKind: 0 | 1;
}

const ANY: Where = { conditions: ["1"], values: [] };

/** A place that a list has come to, and whether a flow that may match is there. */
export interface Sought {
  place: Place;
  isFlow: boolean;
}

/** In order; flows that have no end are left out where the order is by it. */
export type Sorter = (plan: Plan, options: SortedOptions) => Generator<Sought>;

export interface SorterParts {
  numbers: Numbers;
  walker: Walker;
  /** Counts flows by what statistics know of them. */
  counted: StatsCount;
  /** More than so many to look at are not put in order: blocks are read. Default: where that is likely to be quicker. */
  many: number | undefined;
}

export function sorter(db: Db, { numbers, walker, counted, many }: SorterParts): Sorter {
  const statements = new Statements(db);
  const kinds = kindsOf(db, numbers);
  const readerOf = blockReaders(db);
  const reachOf = reachFinder(db, numbers);
  const lengths = lengthFinder(db, numbers, counted);

  const lastOfTenants = db
    .prepare<[string], Micros | null>(
      "SELECT max(last_at) FROM json_each(?) CROSS JOIN tenants ON number = value",
    )
    .pluck();
  const blocksSince = db
    .prepare<[Micros], number | null>(
      `SELECT (SELECT max(block) FROM blocks) - block FROM blocks INDEXED BY blocks_by_start
       WHERE first_started > ? ORDER BY first_started LIMIT 1`,
    )
    .pluck();

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
    const clock = { isLate: options.isLate };
    return Object.assign(clock, { sought: search(plan, options, () => clock.isLate()) });
  }

  /** By hand, by hand as far as the order needs it, or by blocks: by what is likely to read the least. */
  function search(plan: Plan, options: SortedOptions, isLate: () => boolean): Generator<Sought> {
    const ofHand = costByHand(plan, plan.cost);
    const last = lastOf(plan, options);
    const passed = last === null ? 0 : (blocksSince.get(last) ?? 0);
    const ofBlocks = many ?? blocksFor(plan, options) * COST_OF_BLOCK + passed * COST_OF_PASSING;
    const least = Math.min(ofHand, ofBlocks);
    if (options.by === "duration" && least >= Math.min(COST_OF_STATISTICS, many ?? COST_OF_STATISTICS)) {
      const found = lengths(plan, options, isLate);
      if (found !== null) return byLength(found, options, isLate);
    }
    const reached = reachOf(plan, options, least);
    if (reached !== null && costByHand(plan, reached.cost) < least) {
      return byHand(reached.plan, { ...options, reachOf: reached.reachOf }, isLate);
    }
    return ofHand < ofBlocks ? byHand(plan, options, isLate) : byBlocks(plan, options, isLate);
  }

  /** When the customers that are asked for were last active: what is new is of others. `null`: that tells nothing. */
  function lastOf({ filter: { tenant } }: Plan, { by, direction }: SortedOptions): Micros | null {
    if (by === "duration" || direction === 1 || !tenant?.length) return null;
    return (
      lastOfTenants.get(JSON.stringify(tenant.flatMap((each) => numbers.tenants.find(each) ?? []))) ?? null
    );
  }

  function costByHand({ lead, lookedUp }: Plan, cost: number): number {
    const isLookedUp = (lead?.cost ?? 1) > 1 || lookedUp.passing <= FEWEST_PASSING;
    return isLookedUp ? cost * COST_OF_LOOK_UP : cost;
  }

  /**
   * About how many blocks are read for a page. Those of flows that ended last are of a time; each of the longest is in a block
   * of its own, and so is each that is longer, of those that the bounds are of.
   */
  function blocksFor(plan: Plan, { by, likely }: SortedOptions): number {
    const total = numbers.shapes.flows();
    const all = total / BLOCK;
    const found = likely / Math.max(1, plan.matches);
    const read = by === "duration" ? kinds.flowsOf(plan) * found : all * found;
    return Math.min(all, read * MORE_BLOCKS + 1);
  }

  /**
   * The first few, then four times as many after them: mostly the first few are all that is wanted. What has to be looked up is
   * looked up of those that come out, unless hardly any would pass.
   */
  function* byHand(
    plan: Plan,
    { by, direction, after, likely, reachOf }: SortedOptions & Pick<TopOptions, "reachOf">,
    isLate: () => boolean,
  ): Generator<Sought> {
    const { passing } = plan.lookedUp;
    const isLazy = passing > FEWEST_PASSING;
    const asks = isLazy ? plan.held : plan.asks;
    const passes = isLazy ? walker.passes(plan.lookedUp) : () => true;
    let last: Ranked | undefined = after;
    for (let limit = Math.ceil(isLazy ? likely / passing : likely); ; limit *= 4) {
      const search = walker.top(plan, { value: VALUES[by], direction, after: last, limit, asks, reachOf });
      let next = search.next();
      for (; !next.done; next = search.next()) {
        if (isLate()) yield { place: { rank: 0, ...(last ?? beforeAll(direction)) }, isFlow: false };
      }
      const found = next.value;
      for (const { value, pk } of found) yield { place: { rank: 0, value, pk }, isFlow: passes(pk) };
      if (found.length < limit) return;
      last = found.at(-1);
    }
  }

  function* byLength(
    groups: Generator<Ranked[]>,
    { direction, after }: SortedOptions,
    isLate: () => boolean,
  ): Generator<Sought> {
    let last: Ranked = after ?? beforeAll(direction);
    for (const group of groups) {
      if (group.length === 0 && isLate()) yield { place: { rank: 0, ...last }, isFlow: false };
      for (last of group) yield { place: { rank: 0, ...last }, isFlow: true };
    }
  }

  /** The first few, then four times as many after them, as by hand. */
  function* byBlocks(plan: Plan, options: SortedOptions, isLate: () => boolean): Generator<Sought> {
    let { after } = options;
    for (let wanted = Math.max(1, Math.ceil(options.likely)); ; wanted *= 4) {
      const last = yield* firstByBlocks(plan, { ...options, after }, wanted, isLate);
      if (last === undefined) return;
      after = last;
    }
  }

  /** @returns the last of so many; `undefined` where there are no more. */
  function* firstByBlocks(
    plan: Plan,
    options: SortedOptions,
    wanted: number,
    isLate: () => boolean,
  ): Generator<Sought, Place | undefined> {
    const { by, direction, after } = options;
    const compare = (a: Place, b: Place) => comparePlaces(direction, a, b);
    const found = new Heap(compare);
    // Of the first so many that were read, the last comes out first: what is behind it is not wanted.
    const first = new Heap<Place>((a, b) => compare(b, a));
    const rowsIn = readerOf(plan, VALUES[by]);
    const begin = after?.value ?? beforeAll(direction).value;
    let last = after;
    let told = 0;
    for (const { block, bound, isOfKind } of blocksOf(plan, options)) {
      for (let { first: next } = found; next !== undefined; next = found.first) {
        if (direction * (next.value - bound) >= 0) break;
        found.pop();
        last = next;
        yield { place: next, isFlow: true };
        told += 1;
        if (told === wanted) return last;
      }
      if (isLate()) {
        // Before the bound there is nothing more.
        const reached = { rank: 0, value: bound, pk: direction === 1 ? -1 : Number.MAX_SAFE_INTEGER };
        if (last === undefined || compare(reached, last) > 0) last = reached;
        yield { place: last, isFlow: false };
      }
      if (isOfKind === 0) continue;
      const behind = first.size < wanted ? undefined : first.first;
      const end = behind?.value ?? beforeAll(direction === 1 ? -1 : 1).value;
      for (const { value, pk } of rowsIn(block, Math.min(begin, end), Math.max(begin, end))) {
        const place = { rank: 0, value, pk };
        if (after !== undefined && compare(place, after) <= 0) continue;
        found.push(place);
        first.push(place);
        if (first.size > wanted) first.pop();
      }
    }
    for (let place = found.pop(); place !== undefined; place = found.pop()) {
      yield { place, isFlow: true };
      told += 1;
      if (told === wanted) return place;
    }
    return undefined;
  }

  function* blocksOf(plan: Plan, options: SortedOptions): Generator<BlockRow> {
    const { by, direction, after } = options;
    const { filter } = plan;
    const ofPlan = kinds.of(plan);
    if (ofPlan !== null && by === "duration") {
      yield* blocksOfKinds(ofPlan, direction, after);
      return;
    }
    const [bound, other] = BOUNDS[by][direction === 1 ? "rising" : "falling"];
    const ahead = direction === 1 ? ">" : "<";
    const where: Where = { conditions: [`${bound} IS NOT NULL`], values: [] };
    if (by !== "activity") add(where, "last_ended IS NOT NULL");
    if (after !== undefined) add(where, `${other} ${ahead}= ?`, after.value);
    if (filter.from !== undefined) add(where, "last_active >= ?", filter.from);
    if (filter.to !== undefined) add(where, "first_started < ?", filter.to);
    const lastAt = lastOf(plan, options);
    if (lastAt !== null) add(where, "first_started <= ?", lastAt);
    // Of what failed much did so at one time, and nothing at most others.
    const isOpenToo = by === "activity" && !(filter.status?.length && filter.status.every(hasEnded));
    const isAsked = ofPlan !== null && ofPlan.length <= MOST_KINDS && !isOpenToo;
    yield* inOrder("blocks", bound, where, direction, isAsked ? hasAny(ofPlan) : ANY);
  }

  /** A block may come once for each kind. */
  function* blocksOfKinds(kinds: Kind[], direction: 1 | -1, after: Place | undefined): Generator<BlockRow> {
    const [bound, other, ahead] =
      direction === 1 ? ["shortest", "longest", ">="] : ["longest", "shortest", "<="];
    const walks = kinds.map(({ name, status }) => {
      const where: Where = { conditions: ["name = ?", "status = ?"], values: [name, status] };
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
  function* inOrder(
    table: string,
    bound: string,
    wanted: Where,
    direction: 1 | -1,
    isOfKind = ANY,
  ): Generator<BlockRow> {
    const [ahead, sort] = direction === 1 ? [">", "ASC"] : ["<", "DESC"];
    let last: BlockRow | undefined;
    for (;;) {
      const where: Where = { conditions: [...wanted.conditions], values: [...wanted.values] };
      if (last !== undefined) add(where, `(${bound}, block) ${ahead} (?, ?)`, last.bound, last.block);
      const sql = `SELECT block, ${bound} AS bound, ${isOfKind.conditions[0]} AS isOfKind FROM ${table} ${clause(where)}
        ORDER BY ${bound} ${sort}, block ${sort} LIMIT ${BLOCKS_AT_ONCE}`;
      const rows = statements.of<BlockRow>(sql).all(...isOfKind.values, ...where.values);
      yield* rows;
      last = rows.at(-1);
      if (rows.length < BLOCKS_AT_ONCE) return;
    }
  }
}

function beforeAll(direction: 1 | -1): Ranked {
  return direction === 1
    ? { value: -1, pk: -1 }
    : { value: Number.MAX_SAFE_INTEGER, pk: Number.MAX_SAFE_INTEGER };
}

/** Whether a block has flows of these. */
function hasAny(kinds: Kind[]): Where {
  const any = kinds.map(() => "name = ? AND status = ? AND name_blocks.block = blocks.block");
  return {
    conditions: [`EXISTS (SELECT 1 FROM name_blocks WHERE ${any.join(" OR ") || "0"})`],
    values: kinds.flatMap(({ name, status }) => [name, status]),
  };
}

function hasEnded(status: Status): boolean {
  return END_STATUSES.some((each) => each === status);
}
