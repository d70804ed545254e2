/** Deleting finished flows, the oldest first, in pieces beside the traffic. */
import { END_STATUSES } from "@weir/sdk/attributes";
import type { Micros } from "../flow.ts";
import type { PruneQuery } from "../store.ts";
import type { Db } from "./file/open.ts";
import { otherWriters } from "./file/other-writers.ts";
import { Statements } from "./file/statements.ts";
import { add, clause, type Where } from "./queries/filter.ts";
import { idOf, type StoredId } from "./rows/flow-id.ts";
import type { FlowRows, Numbers } from "./rows/flow-rows.ts";
import type { HotFlows } from "./rows/hot-flows.ts";
import { statusCode } from "./rows/status.ts";

/** Pages given back to the file system after each piece. */
const PAGES_A_PIECE = 2_000;

const ENDED = END_STATUSES.map(statusCode);

interface OldRow {
  tenant: number;
  id: StoredId;
  startedAt: Micros;
}

export interface Pruner {
  prune(query: PruneQuery): number;
  /** How many flows that is, without a limit. Looks at each that started before. */
  count(query: Omit<PruneQuery, "limit">): number;
}

export function pruner(
  db: Db,
  rows: FlowRows,
  hot: HotFlows,
  { tenants, labels, definitions }: Numbers,
): Pruner {
  const statements = new Statements(db);
  const emptied = "SELECT number FROM tenants WHERE flows = 0";
  const dropNames = db.prepare(`DELETE FROM tenant_names WHERE tenant IN (${emptied})`);
  const dropLabels = db.prepare(`DELETE FROM tenant_labels WHERE tenant IN (${emptied})`);
  /** Flows that are still open are not met again by each piece of the same work. */
  let reached: { work: string; startedAt: Micros } | undefined;

  const othersWrote = otherWriters(db);

  const removeAll = db.transaction((old: OldRow[]) => {
    if (othersWrote()) rows.forget();
    for (const row of old) {
      const key = { tenant: tenants.nameOf(row.tenant), id: idOf(row.id) };
      rows.remove(key);
      hot.drop(key);
    }
    rows.finish();
    if (dropLabels.run().changes > 0) labels.forget();
    dropNames.run();
    definitions.dropUnused();
  });

  return {
    prune(query) {
      const work = JSON.stringify([query.tenant, query.exceptTenants]);
      const old = oldest(query, reached?.work === work ? reached.startedAt : 0);
      const last = old.at(-1);
      reached =
        last === undefined || old.length < query.limit ? undefined : { work, startedAt: last.startedAt };
      if (old.length === 0) return 0;
      try {
        removeAll.immediate(old);
      } catch (error) {
        rows.forget();
        throw error;
      }
      db.pragma(`incremental_vacuum(${PAGES_A_PIECE})`);
      return old.length;
    },

    count(query) {
      const where = whereOf(query, 0);
      const sql = `SELECT count(*) AS flows FROM flows INDEXED BY flows_by_tenant ${clause(where)}`;
      return statements.of<{ flows: number }>(sql).get(...where.values)?.flows ?? 0;
    },
  };

  function oldest(query: PruneQuery, from: Micros): OldRow[] {
    const where = whereOf(query, from);
    if (query.tenant !== undefined) return oldestBy("flows_by_tenant", where, query.limit);
    const old = ENDED.flatMap((status) => {
      const ofStatus = { conditions: ["status = ?", ...where.conditions], values: [status, ...where.values] };
      return oldestBy("flows_by_status", ofStatus, query.limit);
    });
    return old.sort((a, b) => a.startedAt - b.startedAt).slice(0, query.limit);
  }

  function oldestBy(index: string, where: Where, limit: number): OldRow[] {
    const sql = `SELECT tenant, id, started_at AS startedAt FROM flows INDEXED BY ${index} ${clause(where)}
      ORDER BY started_at LIMIT ?`;
    return statements.of<OldRow>(sql).all(...where.values, limit);
  }

  function whereOf(
    { endedBefore, tenant, exceptTenants = [] }: Omit<PruneQuery, "limit">,
    from: Micros,
  ): Where {
    const where: Where = { conditions: [], values: [] };
    // What started after the time can't have ended before it: there the search ends.
    add(where, "started_at >= ? AND started_at < ?", from, endedBefore);
    add(where, "duration_us IS NOT NULL AND started_at + duration_us < ?", endedBefore);
    if (tenant !== undefined) add(where, "tenant = ?", tenants.find(tenant) ?? -1);
    const spared = exceptTenants.flatMap((each) => tenants.find(each) ?? []);
    if (spared.length > 0) add(where, `tenant NOT IN (${spared.map(() => "?").join()})`, ...spared);
    return where;
  }
}
