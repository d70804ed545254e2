/** Lists of flows, and one flow with all that happened in it. */
import { END_STATUSES } from "@weir/sdk/attributes";
import type { ChildFlow, FlowDetail, FlowKey, FlowSummary, Micros, Status } from "../../flow.ts";
import { picture } from "../../fold/index.ts";
import { matcher } from "../../matcher.ts";
import type { FlowCount, FlowFilter, FlowPage, FlowQuery, StuckPage, StuckQuery } from "../../store.ts";
import { type Context, detailOf } from "../../stores/context.ts";
import { type Counted, FlowTally } from "../../stores/flow-count.ts";
import { encodeFlowCursor } from "../../stores/flow-cursor.ts";
import { flowPage, type Reached, type WalkFrom } from "../../stores/flow-page.ts";
import { directionOf, orderBy, type Place } from "../../stores/order.ts";
import { StatusTally } from "../../stores/status-tally.ts";
import { pageOfUnwell, stuckFlow } from "../../stores/stuck.ts";
import type { Db } from "../file/open.ts";
import { idOf, type StoredId, storedId } from "../rows/flow-id.ts";
import { FLOW_COLUMNS, type FlowRow, type FlowRows, type Numbers } from "../rows/flow-rows.ts";
import { statusOf } from "../rows/status.ts";
import type { StatsCount } from "../stats/count.ts";
import type { Plan } from "./plan.ts";
import { type SortedOptions, sorter } from "./sorted.ts";
import type { UnwellFlows } from "./unwell.ts";
import { type Columns, LIST_COLUMNS, type Walked, type Walker, type WalkOptions } from "./walk.ts";

interface ChildRow {
  tenant: number;
  id: StoredId;
  name: number;
  status: number;
}

interface CountRow {
  tenant: number;
  name: number;
  status: number;
  startedAt: Micros;
  duration: Micros | null;
  runners: string | null;
}

/** A page shows a list without its count: so that may have less of the time. */
const SHARE_OF_COUNT = 0.12;
/** To read the statistics of a month takes as long as to look at so many. */
const MANY_TO_COUNT = 1_000;

const COUNT_COLUMNS: Columns<CountRow> = {
  sql: "f.tenant, f.name, f.status, f.started_at AS startedAt, f.duration_us AS duration, f.runners",
};

export interface FlowQueryParts {
  rows: FlowRows;
  numbers: Numbers;
  unwell: UnwellFlows;
  context: Context;
  walker: Walker;
  /** Of all flows. */
  countOfAll: () => FlowCount;
  /** Counts flows by what statistics know of them. */
  counted: StatsCount;
  /** Milliseconds for a question about many flows. */
  limitMs: number;
  /** So many to look at are not put in order by hand. */
  many: number | undefined;
}

export interface FlowQueries {
  list(query: FlowQuery): FlowPage;
  count(filter: FlowFilter): FlowCount;
  detail(key: FlowKey): FlowDetail | undefined;
  stuck(query: StuckQuery): StuckPage;
  has(key: FlowKey): boolean;
  /** Those of the rows that are still there. */
  summaries(pks: number[]): FlowSummary[];
}

