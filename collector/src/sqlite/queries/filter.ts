/** Filters over flows as SQL. Values are always bound, never written into the text. */
import { END_STATUSES, STATUSES } from "@weir/sdk/attributes";
import type { Micros } from "../../flow.ts";
import type { FlowFilter } from "../../store.ts";
import { termsOf } from "../../words.ts";
import type { Numbers } from "../rows/flow-rows.ts";
import { statusCode } from "../rows/status.ts";
import { isLoose } from "../search/shapes.ts";

export type Value = string | number | Buffer;

/** Conditions joined by "and", with the values for their `?` in order. The table `flows` is called `f`. */
export interface Where {
  conditions: string[];
  values: Value[];
}

/** A place in an index below which it is in the order of the start. */
export interface Source {
  /** Rows to read from: `f` is among them. */
  from: string;
  /** As much of it as tells place and number, without a look at the flow. */
  index: string;
  /** Instead of `from`, where the customer is asked for: by an index that tells him, without a look at the flow. */
  within?: string;
  /** The columns of the index with the start and with the number. */
  at: string;
  key: string;
  /** A condition with a place for each of the values. */
  pick: string;
  values: Value[];
  /** The shape that it is of. */
  shape?: number;
  /** The same of one customer, and of one shape, by an index of both. */
  ofTenant?: (tenant: number) => Source;
  ofShape?: (shape: number) => Source;
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
  /** The same asked of an open flow, by what their index holds. Default: as of others. */
  askOpen?: Where;
  /** Not more is found, or let pass, than is wanted. */
  exact: boolean;
  /** No flow is found by two of the sources, or by its place as well. */
  disjoint: boolean;
  /** What it takes to look at one that it finds, beside one in an index that holds what others ask. */
  cost: number;
  /** Where it wants flows of some tenants, or of some shapes: the numbers of these. */
  tenants?: number[];
  shapes?: number[];
  /** Shapes that what it wants may have, where that is known: what another filter wants of others is not looked for. */
  among?: number[];
  /** Filters that want nothing more of what it finds. Default: this one. */
  says?: Wanted[];
}

/** More values than this are asked of each flow instead. */
export const MOST_WALKS = 300;

/** Where the index does not hold what is asked, as in a posting, each flow must be looked up. */
export const COST_OF_POSTING = 5;

/** Finds what terms of a search want; where only conditions are needed there is nothing to find them by. */
export type FindTerm = (term: ReturnType<typeof termsOf>[number]) => Wanted;

/**
 * What the filters want, apart from the time and from which health; `null` where no flow can match.
 *
 * @param findTerm where what is wanted is to be planned: then it is worth a look which flows cannot match.
 */
export function wantedOf(filter: FlowFilter, numbers: Numbers, findTerm?: FindTerm): Wanted[] | null {
  const { tenants, labels } = numbers;
  const wanted: Wanted[] = [];
  if (filter.tenant?.length) {
    const found = numbersOf(filter.tenant, (tenant) => tenants.find(tenant));
    const ask = found.length === 0 ? NOTHING : anyOf("f.tenant", found);
    wanted.push({ ...EXACTLY, sources: found.map(ofTenant), ask, tenants: found });
  }
  if (filter.status?.length) {
    const found = numbersOf(filter.status, statusCode);
    wanted.push({ ...EXACTLY, sources: found.map(ofStatus), ask: anyOf("f.status", found) });
  }
  const ofShapes = wantedShapes(filter, numbers);
  if (ofShapes !== null) wanted.push(ofShapes);
  for (const [key, values] of Object.entries(filter.labels ?? {})) {
    const isPlanned = findTerm !== undefined;
    posting(
      "label_flows",
      "label",
      values,
      (value) => (isPlanned && !mayHave(key, value) ? undefined : labels.stored(key, value)),
      isPlanned ? (label) => labels.shapesOf(label) : undefined,
    );
  }
  posting("step_flows", "step", filter.step, (step) => step);
  if (filter.health?.length) wanted.push(OPEN);
  if (findTerm !== undefined) wanted.push(...termsOf(filter.q ?? "").map(findTerm));
  const cannotBe = ({ sources, places }: Wanted) => sources?.length === 0 && places.length === 0;
  return wanted.some(cannotBe) || shapesOf(wanted)?.length === 0 ? null : wanted;

  /** Whether any of the customers that are asked for may have it. */
  function mayHave(key: string, value: string): boolean {
    const ofTenants = wanted.find((each) => each.tenants !== undefined)?.tenants;
    if (ofTenants === undefined || ofTenants.length > MOST_WALKS) return true;
    return ofTenants.some((tenant) => labels.mayHave(tenant, key, value));
  }

  function posting<N extends string | number>(
    table: string,
    name: string,
    values: string[] | undefined,
    find: (value: string) => N | undefined,
    shapesOfOne?: ((value: N) => number[]) | undefined,
  ): void {
    if (!values?.length) return;
    const found = numbersOf(values, find);
    wanted.push({
      sources: found.map((value) => ofPosting(table, name, value)),
      places: [],
      ask: found.length === 0 ? NOTHING : isPosted(table, name, found),
      exact: true,
      // A flow has one value of a label, but may stand at several steps.
      disjoint: table === "label_flows" || found.length === 1,
      cost: COST_OF_POSTING,
      ...(shapesOfOne && { among: found.flatMap(shapesOfOne) }),
    });
  }
}

