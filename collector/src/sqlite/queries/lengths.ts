/**
 * The longest or shortest flows of a customer. Statistics know how many flows of each length there were on which day and of which
 * name: so only those days and names are looked at that have some of the first.
 */
import type { Micros } from "../../flow.ts";
import type { Adds, Counts } from "../../stores/counts.ts";
import {
  BUCKETS,
  bucketOf,
  bucketOfOutcome,
  hasEnded,
  shortestIn,
  statusOfOutcome,
} from "../../stores/outcome.ts";
import { valueIn } from "../../value-in.ts";
import type { Db } from "../file/open.ts";
import { Statements } from "../file/statements.ts";
import type { Numbers } from "../rows/flow-rows.ts";
import type { Place, StatsCount } from "../stats/count.ts";
import { add, clause, join, ofTenantAndShape, type Where, whereOf } from "./filter.ts";
import type { Plan } from "./plan.ts";
import type { Ranked } from "./walk.ts";

export interface LengthOptions {
  /** 1: from the shortest on. */
  direction: 1 | -1;
  /** Begin after this one. */
  after: Ranked | undefined;
  /** How many are likely to be wanted. */
  likely: number;
}

/** The flows in order, one group after the other; an empty group: so far. `null`: statistics do not tell of these. */
export type LengthFinder = (
  plan: Plan,
  options: LengthOptions,
  isLate: () => boolean,
) => Generator<Ranked[]> | null;

/** More customers than this are not looked at side by side. */
const MOST_TENANTS = 4;
/** If more are wanted than were likely, so many times as many are looked for. */
const MORE = 4;

/** Flows of a name that began within a slot of time: how many of them are of which length. */
class Slot implements Adds {
  readonly name: number;
  readonly from: Micros;
  readonly to: Micros;
  readonly #isWanted: (outcome: number) => boolean;
  /** Side by side. A bucket may stand here more than once, and what is taken away beside what it is taken from. */
  readonly #buckets: number[] = [];
  readonly #counts: number[] = [];

  constructor({ name, from, to }: Place, isWanted: (outcome: number) => boolean) {
    this.name = name;
    this.from = from;
    this.to = to;
    this.#isWanted = isWanted;
  }

