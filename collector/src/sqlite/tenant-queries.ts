/** Customers, and what they use: flow names and labels. */
import type { Micros, TenantSummary } from "../flow.ts";
import type { LabelValues, Page, TenantQuery } from "../store.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import type { Db } from "./open.ts";
import type { OpenFlow } from "./open-flows.ts";

/** How long a count of the unwell may be reused: looking at each open flow costs, and minutes are what matters. */
const UNWELL_FRESH_MS = 1_000;
const VALUES_PER_LABEL = 100;

interface TenantRow {
  tenant: string;
  running: number;
  failed: number;
  lastActivityAt: Micros;
}

interface Unwell {
  stalled: number;
  lost: number;
}

export interface TenantQueries {
  list(query: TenantQuery): Page<TenantSummary>;
  names(tenant?: string): string[];
  labels(tenant?: string): LabelValues[];
}

export function tenantQueries(db: Db, openFlows: () => OpenFlow[]): TenantQueries {
  const select = db.prepare<[string, string, number], TenantRow>(
    `SELECT tenant, running, failed, last_at AS lastActivityAt FROM tenants
     WHERE tenant > ? AND instr(lower(tenant), ?) > 0 ORDER BY tenant LIMIT ?`,
  );
  const tenants = db.prepare<[], string>("SELECT tenant FROM tenants ORDER BY tenant").pluck();
  // Each "next after" is one look into an index, so the cost is by distinct values, not by flows.
  const nextName = db
    .prepare<[string, string], string>(
      "SELECT name FROM flows WHERE tenant = ? AND name > ? ORDER BY name LIMIT 1",
    )
    .pluck();
  const nextKey = db
    .prepare<[string, string], string>(
      "SELECT key FROM labels WHERE tenant = ? AND key > ? ORDER BY key LIMIT 1",
    )
    .pluck();
  const nextValue = db
    .prepare<[string, string, string], string>(
      "SELECT value FROM labels WHERE tenant = ? AND key = ? AND value > ? ORDER BY value LIMIT 1",
    )
    .pluck();

  let unwell = new Map<string, Unwell>();
  let unwellAt = Number.NEGATIVE_INFINITY;

  function countUnwell(): Map<string, Unwell> {
    if (performance.now() - unwellAt < UNWELL_FRESH_MS) return unwell;
    unwell = new Map();
    for (const flow of openFlows()) {
      if (flow.health === "ok") continue;
      const counts = unwell.get(flow.tenant) ?? { stalled: 0, lost: 0 };
      counts[flow.health] += 1;
      unwell.set(flow.tenant, counts);
    }
    unwellAt = performance.now();
    return unwell;
  }

  return {
    list({ q, cursor, limit }) {
      const after = cursor === undefined ? "" : String(decodeCursor(cursor, ["string"])[0]);
      const rows = select.all(after, (q ?? "").toLowerCase(), limit + 1);
      const more = rows.length > limit;
      const counts = countUnwell();
      const items = rows
        .slice(0, limit)
        .map((row) => ({ ...row, ...(counts.get(row.tenant) ?? { stalled: 0, lost: 0 }) }));
      const last = items.at(-1);
      return { items, nextCursor: more && last !== undefined ? encodeCursor([last.tenant]) : null };
    },

    names(tenant) {
      const names = new Set<string>();
      for (const each of tenant === undefined ? tenants.all() : [tenant]) {
        for (const name of distinct((after) => nextName.get(each, after))) names.add(name);
      }
      return [...names].sort();
    },

    labels(tenant) {
      const byKey = new Map<string, Set<string>>();
      for (const each of tenant === undefined ? tenants.all() : [tenant]) {
        for (const key of distinct((after) => nextKey.get(each, after))) {
          const values = byKey.get(key) ?? new Set();
          byKey.set(key, values);
          for (const value of distinct((after) => nextValue.get(each, key, after))) {
            if (values.size >= VALUES_PER_LABEL) break;
            values.add(value);
          }
        }
      }
      return [...byKey]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, values]) => ({ key, values: [...values].sort() }));
    },
  };
}

function* distinct(next: (after: string) => string | undefined): Generator<string> {
  for (let value = next(""); value !== undefined; value = next(value)) yield value;
}
