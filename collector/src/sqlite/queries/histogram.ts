/** How many flows began when, by status: from what is counted where the filter allows, else from the newest of a list. */
import { STATUSES } from "@weir/sdk/attributes";
import type { FlowHistogram, FlowSummary, HistogramBucket, Micros, Status } from "../../flow.ts";
import type { FlowQuery, HistogramQuery, Page } from "../../store.ts";
import { bucketWidth, DAY_US, emptyBucket, HOUR_US } from "../../stores/slots.ts";
import { StatusTally } from "../../stores/status-tally.ts";
import { valueIn } from "../../value-in.ts";
import type { Db } from "../file/open.ts";
import { Statements } from "../file/statements.ts";
import type { Numbers } from "../rows/flow-rows.ts";
import { statusCode, statusOf } from "../rows/status.ts";
import type { StatsCount } from "../stats/count.ts";
import { clause, whereOf } from "./filter.ts";

/** Flows of buckets narrower than an hour, which nothing counts beforehand; where there are more, buckets are wider. */
const MOST_SCANNED = 20_000;
/** Flows that are looked at one by one. */
const MOST_LISTED = 2_000;
const PAGE = 500;

export interface HistogramParts {
  numbers: Numbers;
  count: StatsCount;
  list: (query: FlowQuery) => Page<FlowSummary>;
  now: () => Micros;
}

type Buckets = Map<Micros, HistogramBucket>;

export function histogramOf(
  db: Db,
  { numbers, count, list, now }: HistogramParts,
): (query: HistogramQuery) => FlowHistogram {
  const statements = new Statements(db);
  const endOf = (which: "min" | "max") => {
    const ofEach = STATUSES.map(
      (status) => `SELECT ${which}(started_at) AS at FROM flows WHERE status = ${statusCode(status)}`,
    );
    return `(SELECT ${which}(at) FROM (${ofEach.join(" UNION ALL ")}))`;
  };
  const ends = db.prepare<[], { first: Micros | null; last: Micros | null }>(
    `SELECT ${endOf("min")} AS first, ${endOf("max")} AS last`,
  );

  return ({ buckets: most, ...filter }) => {
    const { first, last } = ends.get() ?? { first: null, last: null };
    const from = filter.from ?? first ?? now();
    const to = filter.to ?? Math.max(now(), (last ?? 0) + 1);
    const width = bucketWidth(from, to, most);
    const { step, health, service, q } = filter;
    if (step?.length || health?.length || service?.length || q) return listed(filter, from, to, width);
    const scanned = width < HOUR_US ? scan(filter, width) : null;
    if (scanned !== null) return answer(scanned, { from, to, complete: true }, width);
    return counted(filter, from, to, Math.max(width, HOUR_US));
  };

  function counted(filter: HistogramFilter, from: Micros, to: Micros, width: Micros): FlowHistogram {
    const tallies = new Map<Micros, StatusTally>();
    const result = count(
      { ...filter, want: "flows", widest: width % DAY_US === 0 ? "day" : "hour", named: false, timed: false },
      (place) => valueIn(tallies, Math.floor(place.from / width) * width, () => new StatusTally()),
    );
    const wanted = STATUSES.filter((status) => !filter.status?.length || filter.status.includes(status));
    const buckets: Buckets = new Map();
    for (const [at, tally] of tallies) {
      const counts = tally.counts();
      // Nothing was counted in some, or all of it was taken away again.
      for (const status of wanted) if (counts[status] !== 0) addTo(buckets, at, status, counts[status]);
    }
    return answer(buckets, { ...result, from: result.from ?? from, to: result.to ?? to }, width);
  }

  /** `null` where there are too many. */
  function scan(filter: HistogramFilter, width: Micros): Buckets | null {
    const buckets: Buckets = new Map();
    // The index by status holds all that is wanted here; so does the one by tenant.
    const status = filter.status?.length || filter.tenant?.length ? filter.status : [...STATUSES];
    const where = whereOf({ ...filter, status }, numbers);
    if (where === null) return buckets;
    const found = statements
      .of<{ at: Micros; status: number; flows: number }>(
        `SELECT at, status, count(*) AS flows FROM
           (SELECT f.started_at / ? * ? AS at, f.status AS status FROM flows f ${clause(where)} LIMIT ?)
         GROUP BY at, status`,
      )
      .all(BigInt(width), BigInt(width), ...where.values, MOST_SCANNED + 1);
    let total = 0;
    for (const { at, status, flows } of found) {
      addTo(buckets, at, statusOf(status), flows);
      total += flows;
    }
    return total > MOST_SCANNED ? null : buckets;
  }

  function listed(filter: HistogramFilter, from: Micros, to: Micros, width: Micros): FlowHistogram {
    const buckets: Buckets = new Map();
    let cursor: string | undefined;
    let oldest = to;
    for (let seen = 0; seen < MOST_LISTED; seen += PAGE) {
      const { items, nextCursor } = list({ ...filter, cursor, limit: PAGE, order: "newest" });
      for (const { startedAt, status } of items) {
        addTo(buckets, Math.floor(startedAt / width) * width, status, 1);
        oldest = startedAt;
      }
      if (nextCursor === null) return answer(buckets, { from, to, complete: true }, width);
      cursor = nextCursor;
    }
    return answer(buckets, { from: oldest, to, complete: false }, width);
  }
}

type HistogramFilter = Omit<HistogramQuery, "buckets">;

function addTo(buckets: Buckets, at: Micros, status: Status, flows: number): void {
  valueIn(buckets, at, () => emptyBucket(at))[status] += flows;
}

function answer(
  buckets: Buckets,
  counted: Pick<FlowHistogram, "from" | "to" | "complete">,
  width: Micros,
): FlowHistogram {
  const inOrder = [...buckets.values()].sort((a, b) => a.at - b.at);
  return { ...counted, bucketMs: width / 1000, buckets: inOrder };
}
