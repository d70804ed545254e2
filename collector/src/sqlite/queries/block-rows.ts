/** What a block of flows has of a list that is sorted. */
import type { Micros } from "../../flow.ts";
import type { Db } from "../file/open.ts";
import { Statements } from "../file/statements.ts";
import { BLOCK } from "../rows/blocks.ts";
import { join, type Source, type Wanted, type Where } from "./filter.ts";
import type { Plan } from "./plan.ts";
import type { Ranked } from "./walk.ts";

/** Of a block the flows of so many places in indices are read, else all. */
const MOST_SOURCES = 12;

/** When flows of a block began. */
interface BlockTime {
  first: Micros;
  last: Micros;
}

/** Of a block, by its number: those whose value lies between two, both included. */
export type BlockReader = (block: number, least: number, most: number) => Ranked[];

/**
 * Reads by the index that the plan walks, as it tells all that is asked, and the flows themselves lie on ten times as many
 * pages. Flows that have no value, as those without an end where the order is by it, are left out.
 */
export function blockReaders(db: Db): (plan: Plan, value: string) => BlockReader {
  const statements = new Statements(db);
  const timeOfBlock = db.prepare<[number], BlockTime>(
    "SELECT first_started AS first, last_started AS last FROM blocks WHERE block = ?",
  );

  return ({ filter, lead, asks }, value) => {
    const rest: Where = { conditions: [...asks.conditions], values: [...asks.values] };
    const { from: earliest = 0, to: latest = Number.MAX_SAFE_INTEGER } = filter;
    const places: Pick<Source, "from" | "at" | "key" | "pick" | "values">[] = isFoundByTime(lead)
      ? lead.sources
      : [{ from: "flows f NOT INDEXED", at: "f.started_at", key: "f.pk", pick: "1", values: [] }];
    if (!isFoundByTime(lead) && lead?.ask) join(rest, lead.ask);
    const reads = places.map(({ from, at, key, pick, values }) => {
      const bounds = [`${key} BETWEEN ? AND ?`, `${value} BETWEEN ? AND ?`];
      const asked = [`${at} >= ? AND ${at} < ?`, pick, ...bounds, ...rest.conditions];
      const sql = `SELECT f.pk AS pk, ${value} AS value FROM ${from} WHERE ${asked.join(" AND ")}`;
      return { statement: statements.of<Ranked>(sql), values };
    });
    return (block, least, most) => {
      const { first, last } = timeOfBlock.get(block) ?? { first: 0, last: Number.MAX_SAFE_INTEGER };
      const time = [Math.max(earliest, first), Math.min(latest, last + 1)];
      const numbers = [block * BLOCK, block * BLOCK + BLOCK - 1];
      return reads.flatMap(({ statement, values }) =>
        statement.all(...time, ...values, ...numbers, least, most, ...rest.values),
      );
    };
  };
}

/** Whether a block's flows are found by the sources, by when they began, and each once. */
function isFoundByTime(lead: Wanted | null): lead is Wanted & { sources: Source[] } {
  if (lead === null || lead.sources === null || lead.places.length > 0 || !lead.disjoint) return false;
  return lead.sources.length <= MOST_SOURCES;
}
