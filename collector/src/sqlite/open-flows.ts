/** The flows that have not ended, and how each is at this moment. */
import type { Health, Micros, Status } from "../flow.ts";
import type { HealthReader } from "./health-reader.ts";
import type { Db } from "./open.ts";

interface OpenRow {
  pk: number;
  tenant: string;
  name: string;
  status: Status;
  startedAt: Micros;
  runners: string;
}

export interface OpenFlow {
  pk: number;
  tenant: string;
  health: Health;
}

/** Costs a look at each open flow: for now and then, not for each request. */
export function openFlowsOf(db: Db, health: HealthReader): () => OpenFlow[] {
  const select = db.prepare<[], OpenRow>(
    "SELECT pk, tenant, name, status, started_at AS startedAt, runners FROM flows WHERE ended_at IS NULL",
  );
  return () =>
    select.all().map((row) => ({
      pk: row.pk,
      tenant: row.tenant,
      health: health.of({ ...row, endedAt: null }, JSON.parse(row.runners) as string[]) ?? "ok",
    }));
}