/** Shapes that a flow may have with which all filters are content; `null`: any. */
export function shapesOf(wanted: Wanted[]): number[] | null {
  const sets = wanted.flatMap(({ among }) => (among === undefined ? [] : [among]));
  const [first, ...more] = sets.map((among) => new Set(among));
  return first === undefined ? null : [...first].filter((shape) => more.every((each) => each.has(shape)));
}

/** Flows of these names in which these services took part; `null`: neither is asked for. */
function wantedShapes({ name, service }: FlowFilter, { texts, shapes }: Numbers): Wanted | null {
  if (!name?.length && !service?.length) return null;
  const names = numbersOf(name ?? [], (each) => texts.find(each));
  const ofNames = name?.length ? names.flatMap((each) => shapes.ofName(each)) : null;
  const withServices = service?.length
    ? new Set([...service.flatMap((each) => shapes.withService(each)), ...shapes.loose()])
    : null;
  const found =
    ofNames === null
      ? [...(withServices ?? [])]
      : ofNames.filter((shape) => withServices === null || withServices.has(shape));
  const ofMany = withServices === null && names.length > 0 ? anyOf("f.name", names) : null;
  return {
    ...EXACTLY,
    sources: found.map(ofShape),
    ask: found.length > MOST_ASKED ? ofMany : isOfShape(found),
    ...(ofMany && { askOpen: ofMany }),
    // Any service may have taken part in a loose one.
    exact: withServices === null || !found.some(isLoose),
    shapes: found,
    among: found,
  };
}

/**
 * By indices over two of them at once: those find nothing that the other is to let pass.
 *
 * @param among shapes that all of it may have, by which it is worth a look: most labels are of one name.
 */
export function together(wanted: Wanted[], among: number[] | undefined): Wanted[] {
  const byTenant = wanted.find(({ tenants }) => tenants !== undefined);
  const named = wanted.find(({ shapes }) => shapes !== undefined);
  const byShape = among === undefined ? named : ofShapes(among, named);
  const all = [...wanted.filter((each) => each !== named), ...(byShape === undefined ? [] : [byShape])];
  return all.flatMap((each) => [
    ...inBoth(byTenant, byTenant?.tenants, each, "ofTenant"),
    ...inBoth(byShape, byShape?.shapes, each, "ofShape"),
  ]);
}

/** @param named what wants these, and perhaps more. */
function ofShapes(shapes: number[], named: Wanted | undefined): Wanted {
  const sources = shapes.map(ofShape);
  const says = named === undefined ? [] : [named];
  return { ...EXACTLY, ask: ANY, ...named, sources, shapes, among: shapes, says };
}

/** Nothing where there is no such index, or they are too many. */
function inBoth(
  by: Wanted | undefined,
  numbers: number[] | undefined,
  other: Wanted,
  way: "ofTenant" | "ofShape",
): Wanted[] {
  const { sources, places } = other;
  if (by === undefined || numbers === undefined || sources === null || places.length > 0) return [];
  const ways = sources.flatMap((source) => source[way] ?? []);
  if (ways.length < sources.length || ways.length * numbers.length > MOST_WALKS) return [];
  const among = way === "ofShape" ? numbers : other.among;
  return [
    {
      sources: numbers.flatMap((number) => ways.map((source) => source(number))),
      places: [],
      ask: by.ask && other.ask && both(by.ask, other.ask),
      exact: by.exact && other.exact,
      disjoint: by.disjoint && other.disjoint,
      cost: other.cost,
      says: [by, other].flatMap((each) => each.says ?? [each]),
      ...(among && { among }),
    },
  ];
}

/** More numbers than this are not asked of each flow. */
export const MOST_ASKED = 256;

const NOTHING: Where = { conditions: ["0"], values: [] };
const ANY: Where = { conditions: [], values: [] };

