import type { Micros } from "../../flow.ts";
import { LAST_RUNS } from "../../stores/usual.ts";
import type { Db } from "../file/open.ts";
import type { Numbers } from "../rows/flow-rows.ts";

/** Durations of the last finished runs of a tenant's flow. */
export function lastRuns(
  db: Db,
  { tenants, texts, shapes }: Numbers,
): (tenant: string, name: string) => Micros[] {
  const select = db.prepare<[number, number, number], { startedAt: Micros; duration: Micros }>(
    `SELECT started_at AS startedAt, duration_us AS duration FROM flows INDEXED BY flows_by_tenant_shape
     WHERE tenant = ? AND shape = ? AND duration_us IS NOT NULL ORDER BY started_at DESC LIMIT ?`,
  );
  return (tenant, name) => {
    const [ofTenant, ofName] = [tenants.find(tenant), texts.find(name)];
    if (ofTenant === undefined || ofName === undefined) return [];
    const runs = shapes.ofName(ofName).flatMap((shape) => select.all(ofTenant, shape, LAST_RUNS));
    runs.sort((a, b) => b.startedAt - a.startedAt);
    return runs.slice(0, LAST_RUNS).map(({ duration }) => duration);
  };
}