export function flowQueries(
  db: Db,
  { rows, numbers, unwell, context, walker, countOfAll, counted, limitMs, many }: FlowQueryParts,
): FlowQueries {
  const { texts, tenants } = numbers;
  const { health } = context;
  const sort = sorter(db, { numbers, walker, counted, many });
  const timer = (ms = limitMs) => {
    const end = performance.now() + ms;
    return () => performance.now() > end;
  };
  const children = db.prepare<[number, StoredId], ChildRow>(
    "SELECT tenant, id, name, status FROM flows WHERE parent_tenant = ? AND parent_id = ? ORDER BY started_at, pk",
  );
  const present = db
    .prepare<[StoredId, number], 1>("SELECT 1 FROM flows WHERE id = ? AND tenant = ?")
    .pluck();
  const byPk = db.prepare<[number], FlowRow>(`SELECT ${FLOW_COLUMNS} FROM flows WHERE pk = ?`);
  const toFlow = (row: FlowRow): FlowSummary =>
    health.complete(rows.summaryOf(row), row.runners === null ? [] : (JSON.parse(row.runners) as string[]));

  function childrenOf(key: FlowKey): ChildFlow[] {
    const tenant = tenants.find(key.tenant);
    if (tenant === undefined) return [];
    return children.all(tenant, storedId(key.id)).map((row) => ({
      tenant: tenants.nameOf(row.tenant),
      id: idOf(row.id),
      name: texts.textOf(row.name),
      status: statusOf(row.status),
    }));
  }

  function* found(query: FlowQuery, { after, back }: WalkFrom, isLate: () => boolean): Generator<Reached> {
    const by = orderBy(query.order);
    const direction = back ? (-directionOf(query.order) as 1 | -1) : directionOf(query.order);
    if (by === "start") {
      yield* byStart(query, { after, direction, rank: 0 });
      return;
    }
    const last = () => (by === "activity" ? [] : byStart(query, { after, direction, rank: 1 }));
    if (back) yield* last();
    if (back || after === undefined || after.rank === 0) {
      yield* sorted(query, {
        by,
        direction,
        after: after?.rank === 0 ? after : undefined,
        likely: query.limit + 1,
        isLate,
        markOf: (place) => encodeFlowCursor(query, { place, back }),
        goOn: query.cursor,
      });
    }
    if (!back) yield* last();
  }

  /** @param rank 1: those that have not ended, after all others. */
  function* byStart(
    query: FlowQuery,
    { after, direction, rank }: { after: Place | undefined; direction: 1 | -1; rank: number },
  ): Generator<Reached> {
    // On the way back those that have ended are behind.
    if (after !== undefined && after.rank !== rank && direction !== directionOf(query.order)) return;
    const plan = walker.plan(query, { openOnly: rank === 1 });
    if (plan === null) return;
    const matches = matcher(query);
    for (const { startedAt, pk, row } of rowsOf(query, plan, {
      newestFirst: direction === -1,
      after: after?.rank === rank ? { startedAt: after.value, pk: after.pk } : undefined,
      chunk: query.limit + 1,
    })) {
      const flow = row === null ? null : toFlow(row);
      yield {
        place: { rank, value: startedAt, pk },
        flow: flow !== null && matches(flow) ? flow : null,
      };
    }
  }

  /** How an open flow is, an index tells: where that is asked only what is wanted is read. */
  function* rowsOf(
    { health: healths }: FlowQuery,
    plan: Plan,
    options: Omit<WalkOptions<unknown>, "columns">,
  ): Generator<Walked<FlowRow>> {
    if (!healths?.length) {
      yield* walker.walk(plan, { ...options, columns: LIST_COLUMNS });
      return;
    }
    const read = walker.one(LIST_COLUMNS);
    for (const { startedAt, pk, row } of walker.walk(plan, { ...options, columns: COUNT_COLUMNS })) {
      const is = row === null ? null : toCounted(row).health;
      yield { startedAt, pk, row: is !== null && healths.includes(is) ? (read(pk) ?? null) : null };
    }
  }

  function* sorted(query: FlowQuery, options: SortedOptions): Generator<Reached> {
    const plan = walker.plan(query);
    if (plan === null) return;
    const matches = matcher(query);
    const read = walker.one(LIST_COLUMNS);
    for (const { place, isFlow } of sort(plan, options)) {
      const row = isFlow ? read(place.pk) : undefined;
      const flow = row === undefined ? null : toFlow(row);
      yield { place, flow: flow !== null && matches(flow) ? flow : null };
    }
  }

  function count(filter: FlowFilter): FlowCount {
    if (isEmpty(filter)) return countOfAll();
    const plan = walker.plan(filter);
    // The time is for what there is to count, however long it took to plan.
    const tally = new FlowTally(timer(limitMs * SHARE_OF_COUNT));
    if (plan === null) return tally.done(true);
    const isWhole = plan.exact ? countExact(filter, plan, tally) : countOneByOne(filter, plan, tally);
    return tally.done(isWhole);
  }

  /** Those that have ended are counted without a look at each; of the others health is wanted, and they are few. */
  function countExact(filter: FlowFilter, plan: Plan, tally: FlowTally): boolean {
    const { status, health: healths } = filter;
    const open = walker.plan(filter, { openOnly: true });
    if (open !== null && (!status?.length || status.some(isOpen))) {
      const wanted = healths?.length ? healths : undefined;
      for (const { row } of walker.walk(open, { newestFirst: true, chunk: 500, columns: COUNT_COLUMNS })) {
        const flow = row === null ? null : toCounted(row);
        const isWanted =
          flow !== null && (wanted === undefined || (flow.health !== null && wanted.includes(flow.health)));
        if (!tally.add(isWanted ? flow : null)) return false;
      }
    }
    if (healths?.length || (status?.length && status.every(isOpen))) return true;
    if (plan.cost >= Math.min(MANY_TO_COUNT, many ?? MANY_TO_COUNT)) {
      const isWhole = countFromStatistics(filter, tally);
      if (isWhole !== undefined) return isWhole;
    }
    // What was over with the last piece is whole.
    let isOver = false;
    for (const piece of walker.ended(plan)) {
      if (isOver) return false;
      for (const { status: code, flows } of piece) tally.addEnded(statusOf(code), flows);
      isOver = tally.isOver;
    }
    return true;
  }

  /**
   * Those that have ended.
   *
   * @returns whether all were; `undefined` where statistics do not tell exactly these from others.
   */
  function countFromStatistics(
    { service, step, q, health: _, status, ...filter }: FlowFilter,
    tally: FlowTally,
  ): boolean | undefined {
    if (service?.length || step?.length || q) return undefined;
    const all = new StatusTally();
    let isCut = false;
    const isLate = () => {
      isCut = tally.isOver;
      return isCut;
    };
    const { complete, from, to } = counted(
      { ...filter, want: "flows", widest: "ever", walk: false, isLate },
      () => all,
    );
    const isExact = from === (filter.from ?? null) && to === (filter.to ?? null);
    if (!isExact || !(complete || isCut)) return undefined;
    const counts = all.counts();
    for (const each of END_STATUSES) {
      if (!status?.length || status.includes(each)) tally.addKnown(each, Math.max(0, counts[each]));
    }
    return !isCut;
  }

  function countOneByOne(filter: FlowFilter, plan: Plan, tally: FlowTally): boolean {
    const matches = matcher(filter);
    for (const { row } of walker.walk(plan, { newestFirst: true, chunk: 500, columns: LIST_COLUMNS })) {
      const flow = row === null ? null : toFlow(row);
      if (!tally.add(flow !== null && matches(flow) ? flow : null)) return false;
    }
    return true;
  }

  function toCounted({ tenant, name, status, startedAt, duration, runners }: CountRow): Counted {
    const flow = {
      status: statusOf(status),
      startedAt,
      endedAt: duration === null ? null : startedAt + duration,
    };
    const alive = runners === null ? [] : (JSON.parse(runners) as string[]);
    const named = { tenant: tenants.nameOf(tenant), name: texts.textOf(name) };
    return {
      status: flow.status,
      health: duration === null ? health.of({ ...named, ...flow }, alive) : null,
    };
  }

  return {
    list(query) {
      const isLate = timer();
      return flowPage(query, (from) => found(query, from, isLate), isLate);
    },

    count,

    detail(key) {
      const state = rows.load(key);
      return state && detailOf(picture(state), childrenOf(key), context);
    },

    stuck(query) {
      const { items, nextCursor, counts } = pageOfUnwell(unwell.worst(), query);
      return {
        items: items.flatMap(({ pk }) => {
          const row = byPk.get(pk);
          return (row && stuckFlow(rows.pictureOf(row), context)) ?? [];
        }),
        nextCursor,
        counts,
      };
    },

    has({ tenant, id }) {
      const number = tenants.find(tenant);
      return number !== undefined && present.get(storedId(id), number) !== undefined;
    },

    summaries(pks) {
      return pks.flatMap((pk) => {
        const row = byPk.get(pk);
        return row === undefined ? [] : [toFlow(row)];
      });
    },
  };
}

function isOpen(status: Status): boolean {
  return status === "running" || status === "paused";
}

function isEmpty(filter: FlowFilter): boolean {
  return Object.values(filter).every(
    (wanted) => wanted === undefined || (typeof wanted !== "number" && Object.keys(wanted).length === 0),
  );
}
