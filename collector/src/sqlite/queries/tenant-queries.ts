/** Customers, and what each takes up. */
import type { Micros } from "../../flow.ts";
import type { TenantPage, TenantQuery, TenantUsage } from "../../store.ts";
import { cursorAt, nameAt, pageOfTenants } from "../../stores/tenant-order.ts";
import type { Db } from "../file/open.ts";
import type { Numbers } from "../rows/flow-rows.ts";
import type { TenantHistory } from "../stats/tenant-history.ts";
import type { UnwellFlows } from "./unwell.ts";

/** Rows that are looked at between two looks at the clock. */
const PIECE = 10_000;

interface TenantRow {
  number: number;
  tenant: string;
  running: number;
  failed: number;
  lastActivityAt: Micros;
}

interface Found {
  rows: TenantRow[];
  /** The last that was looked at, where the time was over before all were. */
  reached: string | null;
}

export interface TenantQueries {
  list(query: TenantQuery): TenantPage;
  usage(tenant: string, atMost: number): TenantUsage;
}

export interface TenantQueryParts {
  unwell: UnwellFlows;
  history: TenantHistory;
  /** Milliseconds after which what was found is all that is told. */
  limitMs: number;
}

export function tenantQueries(
  db: Db,
  { tenants }: Numbers,
  { unwell, history, limitMs }: TenantQueryParts,
): TenantQueries {
  const select = "SELECT number, tenant, running, failed, last_at AS lastActivityAt FROM tenants";
  // One that is only named as somebody's parent has no flow yet.
  const isListed = "flows > 0 AND instr(lower(tenant), ?) > 0";
  const one = db.prepare<[string, string], TenantRow>(`${select} WHERE tenant = ? AND ${isListed}`);
  const between = db.prepare<[string, string, string], TenantRow>(
    `${select} WHERE tenant > ? AND tenant <= ? AND ${isListed}`,
  );
  const from = db.prepare<[string, string], TenantRow>(`${select} WHERE tenant > ? AND ${isListed}`);
  const endOfPiece = db
    .prepare<[string, number], string>(
      "SELECT tenant FROM tenants WHERE tenant > ? ORDER BY tenant LIMIT 1 OFFSET ?",
    )
    .pluck();
  const running = db.prepare<[number], number>("SELECT running FROM tenants WHERE number = ?").pluck();
  const someNames = db
    .prepare<[number, number], string>(
      "SELECT text FROM tenant_names JOIN texts ON number = name WHERE tenant = ? ORDER BY text LIMIT ?",
    )
    .pluck();
  const someKeys = db
    .prepare<[number, number], string>(
      "SELECT DISTINCT key FROM tenant_labels WHERE tenant = ? ORDER BY key LIMIT ?",
    )
    .pluck();

  /** In the order of names, of which a page needs no more than it shows; by what else they are ordered, all are needed. */
  function found({ tenant, q = "", order = "name", cursor, limit }: TenantQuery): Found {
    const text = q.toLowerCase();
    if (tenant !== undefined) return { rows: one.all(tenant, text), reached: null };
    const end = performance.now() + limitMs;
    const rows: TenantRow[] = [];
    let after = order === "name" && cursor !== undefined ? nameAt(cursor) : "";
    for (;;) {
      const last = endOfPiece.get(after, PIECE - 1);
      const piece = last === undefined ? from.all(after, text) : between.all(after, last, text);
      for (const row of piece) rows.push(row);
      if (last === undefined || (order === "name" && rows.length > limit)) return { rows, reached: null };
      if (performance.now() > end) return { rows, reached: last };
      after = last;
    }
  }

  return {
    list(query) {
      const { order = "name", history: days = 0, cursor, limit } = query;
      const byName = order === "name";
      const counts = unwell.byTenant();
      const failing = order === "attention" ? history.failing() : undefined;
      const { rows, reached } = found(query);
      const ranked = rows.map((row) => ({
        ...row,
        ...(counts.get(row.tenant) ?? { stalled: 0, lost: 0 }),
        failingMore: failing?.get(row.number) ?? null,
      }));
      const { items, nextCursor } = pageOfTenants(ranked, { order, cursor, limit });
      const isAsked = days > 0 || order === "attention";
      const histories = history.of(isAsked ? items.map(({ number }) => number) : [], days);
      return {
        items: items.map(({ number, ...item }) => {
          const known = histories.get(number);
          return { ...item, history: known?.days ?? [], failingMore: known?.failingMore ?? null };
        }),
        nextCursor: nextCursor ?? (byName && reached !== null ? cursorAt(reached) : null),
        complete: byName || reached === null,
      };
    },

    usage(tenant, atMost) {
      const number = tenants.find(tenant);
      if (number === undefined) return { openFlows: 0, names: [], labelKeys: [] };
      const openFlows = running.get(number) ?? 0;
      if (atMost === 0) return { openFlows, names: [], labelKeys: [] };
      return { openFlows, names: someNames.all(number, atMost), labelKeys: someKeys.all(number, atMost) };
    },
  };
}