const EXACTLY = { places: [], exact: true, disjoint: true, cost: 1 } satisfies Partial<Wanted>;

/** Flows that have not ended: no other has a health. */
export const OPEN: Wanted = {
  ...EXACTLY,
  sources: [
    {
      ...byIndex("flows_open", "f.duration_us IS NULL", []),
      counted: `SELECT sum(flows) FROM flow_counts WHERE status NOT IN (${END_STATUSES.map(statusCode).join()})`,
    },
  ],
  ask: { conditions: ["f.duration_us IS NULL"], values: [] },
};

const FAILED = [statusCode("failed"), statusCode("cancelled")];
/** Which flows are in their indices, as those say it: SQLite reads them for nothing else. */
const HAS_FAILED = `f.status IN (${FAILED.join(", ")})`;

/** By this way all flows are found. */
export const ALL: Source[] = STATUSES.map((status) => ofStatus(statusCode(status)));

function ofTenant(tenant: number): Source {
  const counted = "SELECT flows FROM tenants WHERE number = ?";
  return { ...byIndex("flows_by_tenant", "f.tenant = ?", [tenant]), counted };
}

function ofStatus(status: number): Source {
  const counted = "SELECT flows FROM flow_counts WHERE status = ?";
  return {
    ...byIndex("flows_by_status", "f.status = ?", [status]),
    counted,
    ...(FAILED.includes(status) && {
      ofTenant: (tenant) => ofTenantAndFailed(tenant, status),
      ofShape: (shape) => ofShapeAndFailed(shape, status),
    }),
  };
}

export function ofShape(shape: number): Source {
  const counted = isLoose(shape)
    ? "SELECT flows FROM loose_names WHERE name = -?"
    : "SELECT flows FROM shapes WHERE number = ?";
  const ofTenant = (tenant: number) => ofTenantAndShape(tenant, shape);
  return { ...byIndex("flows_by_shape", "f.shape = ?", [shape]), shape, counted, ofTenant };
}

export function ofTenantAndShape(tenant: number, shape: number): Source {
  const source = byIndex("flows_by_tenant_shape", "f.tenant = ? AND f.shape = ?", [tenant, shape]);
  return { ...source, shape };
}

/** Of those that failed or were cancelled, as `ofShapeAndFailed`. */
function ofTenantAndFailed(tenant: number, status: number): Source {
  return byIndex("flows_failed_by_tenant", `f.tenant = ? AND f.status = ? AND ${HAS_FAILED}`, [
    tenant,
    status,
  ]);
}

function ofShapeAndFailed(shape: number, status: number): Source {
  const source = byIndex("flows_failed_by_shape", `f.shape = ? AND f.status = ? AND ${HAS_FAILED}`, [
    shape,
    status,
  ]);
  return { ...source, shape };
}

function byIndex(name: string, pick: string, values: Value[]): Source {
  const index = `flows f INDEXED BY ${name}`;
  return { from: index, index, at: "f.started_at", key: "f.pk", pick, values };
}

/** Not a reason for SQLite to walk by shape. */
export function isOfShape(shapes: number[]): Where {
  return shapes.length === 0 ? NOTHING : anyOf("+f.shape", shapes);
}

export function ofPosting(table: string, name: string, value: Value): Source {
  return { ...ofPostings(`${table} p`), pick: `p.${name} = ?`, values: [value] };
}

export function ofError(error: number): Source {
  const by = (name: "tenant" | "shape", number: number): Source => ({
    ...ofPostings(`error_flows p INDEXED BY error_flows_by_${name}`),
    pick: `p.${name} = ? AND p.error = ?`,
    values: [number, error],
  });
  return {
    ...ofPosting("error_flows", "error", error),
    counted: "SELECT flows FROM error_texts WHERE number = ?",
    ofTenant: (tenant) => by("tenant", tenant),
    ofShape: (shape) => ({ ...by("shape", shape), shape }),
  };
}

function ofPostings(index: string): Pick<Source, "from" | "within" | "index" | "at" | "key"> {
  return {
    // CROSS: the posting is read first.
    from: `${index} CROSS JOIN flows f ON f.pk = p.flow`,
    within: `${index} CROSS JOIN flows f INDEXED BY flows_by_tenant ON f.started_at = p.started_at AND f.pk = p.flow`,
    index,
    at: "p.started_at",
    key: "p.flow",
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

function both(a: Where, b: Where): Where {
  return { conditions: [...a.conditions, ...b.conditions], values: [...a.values, ...b.values] };
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

function numbersOf<T, N>(values: T[], find: (value: T) => N | undefined): N[] {
  return [...new Set(values)].flatMap((value) => find(value) ?? []);
}
