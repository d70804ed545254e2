/**
 * Walking flows in the order of their start, by the index in which the fewest match. SQLite would guess which that is,
 * and for several values of one filter it would sort all that match before it gives the first. So the candidates are
 * counted, within a bound, and several values are walked side by side.
 */
import type { Micros } from "../flow.ts";
import type { FlowFilter } from "../store.ts";
import { add, askOf, clause, timeOf, type Wanted, type Where, wantedOf } from "./filter.ts";
import type { FlowRow, Numbers } from "./flow-rows.ts";
import { FLOW_COLUMNS } from "./flow-rows.ts";
import type { Db } from "./open.ts";
import { Statements } from "./statements.ts";

/** Where a walk stands: flows of one start are in the order of their rows. */
export interface Place {
  startedAt: Micros;
  pk: number;
}

export type WalkRow = FlowRow & Place;

export interface WalkOptions {
  order: "newest" | "oldest";
  /** Begin after this place. */
  after?: Place | undefined;
  /** How many rows are likely to be looked at. */
  chunk: number;
}

/** Beyond this a count says "many". */
const COUNTED = 20_000;
/** More values than this are asked of each flow instead. */
const MOST_WALKS = 32;

const EVERY: Wanted = {
  from: "flows f INDEXED BY flows_by_start",
  at: "f.started_at",
  pick: "? = 0",
  values: [0],
  counted: "flows f INDEXED BY flows_by_start",
  ask: "1",
};

/** One index, one value. */
interface Path {
  from: string;
  at: string;
  where: Where;
}

export function walker(
  db: Db,
  numbers: Numbers,
): (filter: FlowFilter, options: WalkOptions) => Generator<WalkRow> {
  const statements = new Statements(db);
  const columns = FLOW_COLUMNS.replaceAll(/\w+/g, "f.$&");

  return function* walk(filter, options) {
    const wanted = wantedOf(filter, numbers);
    if (wanted === null) return;
    const paths = pathsOf(filter, wanted);
    yield* merge(
      paths.map((path) => rowsOf(path, options)),
      options.order,
    );
  };

  function pathsOf(filter: FlowFilter, wanted: Wanted[]): Path[] {
    const lead = fewest(filter, wanted);
    return lead.values.map((value) => {
      const where = timeOf(filter, lead.at);
      add(where, lead.pick, value);
      for (const other of wanted) if (other !== lead) askOf(other, where);
      return { from: lead.from, at: lead.at, where };
    });
  }

  function fewest(filter: FlowFilter, wanted: Wanted[]): Wanted {
    let best = EVERY;
    let least = Number.POSITIVE_INFINITY;
    for (const candidate of wanted) {
      if (candidate.values.length > MOST_WALKS) continue;
      const most = Math.min(least, COUNTED);
      let count = 0;
      for (const value of candidate.values) {
        const where = timeOf(filter, candidate.at);
        add(where, candidate.pick, value);
        const sql = `SELECT count(*) FROM (SELECT 1 FROM ${candidate.counted} ${clause(where)} LIMIT ?)`;
        count +=
          statements
            .of<number>(sql)
            .pluck()
            .get(...where.values, most - count) ?? 0;
        if (count >= most) break;
      }
      // What is many is still better than every flow.
      if (count < least || best === EVERY) best = candidate;
      least = Math.min(least, count);
    }
    return best;
  }

  /** In chunks, for a statement that is being read from lends itself to nobody else. */
  function* rowsOf({ from, at, where }: Path, { order, after, chunk }: WalkOptions): Generator<WalkRow> {
    const [before, direction] = order === "newest" ? ["<", "DESC"] : [">", "ASC"];
    let place = after;
    for (let size = chunk; ; size = Math.min(size * 2, 1000)) {
      const here: Where = { conditions: [...where.conditions], values: [...where.values] };
      if (place !== undefined) add(here, `(${at}, f.pk) ${before} (?, ?)`, place.startedAt, place.pk);
      const sql = `SELECT ${columns}, f.started_at AS startedAt FROM ${from} ${clause(here)}
        ORDER BY ${at} ${direction}, f.pk ${direction} LIMIT ?`;
      const rows = statements.of<WalkRow>(sql).all(...here.values, size);
      yield* rows;
      place = rows.at(-1);
      if (rows.length < size || place === undefined) return;
    }
  }
}

/** Each is in order; so is what comes of them, and no flow comes twice. */
function* merge(sources: Generator<WalkRow>[], order: WalkOptions["order"]): Generator<WalkRow> {
  if (sources.length === 1) {
    yield* sources[0] as Generator<WalkRow>;
    return;
  }
  const sign = order === "newest" ? -1 : 1;
  const heads = sources.map((source) => source.next());
  let last: number | undefined;
  for (;;) {
    let next = -1;
    for (const [at, { value }] of heads.entries()) {
      if (value === undefined) continue;
      const head = heads[next]?.value;
      if (!head || sign * (value.startedAt - head.startedAt || value.pk - head.pk) < 0) next = at;
    }
    const row = heads[next]?.value;
    if (!row) return;
    if (row.pk !== last) yield row;
    last = row.pk;
    heads[next] = (sources[next] as Generator<WalkRow>).next();
  }
}
