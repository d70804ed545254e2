/** Lists of flows, and one flow with all that happened in it. */
import type { ChildFlow, FlowDetail, FlowKey, FlowSummary } from "../flow.ts";
import { picture } from "../fold/index.ts";
import { matcher } from "../matcher.ts";
import type { FlowCount, FlowFilter, FlowPage, FlowQuery, StuckPage, StuckQuery } from "../store.ts";
import { type Context, detailOf } from "../stores/context.ts";
import { countFlows } from "../stores/flow-count.ts";
import { flowPage, type Reached, type WalkFrom } from "../stores/flow-page.ts";
import { comparePlaces, directionOf, orderBy, placeOf, sortedOf } from "../stores/order.ts";
import { pageOfUnwell, stuckFlow } from "../stores/stuck.ts";
import { idOf, type StoredId, storedId } from "./flow-id.ts";
import { FLOW_COLUMNS, type FlowRow, type FlowRows, type Numbers } from "./flow-rows.ts";
import type { Db } from "./open.ts";
import { statusOf } from "./status.ts";
import type { UnwellFlows } from "./unwell.ts";
import type { WalkOptions, WalkRow } from "./walk.ts";

interface ChildRow {
  tenant: number;
  id: StoredId;
  name: number;
  status: number;
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

export interface FlowQueryParts {
  rows: FlowRows;
  numbers: Numbers;
  unwell: UnwellFlows;
  context: Context;
  walk: (filter: FlowFilter, options: WalkOptions) => Generator<WalkRow>;
}

export function flowQueries(db: Db, { rows, numbers, unwell, context, walk }: FlowQueryParts): FlowQueries {
  const { texts, tenants } = numbers;
  const { health } = context;
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

  function* matching(filter: FlowFilter): Generator<FlowSummary> {
    const matches = matcher(filter);
    for (const row of walk(filter, { order: "newest", chunk: 500 })) {
      const flow = toFlow(row);
      if (matches(flow)) yield flow;
    }
  }

  function* found(query: FlowQuery, { after, back }: WalkFrom): Generator<Reached> {
    const matches = matcher(query);
    const by = orderBy(query.order);
    const direction = directionOf(query.order);
    const sign = back ? -1 : 1;
    const newest = direction * sign === -1;
    if (by === "start") {
      const place = after && { startedAt: after.value, pk: after.pk };
      for (const row of walk(query, {
        order: newest ? "newest" : "oldest",
        after: place,
        chunk: query.limit + 1,
      })) {
        const flow = toFlow(row);
        if (matches(flow)) yield { place: { rank: 0, value: row.startedAt, pk: row.pk }, flow };
      }
      return;
    }
    const all: Reached[] = [];
    for (const row of walk(query, { order: "newest", chunk: 500 })) {
      const flow = toFlow(row);
      const place = placeOf(by, sortedOf(flow), row.pk);
      if (after !== undefined && sign * comparePlaces(direction, place, after) <= 0) continue;
      if (matches(flow)) all.push({ place, flow });
    }
    yield* all.sort((a, b) => sign * comparePlaces(direction, a.place, b.place));
  }

  return {
    list: (query) => flowPage(query, (from) => found(query, from)),

    count: (filter) => countFlows(matching(filter)),

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
