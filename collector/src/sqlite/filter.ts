/** Filters over flows as SQL. Values are always bound, never written into the text. */
import type { FlowFilter } from "../store.ts";
import type { Numbers } from "./flow-rows.ts";
import { statusCode } from "./status.ts";

/** Conditions joined by "and", with the values for their `?` in order. The table `flows` is called `f`. */
export interface Where {
  conditions: string[];
  values: (string | number)[];
}

/** What one filter wants: each value by itself finds flows in an index that is in the order of their start. */
export interface Wanted {
  /** Rows to read from, with their start in `at` and a place for one value: `f` is among them. */
  from: string;
  at: string;
  pick: string;
  values: (string | number)[];
  /** Enough of it to count by. */
  counted: string;
  /** The same asked of a flow that was found otherwise. */
  ask: string;
}

/** What the filters want, apart from the time, from `q` and from which health; `null` where no flow can match. */
export function wantedOf(filter: FlowFilter, { texts, tenants, labels }: Numbers): Wanted[] | null {
  const wanted: Wanted[] = [];
  column("tenant", filter.tenant, (tenant) => tenants.find(tenant));
  column("name", filter.name, (name) => texts.find(name));
  column("status", filter.status, statusCode);
  for (const [key, values] of Object.entries(filter.labels ?? {})) {
    posting("label_flows", "label", values, (value) => labels.stored(key, value));
  }
  posting("step_flows", "step", filter.step, (step) => step);
  if (filter.health?.length) {
    wanted.push({
      from: "flows f INDEXED BY flows_open",
      at: "f.started_at",
      pick: "f.duration_us IS NULL AND ? = 0",
      values: [0],
      counted: "flows f INDEXED BY flows_open",
      ask: "f.duration_us IS NULL",
    });
  }
  return wanted.some(({ values }) => values.length === 0) ? null : wanted;

  function column<T>(name: string, values: T[] | undefined, find: (value: T) => number | undefined): void {
    if (!values?.length) return;
    const found = numbers(values, find);
    wanted.push({
      from: `flows f INDEXED BY flows_by_${name}`,
      at: "f.started_at",
      pick: `f.${name} = ?`,
      values: found,
      counted: `flows f INDEXED BY flows_by_${name}`,
      ask: `f.${name} IN (${marks(found)})`,
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
      // CROSS: the posting is read first.
      from: `${table} p CROSS JOIN flows f ON f.pk = p.flow`,
      at: "p.started_at",
      pick: `p.${name} = ?`,
      values: found,
      counted: `${table} p`,
      ask: `EXISTS (SELECT 1 FROM ${table} WHERE ${name} IN (${marks(found)}) AND started_at = f.started_at AND flow = f.pk)`,
    });
  }
}

/** All of it, for a question that looks at every flow which matches. */
export function whereOf(filter: FlowFilter, numbers: Numbers): Where | null {
  const wanted = wantedOf(filter, numbers);
  if (wanted === null) return null;
  const where = timeOf(filter, "f.started_at");
  for (const each of wanted) askOf(each, where);
  return where;
}

/** @param at the column that has the start. */
export function timeOf({ from, to }: FlowFilter, at: string): Where {
  const where: Where = { conditions: [], values: [] };
  if (from !== undefined) add(where, `${at} >= ?`, from);
  if (to !== undefined) add(where, `${at} < ?`, to);
  return where;
}

/** Adds what `wanted` asks to `where`. */
export function askOf({ ask, values }: Wanted, where: Where): void {
  where.conditions.push(ask);
  if (ask.includes("?")) where.values.push(...values);
}

export function add(where: Where, condition: string, ...values: (string | number)[]): void {
  where.conditions.push(condition);
  where.values.push(...values);
}

/** `WHERE …`, or nothing where all pass. */
export function clause(where: Where): string {
  return where.conditions.length === 0 ? "" : `WHERE ${where.conditions.join(" AND ")}`;
}

function numbers<T, N>(values: T[], find: (value: T) => N | undefined): N[] {
  return [...new Set(values)].flatMap((value) => find(value) ?? []);
}

function marks(values: unknown[]): string {
  return values.map(() => "?").join(", ");
}