  add(outcome: number, count = 1): void {
    if (!this.#isWanted(outcome)) return;
    this.#buckets.push(bucketOfOutcome(outcome));
    this.#counts.push(count);
  }

  addCounts({ size, outcomes, counts }: Counts): void {
    for (let at = 0; at < size; at += 1) this.add(outcomes[at] as number, counts[at]);
  }

  addTo(totals: Float64Array): void {
    for (let at = 0; at < this.#buckets.length; at += 1) {
      const bucket = this.#buckets[at] as number;
      totals[bucket] = (totals[bucket] as number) + (this.#counts[at] as number);
    }
  }

  /** Whether it had any that were so long, also where they were taken away since. */
  hasAny(least: number, most: number): boolean {
    return this.#buckets.some(
      (bucket, at) => bucket >= least && bucket <= most && (this.#counts[at] as number) > 0,
    );
  }
}

/** What is looked for in a slot. */
interface Sought {
  tenants: number[];
  shapesOf: (name: number) => number[];
  /** Besides. */
  asks: Where;
}

export function lengthFinder(db: Db, numbers: Numbers, counted: StatsCount): LengthFinder {
  const statements = new Statements(db);

  return ({ filter, shapes }, options, isLate) => {
    const { tenant, status, labels, from, to, step, health, q } = filter;
    if (!tenant?.length || tenant.length > MOST_TENANTS) return null;
    if (from !== undefined || to !== undefined || step?.length || health?.length || q) return null;
    // Of a service its names are counted: they tell too much, never too little.
    const name =
      shapes === null ? undefined : numbers.shapes.namesOf(shapes).map((each) => numbers.texts.textOf(each));
    const asks = whereOf({ status, labels }, numbers);
    if (asks === null) return null;
    const slots = new Map<string, Slot>();
    const isWanted = (outcome: number) =>
      hasEnded(outcome) && (!status?.length || status.includes(statusOfOutcome(outcome)));
    const query = { tenant, name, labels, want: "flows", walk: false, isLate } as const;
    const { complete } = counted(query, (place) =>
      valueIn(slots, `${place.name} ${place.from} ${place.to}`, () => new Slot(place, isWanted)),
    );
    if (!complete) return null;
    const tenants = tenant.flatMap((each) => numbers.tenants.find(each) ?? []);
    const among = shapes === null ? undefined : new Set(shapes);
    const shapesOf = (named: number) => {
      const all = numbers.shapes.ofName(named);
      return among === undefined ? all : all.filter((shape) => among.has(shape));
    };
    return inOrder([...slots.values()], { tenants, shapesOf, asks }, options);
  };

  function* inOrder(
    slots: Slot[],
    { tenants, shapesOf, asks }: Sought,
    { direction, after, likely }: LengthOptions,
  ): Generator<Ranked[]> {
    const rank = (a: Ranked, b: Ranked) => direction * (a.value - b.value || a.pk - b.pk);
    for (const buckets of groupsOf(slots, direction, after, likely)) {
      const found = new Map<number, Ranked>();
      const [least, most] = [Math.min(...buckets), Math.max(...buckets)];
      const where = lengthsIn(least, most);
      join(where, asks);
      for (const { name, from, to } of withAny(slots, least, most)) {
        for (const shape of shapesOf(name)) {
          for (const each of tenants) {
            for (const flow of flowsIn(each, shape, from, to, where)) {
              // The edges of buckets are rounded: each flow is in one of them.
              if (buckets.has(bucketOf(flow.value))) found.set(flow.pk, flow);
            }
          }
        }
        yield [];
      }
      yield [...found.values()].filter((flow) => after === undefined || rank(after, flow) < 0).sort(rank);
    }
  }

  function flowsIn(tenant: number, shape: number, from: Micros, to: Micros, more: Where): Ranked[] {
    const source = ofTenantAndShape(tenant, shape);
    const where: Where = { conditions: [source.pick], values: [...source.values] };
    add(where, "f.started_at >= ? AND f.started_at < ?", from, to);
    join(where, more);
    const sql = `SELECT f.pk AS pk, f.duration_us AS value FROM ${source.from} ${clause(where)}`;
    return statements.of<Ranked>(sql).all(...where.values);
  }
}

/** Buckets that are looked at together, the first ones first: each time as many as have enough flows. */
function* groupsOf(
  slots: Slot[],
  direction: 1 | -1,
  after: Ranked | undefined,
  likely: number,
): Generator<Set<number>> {
  const totals = new Float64Array(BUCKETS);
  for (const slot of slots) slot.addTo(totals);
  const first = after === undefined ? undefined : bucketOf(after.value);
  const all = [...totals.keys()]
    .filter((bucket) => (totals[bucket] as number) > 0)
    .filter((bucket) => first === undefined || direction * (bucket - first) >= 0);
  if (direction === -1) all.reverse();
  let wanted = likely;
  let group = new Set<number>();
  let flows = 0;
  for (const bucket of all) {
    group.add(bucket);
    // Of this one some may be before the place.
    if (bucket !== first) flows += totals[bucket] as number;
    if (flows < wanted) continue;
    yield group;
    group = new Set();
    flows = 0;
    wanted *= MORE;
  }
  if (group.size > 0) yield group;
}

/** Slots that have flows of these lengths; neighbours of one name as one. */
function withAny(slots: Slot[], least: number, most: number): Pick<Place, "name" | "from" | "to">[] {
  const having = slots
    .filter((slot) => slot.hasAny(least, most))
    .sort((a, b) => a.name - b.name || a.from - b.from);
  const merged: Pick<Place, "name" | "from" | "to">[] = [];
  for (const { name, from, to } of having) {
    const last = merged.at(-1);
    if (last !== undefined && last.name === name && last.to >= from) last.to = Math.max(last.to, to);
    else merged.push({ name, from, to });
  }
  return merged;
}

function lengthsIn(least: number, most: number): Where {
  return {
    conditions: ["f.duration_us >= ? AND f.duration_us < ?"],
    values: [shortestIn(least), shortestIn(most + 1) + 1],
  };
}
