/** What a block of flows has of a list that is sorted. */
import type { Micros } from "../../flow.ts";
import type { OrderBy } from "../../stores/order.ts";
import type { Db } from "../file/open.ts";
import { Statements } from "../file/statements.ts";
import { BLOCK } from "../rows/blocks.ts";
import { join, type Source, type Wanted, type Where } from "./filter.ts";
import type { Plan } from "./plan.ts";

export interface SortRow {
  pk: number;
  startedAt: Micros;
  duration: Micros | null;
  active: Micros | null;
}

const SORT_COLUMNS =
  "f.pk AS pk, f.started_at AS startedAt, f.duration_us AS duration, f.active_us AS active";

/** Of a block the flows of so many places in indices are read, else all. */
const MOST_SOURCES = 12;

/** When flows of a block began. */
interface BlockTime {
  first: Micros;
  last: Micros;
}

/** By the number of a block. */
export type BlockReader = (block: number) => SortRow[];

/**
 * Reads by the index that the plan walks, as it tells all that is asked, and the flows themselves lie on ten times as many
 * pages. Flows that have no end are left out where the order is by it.
 */
export function blockReaders(db: Db): (plan: Plan, by: OrderBy) => BlockReader {
  const statements = new Statements(db);
  const timeOfBlock = db.prepare<[number], BlockTime>(
    "SELECT first_started AS first, last_started AS last FROM blocks WHERE block = ?",
  );

  return ({ filter, lead, asks }, by) => {
    const rest: Where = { conditions: [askedBy(by)], values: [] };
    join(rest, asks);
    const { from: earliest = 0, to: latest = Number.MAX_SAFE_INTEGER } = filter;
    const places: Pick<Source, "from" | "at" | "key" | "pick" | "values">[] = isFoundByTime(lead)
      ? lead.sources
      : [{ from: "flows f NOT INDEXED", at: "f.started_at", key: "f.pk", pick: "1", values: [] }];
    if (!isFoundByTime(lead) && lead?.ask) join(rest, lead.ask);
    const reads = places.map(({ from, at, key, pick, values }) => {
      const asked = [`${at} >= ? AND ${at} < ?`, pick, `${key} BETWEEN ? AND ?`, ...rest.conditions];
      const sql = `SELECT ${SORT_COLUMNS} FROM ${from} WHERE ${asked.join(" AND ")}`;
      return { statement: statements.of<SortRow>(sql), values };
    });
    return (block) => {
      const { first, last } = timeOfBlock.get(block) ?? { first: 0, last: Number.MAX_SAFE_INTEGER };
      const time = [Math.max(earliest, first), Math.min(latest, last + 1)];
      const numbers = [block * BLOCK, block * BLOCK + BLOCK - 1];
      return reads.flatMap(({ statement, values }) =>
        statement.all(...time, ...values, ...numbers, ...rest.values),
      );
    };
  };
}

/** Whether a block's flows are found by the sources, by when they began, and each once. */
function isFoundByTime(lead: Wanted | null): lead is Wanted & { sources: Source[] } {
  if (lead === null || lead.sources === null || lead.places.length > 0 || !lead.disjoint) return false;
  return lead.sources.length <= MOST_SOURCES;
}

function askedBy(by: OrderBy): string {
  return by === "activity" ? "1" : "f.duration_us IS NOT NULL";
}
