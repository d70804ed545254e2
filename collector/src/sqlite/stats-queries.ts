/** Statistics by flow name. */
import type { Micros, StatsGroup, Status } from "../flow.ts";
import type { StatsFilter } from "../store.ts";
import { clause, type Where, whereOf } from "./filter.ts";
import type { Db } from "./open.ts";
import { Statements } from "./statements.ts";

interface CountRow {
  name: string;
  total: number;
  running: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  lastStatus: Status;
  lastStartedAt: Micros;
}

interface DurationRow {
  name: string;
  min: number;
  avg: number;
  p50: number;
  p95: number;
  max: number;
  last: number;
}

export function statsQueries(db: Db): (filter: StatsFilter) => StatsGroup[] {
  const statements = new Statements(db);
  return (filter) => {
    const where = whereOf(filter);
    // Beside an aggregate max(), SQLite takes the bare columns from the row that has the maximum.
    const counts = statements.of<CountRow>(
      `SELECT name, count(*) AS total,
         sum(status IN ('running', 'paused')) AS running, sum(status = 'succeeded') AS succeeded,
         sum(status = 'failed') AS failed, sum(status = 'cancelled') AS cancelled,
         status AS lastStatus, max(started_at) AS lastStartedAt
       FROM flows ${clause(where)} GROUP BY name ORDER BY lastStartedAt DESC, name`,
    );
    const ended: Where = { ...where, conditions: [...where.conditions, "ended_at IS NOT NULL"] };
    const durations = statements.of<DurationRow>(
      `WITH ranked AS (
         SELECT name, duration_us AS d,
           row_number() OVER (PARTITION BY name ORDER BY duration_us) AS rank,
           count(*) OVER (PARTITION BY name) AS n,
           first_value(duration_us) OVER (PARTITION BY name ORDER BY started_at DESC, tenant DESC, id DESC) AS last
         FROM flows ${clause(ended)})
       SELECT name, min(d) AS min, avg(d) AS avg, max(d) AS max, last,
         max(CASE WHEN rank = (n * 50 + 99) / 100 THEN d END) AS p50,
         max(CASE WHEN rank = (n * 95 + 99) / 100 THEN d END) AS p95
       FROM ranked GROUP BY name`,
    );
    const byName = new Map(durations.all(...ended.values).map((row) => [row.name, row]));
    return counts.all(...where.values).map(({ name, ...group }) => {
      const row = byName.get(name);
      return {
        key: name,
        ...group,
        durationMs: {
          min: toMs(row?.min),
          avg: toMs(row?.avg),
          p50: toMs(row?.p50),
          p95: toMs(row?.p95),
          max: toMs(row?.max),
          last: toMs(row?.last),
        },
      };
    });
  };
}

function toMs(micros: number | undefined): number | null {
  return micros === undefined ? null : Math.round(micros) / 1000;
}
