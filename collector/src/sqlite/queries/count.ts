import type { StatsFilter } from "../../store.ts";
import type { Db } from "../file/open.ts";
import type { Numbers } from "../rows/flow-rows.ts";
import { clause, whereOf } from "./filter.ts";

/** How many flows match. */
export function counter(db: Db, numbers: Numbers): (filter: StatsFilter) => number {
  return (filter) => {
    const where = whereOf(filter, numbers);
    if (where === null) return 0;
    const sql = `SELECT count(*) FROM flows f ${clause(where)}`;
    return (
      db
        .prepare<unknown[], number>(sql)
        .pluck()
        .get(...where.values) ?? 0
    );
  };
}
