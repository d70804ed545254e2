/** Filters over flows as SQL. Values are always bound, never written into the text. */
import type { Micros } from "../../flow.ts";
import type { FlowFilter } from "../../store.ts";
import { termsOf } from "../../words.ts";
import type { Numbers } from "../rows/flow-rows.ts";
import { statusCode } from "../rows/status.ts";

export type Value = string | number | Buffer;

/** Conditions joined by "and", with the values for their `?` in order. The table `flows` is called `f`. */
export interface Where {
  conditions: string[];
  values: Value[];
}

/** One value in an index that is in the order of the start. */
export interface Source {
  /** Rows to read from: `f` is among them. */
  from: string;
  /** As much of it as tells place and number, without a look at the flow. */
  index: string;
  /** The columns of the index with the start and with the number. */
  at: string;
  key: string;
  /** A condition with a place for the value. */
  pick: string;
  value: Value;
  /** The shape that it is of. */
  shape?: number;
  /** Tells how many flows it has, whenever they began; where nothing does they are counted. */
  counted?: string;
}

/** Where a flow stands in the order of starts: those of one start are in the order of their rows. */
export interface Start {
  startedAt: Micros;
  pk: number;
}

/** What one filter wants. */
export interface Wanted {
  /** Which find its flows; `null` where that would be too many to walk side by side. */
  sources: Source[] | null;
  /** Flows that were found otherwise, oldest first: few. */
  places: Start[];
  /** The same asked of a flow that was found by another filter; `null` where only the flow itself can tell. */
  ask: Where | null;
  /** Not more is found, or let pass, than is wanted. */
  exact: boolean;
  /** No flow is found by two of the sources, or by its place as well. */
  disjoint: boolean;
  /** What it takes to look at one that it finds, beside one in an index that holds what others ask. */
  cost: number;
}

/** Of a posting, each flow must be looked up to be asked anything. */
export const COST_OF_POSTING = 5;

/** Finds what terms of a search want; where only conditions are needed there is nothing to find them by. */
export type FindTerm = (term: ReturnType<typeof termsOf>[number]) => Wanted;

/** What the filters want, apart from the time and from which health; `null` where no flow can match. */
export function wantedOf(
  filter: FlowFilter,
  { texts, tenants, labels, shapes }: Numbers,
  findTerm?: FindTerm,
): Wanted[] | null {
  const wanted: Wanted[] = [];
  const ofTenant = "SELECT flows FROM tenants WHERE number = ?";
  column("tenant", filter.tenant, (tenant) => tenants.find(tenant), ofTenant);
  column("status", filter.status, statusCode, "SELECT flows FROM flow_counts WHERE status = ?");
  if (filter.name?.length) {
    const names = numbers(filter.name, (name) => texts.find(name));
    const ofNames = names.flatMap((name) => shapes.ofName(name));
    wanted.push({
      sources: ofNames.map(ofShape),
      places: [],
      ask:
        names.length === 0
          ? NOTHING
          : ofNames.length > MOST_ASKED
            ? anyOf("f.name", names)
            : isOfShape(ofNames),
      exact: true,
      disjoint: true,
      cost: 1,
    });
  }
  if (filter.service?.length) {
    const known = new Set(filter.service.flatMap((service) => shapes.withService(service)));
    const loose = shapes.loose();
    const all = [...known, ...loose];
    wanted.push({
      sources: all.map(ofShape),
      places: [],
      ask: all.length > MOST_ASKED ? null : isOfShape(all),
      exact: loose.length === 0,
      disjoint: true,
      cost: 1,
    });
  }
  for (const [key, values] of Object.entries(filter.labels ?? {})) {
    posting("label_flows", "label", values, (value) => labels.stored(key, value));
  }
  posting("step_flows", "step", filter.step, (step) => step);
  if (filter.health?.length) wanted.push(OPEN);
  if (findTerm !== undefined) wanted.push(...termsOf(filter.q ?? "").map(findTerm));
  return wanted.some(({ sources, places }) => sources?.length === 0 && places.length === 0) ? null : wanted;

  function column<T>(
    name: string,
    values: T[] | undefined,
    find: (value: T) => number | undefined,
    counted: string,
  ): void {
    if (!values?.length) return;
    const found = numbers(values, find);
    const index = `flows f INDEXED BY flows_by_${name}`;
    wanted.push({
      sources: found.map((value) => ({
        from: index,
        index,
        at: "f.started_at",
        key: "f.pk",
        pick: `f.${name} = ?`,
        value,
        counted,
      })),
      places: [],
      ask: found.length === 0 ? NOTHING : anyOf(`f.${name}`, found),
      exact: true,
      disjoint: true,
      cost: 1,
    });
  }

  function posting(
    table: string,
    name: string,
    values: string[] | undefined,
    find: (value: string) => string | number | undefined,
  ): void {
    if (!values?.length) return;
    const found = numbers(values, find);
    wanted.push({
      sources: found.map((value) => ofPosting(table, name, value)),
      places: [],
      ask: found.length === 0 ? NOTHING : isPosted(table, name, found),
      exact: true,
      // A flow has one value of a label, but may stand at several steps.
      disjoint: table === "label_flows" || found.length === 1,
      cost: COST_OF_POSTING,
    });
  }
}

