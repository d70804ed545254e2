/** Lists of flows, and one flow with all that happened in it. */
import { definitionFrom } from "../definition.ts";
import type { ChildFlow, FlowDetail, FlowKey, FlowSummary } from "../flow.ts";
import { picture } from "../fold/index.ts";
import type { FlowQuery, Page } from "../store.ts";
import { decodeCursor, encodeCursor } from "../stores/cursor.ts";
import type { HealthReader } from "../stores/health-reader.ts";
import { idOf, type StoredId, storedId } from "./flow-id.ts";
import { FLOW_COLUMNS, type FlowRow, type FlowRows, type Numbers, type StoredSummary } from "./flow-rows.ts";
import type { Db } from "./open.ts";
import { statusOf } from "./status.ts";
import { type Place, type WalkRow, walker } from "./walk.ts";

interface ChildRow {
  tenant: number;
  id: StoredId;
  name: number;
  status: number;
}

export interface FlowQueries {
  list(query: FlowQuery): Page<FlowSummary>;
  detail(key: FlowKey): FlowDetail | undefined;
  has(key: FlowKey): boolean;
  /** Those of the rows that are still there. */
  summaries(pks: number[]): FlowSummary[];
}

export function flowQueries(db: Db, rows: FlowRows, numbers: Numbers, health: HealthReader): FlowQueries {
  const { texts, tenants } = numbers;
  const walk = walker(db, numbers);
  const children = db.prepare<[number, StoredId], ChildRow>(
    "SELECT tenant, id, name, status FROM flows WHERE parent_tenant = ? AND parent_id = ? ORDER BY started_at, pk",
  );
  const present = db
    .prepare<[StoredId, number], 1>("SELECT 1 FROM flows WHERE id = ? AND tenant = ?")
    .pluck();
  const byPk = db.prepare<[number], FlowRow>(`SELECT ${FLOW_COLUMNS} FROM flows WHERE pk = ?`);
  const toFlow = (row: FlowRow): FlowSummary =>
    health.complete(rows.summaryOf(row), row.runners === null ? [] : (JSON.parse(row.runners) as string[]));

  function childrenOf(key: FlowKey): ChildFlow[] {
    const tenant = tenants.find(key.tenant);
    if (tenant === undefined) return [];
    return children.all(tenant, storedId(key.id)).map((row) => ({
      tenant: tenants.nameOf(row.tenant),
      id: idOf(row.id),
      name: texts.textOf(row.name),
      status: statusOf(row.status),
    }));
  }

  return {
    list(query) {
      const wanted = query.health?.length ? new Set(query.health) : undefined;
      const q = query.q?.toLowerCase();
      const items: FlowSummary[] = [];
      let last: WalkRow | undefined;
      const { order, limit } = query;
      for (const row of walk(query, { order, after: placeOf(query.cursor), chunk: limit + 1 })) {
        const flow = toFlow(row);
        if (wanted !== undefined && (flow.health === null || !wanted.has(flow.health))) continue;
        if (q && !holds(flow, q)) continue;
        if (items.length === limit && last !== undefined) {
          return { items, nextCursor: encodeCursor([last.startedAt, last.pk]) };
        }
        items.push(flow);
        last = row;
      }
      return { items, nextCursor: null };
    },

    detail(key) {
      const flow = rows.load(key);
      if (flow === undefined) return undefined;
      const { summary, traceId, steps, events, definition, runners } = picture(flow.state);
      return {
        ...health.complete(summary, runners),
        traceId,
        steps,
        events,
        children: childrenOf(key),
        definition: definitionFrom(definition),
      };
    },

    has({ tenant, id }) {
      const number = tenants.find(tenant);
      return number !== undefined && present.get(storedId(id), number) !== undefined;
    },

    summaries(pks) {
      return pks.flatMap((pk) => {
        const row = byPk.get(pk);
        return row === undefined ? [] : [toFlow(row)];
      });
    },
  };
}

function placeOf(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined;
  const [startedAt, pk] = decodeCursor(cursor, ["number", "number"]) as [number, number];
  return { startedAt, pk };
}

/** @param q in lower case. */
function holds({ id, name, labels, error }: StoredSummary, q: string): boolean {
  const texts = [id, name, ...Object.values(labels)];
  if (error !== null) texts.push(error.type, error.message);
  return texts.some((text) => text.toLowerCase().includes(q));
}
