/** Customers, and what each takes up. */
import type { Micros, TenantSummary } from "../../flow.ts";
import type { Page, TenantQuery, TenantUsage } from "../../store.ts";
import { pageOfTenants } from "../../stores/tenant-order.ts";
import type { Db } from "../file/open.ts";
import type { Numbers } from "../rows/flow-rows.ts";
import type { TenantHistory } from "../stats/tenant-history.ts";
import type { UnwellFlows } from "./unwell.ts";

interface TenantRow {
  number: number;
  tenant: string;
  running: number;
  failed: number;
  lastActivityAt: Micros;
}

export interface TenantQueries {
  list(query: TenantQuery): Page<TenantSummary>;
  usage(tenant: string, atMost: number): TenantUsage;
}

export function tenantQueries(
  db: Db,
  { tenants }: Numbers,
  { unwell, history }: { unwell: UnwellFlows; history: TenantHistory },
): TenantQueries {
  // One that is only named as somebody's parent has no flow yet.
  const select = db.prepare<[string, string | null], TenantRow>(
    `SELECT number, tenant, running, failed, last_at AS lastActivityAt FROM tenants
     WHERE flows > 0 AND instr(lower(tenant), ?) > 0 AND tenant = coalesce(?, tenant)`,
  );
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

  return {
    list({ q, tenant, order, history: days = 0, cursor, limit }) {
      const counts = unwell.byTenant();
      const failing = order === "attention" ? history.failing() : undefined;
      const ranked = select.all((q ?? "").toLowerCase(), tenant ?? null).map((row) => ({
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
        nextCursor,
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
