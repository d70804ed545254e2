/** What customers use, for pickers: flow names and labels. Names may be made of data, so both are read in pieces. */
import type { LabelValues, Listed } from "../../store.ts";
import type { Db } from "../file/open.ts";
import { Statements } from "../file/statements.ts";
import type { Numbers } from "../rows/flow-rows.ts";
import { VALUES_PER_LABEL } from "../rows/labels.ts";
import { add, clause, type Value, type Where } from "./filter.ts";

/** Nobody picks from more. */
const MOST_LISTED = 10_000;
/** Rows that are looked at between two looks at the clock. */
const PIECE = 10_000;

interface Label {
  key: string;
  value: string;
}

export interface PickerQueries {
  names(tenant?: string): Listed<string>;
  labels(tenant?: string): Listed<LabelValues>;
}

/** @param limitMs milliseconds after which what was found is all that is told. */
export function pickerQueries(db: Db, { tenants, texts }: Numbers, limitMs: number): PickerQueries {
  const statements = new Statements(db);

  /** What one tenant uses, or all do, each once; nothing where there is no such tenant. */
  function used<T>(
    tenant: string | undefined,
    { table, key, wanted, markOf }: Used<T>,
  ): { found: T[]; complete: boolean } {
    const end = performance.now() + limitMs;
    const found = new Map<string, T>();
    const ofOne: Where = { conditions: [], values: [] };
    if (tenant !== undefined) {
      const number = tenants.find(tenant);
      if (number === undefined) return { found: [], complete: true };
      add(ofOne, "tenant = ?", number);
    }
    let after: Value[] | undefined;
    for (;;) {
      const where: Where = { conditions: [...ofOne.conditions], values: [...ofOne.values] };
      const places = `(${key.map(() => "?").join()})`;
      if (after !== undefined) add(where, `(${key.join()}) > ${places}`, ...after);
      const last = statements
        .of<Value[]>(
          `SELECT ${key.join()} FROM ${table} ${clause(where)} ORDER BY ${key.join()} LIMIT 1 OFFSET ?`,
        )
        .raw()
        .get(...where.values, PIECE - 1);
      if (last !== undefined) add(where, `(${key.join()}) <= ${places}`, ...last);
      const piece = statements.of<T>(`SELECT DISTINCT ${wanted} FROM ${table} ${clause(where)}`);
      for (const each of piece.all(...where.values)) found.set(markOf(each), each);
      if (found.size > MOST_LISTED)
        return { found: [...found.values()].slice(0, MOST_LISTED), complete: false };
      if (last === undefined) return { found: [...found.values()], complete: true };
      if (performance.now() > end) return { found: [...found.values()], complete: false };
      after = last;
    }
  }

  return {
    names(tenant) {
      const { found, complete } = used(tenant, NAMES);
      return { items: found.map(({ name }) => texts.textOf(name)).sort(), complete };
    },

    labels(tenant) {
      const { found, complete } = used(tenant, LABELS);
      const byKey = Map.groupBy(found, ({ key }) => key);
      const items = [...byKey.keys()].sort().map((key) => {
        const values = (byKey.get(key) ?? []).map(({ value }) => value);
        return { key, values: values.sort().slice(0, VALUES_PER_LABEL) };
      });
      return { items, complete };
    },
  };
}

/** A table of what tenants use. */
interface Used<T> {
  table: string;
  /** Its primary key. */
  key: string[];
  wanted: string;
  /** Tells two apart. */
  markOf: (row: T) => string;
}

const NAMES: Used<{ name: number }> = {
  table: "tenant_names",
  key: ["tenant", "name"],
  wanted: "name",
  markOf: ({ name }) => `${name}`,
};
const LABELS: Used<Label> = {
  table: "tenant_labels",
  key: ["tenant", "key", "value"],
  wanted: "key, value",
  markOf: ({ key, value }) => `${key.length}:${key}${value}`,
};
