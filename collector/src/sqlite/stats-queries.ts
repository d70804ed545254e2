/** Statistics by flow name. */
import type { Micros, StatsGroup } from "../flow.ts";
import type { StatsFilter } from "../store.ts";
import { add, clause, type Where, whereOf } from "./filter.ts";
import type { Numbers } from "./flow-rows.ts";
import type { Db } from "./open.ts";
import { Statements } from "./statements.ts";
import { statusCode, statusOf } from "./status.ts";

interface CountRow {
  name: number;
  total: number;
  running: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  lastStatus: number;
  lastStartedAt: Micros;
}

interface DurationRow {
  name: number;
  min: number;
  avg: number;
  p50: number;
  p95: number;
  max: number;
  last: number;
}

const [RUNNING, PAUSED, SUCCEEDED, FAILED, CANCELLED] = (
  ["running", "paused", "succeeded", "failed", "cancelled"] as const
).map(statusCode);

export function statsQueries(db: Db, numbers: Numbers): (filter: StatsFilter) => StatsGroup[] {
  const statements = new Statements(db);
  return (filter) => {
    const where = whereOf(filter, numbers);
    if (where === null) return [];
    // Beside an aggregate max(), SQLite takes the bare columns from the row that has the maximum.
    const counts = statements.of<CountRow>(
      `SELECT name, count(*) AS total, sum(status IN (${RUNNING}, ${PAUSED})) AS running,
         sum(status = ${SUCCEEDED}) AS succeeded, sum(status = ${FAILED}) AS failed,
         sum(status = ${CANCELLED}) AS cancelled, status AS lastStatus, max(started_at) AS lastStartedAt
       FROM flows f ${clause(where)} GROUP BY name`,
    );
    const ended: Where = { conditions: [...where.conditions], values: [...where.values] };
    add(ended, "f.duration_us IS NOT NULL");
    const durations = statements.of<DurationRow>(
      `WITH ranked AS (
         SELECT name, duration_us AS d,
           row_number() OVER (PARTITION BY name ORDER BY duration_us) AS rank,
           count(*) OVER (PARTITION BY name) AS n,
           first_value(duration_us) OVER (PARTITION BY name ORDER BY started_at DESC, pk DESC) AS last
         FROM flows f ${clause(ended)})
       SELECT name, min(d) AS min, avg(d) AS avg, max(d) AS max, last,
         max(CASE WHEN rank = (n * 50 + 99) / 100 THEN d END) AS p50,
         max(CASE WHEN rank = (n * 95 + 99) / 100 THEN d END) AS p95
       FROM ranked GROUP BY name`,
    );
    const byName = new Map(durations.all(...ended.values).map((row) => [row.name, row]));
    const groups = counts.all(...where.values).map(({ name, lastStatus, ...group }) => {
      const row = byName.get(name);
      return {
        key: numbers.texts.textOf(name),
        ...group,
        lastStatus: statusOf(lastStatus),
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
    return groups.sort((a, b) => b.lastStartedAt - a.lastStartedAt || (a.key < b.key ? -1 : 1));
  };
}

function toMs(micros: number | undefined): number | null {
  return micros === undefined ? null : Math.round(micros) / 1000;
}