/** More numbers than this are not asked of each flow. */
export const MOST_ASKED = 256;

const NOTHING: Where = { conditions: ["0"], values: [] };

const BY_OPEN = "flows f INDEXED BY flows_open";
/** Flows that have not ended: no other has a health. */
export const OPEN: Wanted = {
  sources: [
    {
      from: BY_OPEN,
      index: BY_OPEN,
      at: "f.started_at",
      key: "f.pk",
      pick: "f.duration_us IS NULL AND ? = 0",
      value: 0,
    },
  ],
  places: [],
  ask: { conditions: ["f.duration_us IS NULL"], values: [] },
  exact: true,
  disjoint: true,
  cost: 1,
};

export function ofShape(shape: number): Source {
  const index = "flows f INDEXED BY flows_by_shape";
  return { from: index, index, at: "f.started_at", key: "f.pk", pick: "f.shape = ?", value: shape, shape };
}

/** Not a reason for SQLite to walk by shape. */
export function isOfShape(shapes: number[]): Where {
  return shapes.length === 0 ? NOTHING : anyOf("+f.shape", shapes);
}

export function ofPosting(table: string, name: string, value: Value): Source {
  return {
    // CROSS: the posting is read first.
    from: `${table} p CROSS JOIN flows f ON f.pk = p.flow`,
    index: `${table} p`,
    at: "p.started_at",
    key: "p.flow",
    pick: `p.${name} = ?`,
    value,
  };
}

export function isPosted(table: string, name: string, values: Value[]): Where {
  const { conditions, values: bound } = anyOf(name, values);
  return {
    conditions: [
      `EXISTS (SELECT 1 FROM ${table} WHERE ${conditions[0]} AND started_at = f.started_at AND flow = f.pk)`,
    ],
    values: bound,
  };
}

/** At least one value. The number of places is rounded up, so that the statements in use stay few. */
function anyOf(column: string, values: Value[]): Where {
  const places = 2 ** Math.ceil(Math.log2(values.length));
  const padded = [...values, ...Array<Value>(places - values.length).fill(values[0] as Value)];
  return { conditions: [`${column} IN (${padded.map(() => "?").join(", ")})`], values: padded };
}

/** All that can be said in SQL, for a question that looks at every flow which matches. */
export function whereOf(filter: FlowFilter, numbers: Numbers): Where | null {
  const wanted = wantedOf(filter, numbers);
  if (wanted === null) return null;
  const where = timeOf(filter, "f.started_at");
  for (const { ask } of wanted) if (ask !== null) join(where, ask);
  return where;
}

/** @param at the column that has the start. */
export function timeOf({ from, to }: FlowFilter, at: string): Where {
  const where: Where = { conditions: [], values: [] };
  if (from !== undefined) add(where, `${at} >= ?`, from);
  if (to !== undefined) add(where, `${at} < ?`, to);
  return where;
}

export function add(where: Where, condition: string, ...values: Value[]): void {
  where.conditions.push(condition);
  where.values.push(...values);
}

/** Adds what `more` asks to `where`. */
export function join(where: Where, more: Where): void {
  where.conditions.push(...more.conditions);
  where.values.push(...more.values);
}

/** `WHERE …`, or nothing where all pass. */
export function clause(where: Where): string {
  return where.conditions.length === 0 ? "" : `WHERE ${where.conditions.join(" AND ")}`;
}

function numbers<T, N>(values: T[], find: (value: T) => N | undefined): N[] {
  return [...new Set(values)].flatMap((value) => find(value) ?? []);
}
