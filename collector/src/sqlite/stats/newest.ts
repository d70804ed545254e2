/**
 * The newest run of a group, and the newest that finished: by an index that has runs in the order of their start, within the slots
 * in which the group is known to have some.
 */
import { END_STATUSES, type Status } from "@weir/sdk/attributes";
import type { Micros } from "../../flow.ts";
import type { StatsFilter } from "../../store.ts";
import { type LastRun, newerOf } from "../../stores/stats.ts";
import type { Db } from "../file/open.ts";
import { Statements } from "../file/statements.ts";
import {
  add,
  clause,
  isOfShape,
  isPosted,
  join,
  type Value,
  type Where,
  whereOf,
} from "../queries/filter.ts";
import type { Numbers } from "../rows/flow-rows.ts";
import { statusCode, statusOf } from "../rows/status.ts";
import type { Place } from "./count.ts";
import { isWide, within } from "./groups.ts";

/** Runs that are looked at for the last one that finished, where many are open. */
const MOST_LAST = 20_000;
/** What more names have is not looked for by name. */
const MOST_NAMES = 2;
/** Shapes in one list: each run that is come to is compared with them. */
const MOST_SHAPES = 16;
/** To look by one more shape takes as long as to pass by so many runs of others. */
const COST_OF_SHAPE = 60;

/** Where the newest of something is: in a slot, or in one of many days that are told as one. */
export class NewestPlace {
  #exact: Place | null = null;
  #wide: Place | null = null;
  #isFound = false;

