/** Filters over flows as SQL conditions. Values are always bound, never written into the text. */
import type { FlowFilter } from "../store.ts";

/** Conditions joined by "and", with the values for their `?` in order. */
export interface Where {
  conditions: string[];
  values: (string | number)[];
}

/** All filters but `health`, which depends on the clock; for that one, flows that have not ended. */
export function whereOf(filter: FlowFilter): Where {
  const where: Where = { conditions: [], values: [] };
  oneOf(where, "tenant", filter.tenant);
  oneOf(where, "name", filter.name);
  oneOf(where, "status", filter.status);
  if (filter.health?.length) where.conditions.push("ended_at IS NULL");
  for (const [key, wanted] of Object.entries(filter.labels ?? {})) {
    if (wanted.length === 0) continue;
    where.conditions.push(
      `EXISTS (SELECT 1 FROM labels WHERE flow = flows.pk AND key = ? AND value IN (${marks(wanted)}))`,
    );
    where.values.push(key, ...wanted);
  }
  if (filter.step?.length) {
    where.conditions.push(
      `EXISTS (SELECT 1 FROM json_each(stands_at) WHERE value IN (${marks(filter.step)}))`,
    );
    where.values.push(...filter.step);
  }
  if (filter.q) {
    where.conditions.push("instr(search, ?) > 0");
    where.values.push(filter.q.toLowerCase());
  }
  if (filter.from !== undefined) {
    where.conditions.push("started_at >= ?");
    where.values.push(filter.from);
  }
  if (filter.to !== undefined) {
    where.conditions.push("started_at < ?");
    where.values.push(filter.to);
  }
  return where;
}

/** `WHERE …`, or nothing where all pass. */
export function clause(where: Where): string {
  return where.conditions.length === 0 ? "" : `WHERE ${where.conditions.join(" AND ")}`;
}

function oneOf(where: Where, column: string, wanted: string[] | undefined): void {
  if (!wanted?.length) return;
  where.conditions.push(wanted.length === 1 ? `${column} = ?` : `${column} IN (${marks(wanted)})`);
  where.values.push(...wanted);
}

function marks(values: unknown[]): string {
  return values.map(() => "?").join(", ");
}
