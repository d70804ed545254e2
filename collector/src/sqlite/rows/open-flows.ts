/** The flows that have not ended, and how each is at this moment. */
import type { Health, Micros } from "../../flow.ts";
import type { HealthReader } from "../../stores/health-reader.ts";
import type { Db } from "../file/open.ts";
import type { Numbers } from "./flow-rows.ts";
import { statusOf } from "./status.ts";

interface OpenRow {
  pk: number;
  tenant: number;
  name: number;
  status: number;
  startedAt: Micros;
  runners: string | null;
}

export interface OpenFlow {
  pk: number;
  tenant: string;
  name: string;
  health: Health;
  /** Since when it is that. */
  since: Micros;
}

/** Costs a look at each open flow: for now and then, not for each request. */
export function openFlowsOf(db: Db, { tenants, texts }: Numbers, health: HealthReader): () => OpenFlow[] {
  const select = db.prepare<[], OpenRow>(
    `SELECT pk, tenant, name, status, started_at AS startedAt, runners FROM flows INDEXED BY flows_open
     WHERE duration_us IS NULL`,
  );
  return () =>
    select.all().map(({ pk, startedAt, runners, ...row }) => {
      const tenant = tenants.nameOf(row.tenant);
      const flow = {
        tenant,
        name: texts.textOf(row.name),
        status: statusOf(row.status),
        startedAt,
        endedAt: null,
      };
      const condition = health.conditionOf(flow, runners === null ? [] : (JSON.parse(runners) as string[]));
      return { pk, tenant, name: flow.name, ...(condition ?? { health: "ok", since: startedAt }) };
    });
}
