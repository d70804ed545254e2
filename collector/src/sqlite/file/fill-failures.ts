/** Writes down which flows failed with which kind of error, in a file of before this was: as a part of its migration. */
import type { Database } from "better-sqlite3";
import type { FlowError, FlowSummary } from "../../flow.ts";
import { picture } from "../../fold/index.ts";
import { kindOfError, kindText } from "../../stores/error-kind.ts";
import { unpackFlow } from "../rows/flow-bytes.ts";
import { statusCode } from "../rows/status.ts";
import { ALL_TENANTS, PART } from "../stats/parts.ts";

interface FailedRow {
  tenant: number;
  name: number;
  startedAt: number;
  summary: string | null;
  state: Buffer;
}

const NO_KEY = { tenant: "", id: "" };
const NO_DEFINITIONS = { textOf: () => "", numberOf: () => 0 };

export function fillFailures(db: Database): void {
  const failed = db
    .prepare<[number], number>(
      `SELECT pk FROM flows INDEXED BY flows_by_status
       WHERE status = ? AND pk > (SELECT uncounted_to FROM stats_state) ORDER BY pk`,
    )
    .pluck();
  const rowOf = db.prepare<[number], FailedRow>(
    "SELECT tenant, name, started_at AS startedAt, summary, state FROM flows WHERE pk = ?",
  );
  const textOf = db.prepare<[number], string>("SELECT text FROM texts WHERE number = ?").pluck();
  // Those that are not told apart have no example.
  const errorOf = db
    .prepare<[number, number, number, string], number>(
      `SELECT number FROM stats_kept JOIN stats_parts ON number = part
       WHERE tenant = ? AND name = ? AND kind = ? AND text = ?`,
    )
    .pluck();
  const put = db.prepare<[number, number, number, number]>(
    "INSERT INTO failures (tenant, error, started_at, flow) VALUES (?, ?, ?, ?)",
  );
  const texts = { textOf: (number: number) => textOf.get(number) ?? "" };

  function saidBy({ summary, state }: FailedRow): FlowError | null {
    if (summary !== null) return (JSON.parse(summary) as FlowSummary).error;
    return picture(unpackFlow(state, NO_KEY, texts, NO_DEFINITIONS)).summary.error;
  }

  for (const pk of failed.all(statusCode("failed"))) {
    const row = rowOf.get(pk) as FailedRow;
    const said = saidBy(row);
    const error = said && errorOf.get(row.tenant, row.name, PART.error, kindText(kindOfError(said)));
    if (!error) continue;
    for (const tenant of [row.tenant, ALL_TENANTS]) put.run(tenant, error, row.startedAt, pk);
  }
}
