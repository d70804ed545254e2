/** Lists of flows, and one flow with all that happened in it. */
import type { ChildFlow, FlowDetail, FlowKey, FlowSummary } from "../flow.ts";
import { picture } from "../fold/index.ts";
import type { FlowQuery, Page } from "../store.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { clause, whereOf } from "./filter.ts";
import type { FlowRows, StoredSummary } from "./flow-rows.ts";
import type { HealthReader } from "./health-reader.ts";
import type { Db } from "./open.ts";
import { Statements } from "./statements.ts";

interface ListRow {
  summary: string;
  runners: string;
}

export interface FlowQueries {
  list(query: FlowQuery): Page<FlowSummary>;
  detail(key: FlowKey): FlowDetail | undefined;
  /** Those of the rows that are still there. */
  summaries(pks: number[]): FlowSummary[];
}

export function flowQueries(db: Db, rows: FlowRows, health: HealthReader): FlowQueries {
  const statements = new Statements(db);
  const children = db.prepare<[string, string], ChildFlow>(
    "SELECT tenant, id, name, status FROM flows WHERE parent_tenant = ? AND parent_id = ? ORDER BY started_at, tenant, id",
  );

  const byPk = db.prepare<[number], ListRow>("SELECT summary, runners FROM flows WHERE pk = ?");
  const toFlow = ({ summary, runners }: ListRow): FlowSummary =>
    health.complete(JSON.parse(summary) as StoredSummary, JSON.parse(runners) as string[]);

  return {
    list(query) {
      const newest = query.order === "newest";
      const where = whereOf(query);
      if (query.cursor !== undefined) {
        where.conditions.push(`(started_at, tenant, id) ${newest ? "<" : ">"} (?, ?, ?)`);
        where.values.push(...decodeCursor(query.cursor, ["number", "string", "string"]));
      }
      const direction = newest ? "DESC" : "ASC";
      const sql = `SELECT summary, runners FROM flows ${clause(where)}
        ORDER BY started_at ${direction}, tenant ${direction}, id ${direction}`;
      const wanted = query.health?.length ? new Set(query.health) : undefined;

      const items: FlowSummary[] = [];
      let more = false;
      for (const row of statements.of<ListRow>(sql).iterate(...where.values)) {
        const flow = toFlow(row);
        if (wanted !== undefined && (flow.health === null || !wanted.has(flow.health))) continue;
        if (items.length === query.limit) {
          more = true;
          break;
        }
        items.push(flow);
      }
      const last = items.at(-1);
      return {
        items,
        nextCursor: more && last !== undefined ? encodeCursor([last.startedAt, last.tenant, last.id]) : null,
      };
    },

    detail(key) {
      const flow = rows.load(key);
      if (flow === undefined) return undefined;
      const { summary, steps, events, runners } = picture(flow.state);
      return {
        ...health.complete(summary, runners),
        steps,
        events,
        children: children.all(key.tenant, key.id),
      };
    },

    summaries(pks) {
      return pks.flatMap((pk) => {
        const row = byPk.get(pk);
        return row === undefined ? [] : [toFlow(row)];
      });
    },
  };
}
