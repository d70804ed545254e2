import type { Micros } from "../../flow.ts";
import { LAST_RUNS } from "../../stores/usual.ts";
import type { Db } from "../file/open.ts";
import type { Numbers } from "../rows/flow-rows.ts";

/** Among this many of the tenant's last flows: it may have a million of another name. */
const LOOKED_AT = 20_000;

/** Durations of the last finished runs of a tenant's flow. */
export function lastRuns(db: Db, { tenants, texts }: Numbers): (tenant: string, name: string) => Micros[] {
  const select = db
    .prepare<[number, number, number, number], number>(
      `SELECT duration_us FROM
         (SELECT name, duration_us FROM flows INDEXED BY flows_by_tenant WHERE tenant = ? ORDER BY started_at DESC LIMIT ?)
       WHERE name = ? AND duration_us IS NOT NULL LIMIT ?`,
    )
    .pluck();
  return (tenant, name) => {
    const [ofTenant, ofName] = [tenants.find(tenant), texts.find(name)];
    if (ofTenant === undefined || ofName === undefined) return [];
    return select.all(ofTenant, LOOKED_AT, ofName, LAST_RUNS);
  };
}