  put(place: Place): void {
    if (isWide(place)) this.#wide = place;
    // What is newest mostly comes first: then one look is enough for all that is older.
    else if (this.#exact === null || place.to > this.#exact.to) this.#exact = place;
  }

  /** It is known in which of the many days. */
  found(place: Place): void {
    this.put(place);
    this.#isFound = true;
  }

  get isSought(): boolean {
    return this.place !== null && this.place === this.#wide;
  }

  /** `null`: nowhere. */
  get place(): Place | null {
    if (this.#wide === null || this.#isFound) return this.#exact ?? this.#wide;
    return this.#exact !== null && this.#exact.to > this.#wide.to ? this.#exact : this.#wide;
  }
}

/** A group whose newest run is looked for. */
export interface Sought {
  newest: Place;
  newestFinished: Place | null;
  /** Names that its flows have. */
  names: ReadonlySet<number>;
  statuses: () => Status[];
  /** What tells its flows from others of the filter. */
  name?: number;
  label?: { key: string; value: string };
  /** All of it began within. */
  from?: Micros;
  to?: Micros;
}

/** Finds the newest run of a group of what a filter lets through. */
export type NewestOf = (filter: StatsFilter) => (group: Sought) => LastRun | null;

/** An index with some of the runs, in the order of their start. */
interface Index {
  name: string;
  picked: Where;
  /** Those of one time are in no order that tells which comes last. */
  isLoose?: boolean;
  /** It has none that finished. */
  isOpen?: boolean;
}

/** Where runs are looked for, and what is asked of them. */
interface Runs {
  indices: Index[];
  asks: Where;
}

export function newestOf(db: Db, numbers: Numbers): NewestOf {
  const statements = new Statements(db);
  const { shapes } = numbers;

  return (filter) => {
    const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, ...lasting } = filter;
    const asked = whereOf(lasting, numbers);
    const isRare = Object.keys(filter.labels ?? {}).length > 0;
    const byNames = new Map<string, Index[]>();

    return (group) => {
      if (asked === null) return null;
      const bounds = within({ from, to }, group.from ?? from, group.to ?? to);
      const runs = { indices: indicesFor(group), asks: asksOf(asked, group) };
      const last = newestRun(runs, group.newest, bounds, false);
      if (last === null || last.durationUs !== null || group.newestFinished === null) return last;
      const ended = newestRun(runs, group.newestFinished, bounds, true);
      return { ...last, durationUs: ended?.durationUs ?? null };
    };

    function indicesFor({ name, label, names, statuses }: Sought): Index[] {
      const tenants = filter.tenant ?? [];
      const known = name === undefined ? filter.name?.map((each) => numbers.texts.find(each) ?? 0) : [name];
      const [only, ...more] = known ?? [];
      if (only !== undefined && more.length === 0 && tenants.length <= 1) {
        return byShapes(shapes.ofName(only), tenants.length);
      }
      if (tenants.length > 0) {
        const all = [{ name: "flows_by_tenant", picked: NOTHING }];
        if (tenants.length > 1 || (label === undefined && !isRare) || names.size > MOST_NAMES) return all;
        const key = [...names].join();
        const indices = byNames.get(key) ?? ofNames([...names]) ?? all;
        byNames.set(key, indices);
        return indices;
      }
      return statuses().map((status) => ({
        name: "flows_by_status",
        picked: { conditions: ["f.status = ?"], values: [statusCode(status)] },
        isLoose: true,
        isOpen: !isEnd(status),
      }));
    }

    /** What few of a customer's flows have is mostly of one name: the others are passed by, or not come to. */
    function ofNames(names: number[]): Index[] | null {
      const ofThese = names.flatMap((each) => shapes.ofName(each));
      if (ofThese.length > MOST_SHAPES) return null;
      const share = shapes.flowsOf(ofThese) / Math.max(1, shapes.flows());
      return share * COST_OF_SHAPE * ofThese.length < 1
        ? byShapes(ofThese, 1)
        : [{ name: "flows_by_tenant", picked: isOfShape(ofThese) }];
    }
  };

  function asksOf(asked: Where, { name, label }: Sought): Where {
    const asks: Where = { conditions: [...asked.conditions], values: [...asked.values] };
    if (name !== undefined) join(asks, isOfShape(shapes.ofName(name)));
    if (label === undefined) return asks;
    const number = numbers.labels.stored(label.key, label.value);
    if (number === undefined) add(asks, "0");
    else join(asks, isPosted("label_flows", "label", [number]));
    return asks;
  }

  /** The newest within the place; where there is none any more, the newest before it. */
  function newestRun(
    runs: Runs,
    { from, to }: Place,
    bounds: Required<Bounds>,
    finished: boolean,
  ): LastRun | null {
    const least = Math.max(from, bounds.from);
    return (
      newestIn(runs, least, Math.min(to, bounds.to), finished) ?? newestIn(runs, bounds.from, least, finished)
    );
  }

  function newestIn({ indices, asks }: Runs, from: Micros, to: Micros, finished: boolean): LastRun | null {
    let newest: LastRun | null = null;
    for (const { name, picked, isLoose = false, isOpen } of indices) {
      if (isOpen && finished) continue;
      const source = `FROM flows f INDEXED BY ${name} ${clause(all(TIME, picked, asks))}`;
      const values = [...picked.values, ...asks.values];
      // None before the newest of another is wanted.
      const least = newest?.startedAt ?? from;
      const found = isLoose
        ? newestLoose(source, least, to, values, finished)
        : statements.of<RunRow>(newestFirst(source, finished)).get(least, to, ...values);
      if (found !== undefined) newest = newerOf(newest, { ...found, status: statusOf(found.status) });
    }
    return newest;
  }

  /** Its time first: to find the last of that time, one more would be looked for, which may be far. */
  function newestLoose(source: string, from: Micros, to: Micros, values: Value[], finished: boolean) {
    const at = statements
      .of<RunRow>(newestFirst(source, finished, "f.started_at DESC"))
      .get(from, to, ...values);
    return (
      at &&
      statements.of<RunRow>(newestFirst(source, finished)).get(at.startedAt, at.startedAt + 1, ...values)
    );
  }
}

interface RunRow {
  status: number;
  startedAt: Micros;
  durationUs: Micros | null;
}

/** As `newerOf` does. */
const NEWEST_FIRST = "f.started_at DESC, f.status DESC, f.duration_us DESC";

function newestFirst(source: string, finished: boolean, order = NEWEST_FIRST): string {
  const runs = `SELECT f.status AS status, f.started_at AS startedAt, f.duration_us AS durationUs ${source} ORDER BY ${order}`;
  return finished
    ? `SELECT * FROM (${runs} LIMIT ${MOST_LAST}) WHERE durationUs IS NOT NULL LIMIT 1`
    : `${runs} LIMIT 1`;
}

interface Bounds {
  from?: Micros;
  to?: Micros;
}

const NOTHING: Where = { conditions: [], values: [] };
const TIME: Where = { conditions: ["f.started_at >= ? AND f.started_at < ?"], values: [] };

function byShapes(numbers: number[], tenants: number): Index[] {
  const name = tenants === 1 ? "flows_by_tenant_shape" : "flows_by_shape";
  return numbers.map((shape) => ({ name, picked: { conditions: ["f.shape = ?"], values: [shape] } }));
}

function all(...wheres: Where[]): Where {
  const joined: Where = { conditions: [], values: [] };
  for (const each of wheres) join(joined, each);
  return joined;
}

function isEnd(status: Status): boolean {
  return END_STATUSES.some((each) => each === status);
}
