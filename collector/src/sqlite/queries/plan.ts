/**
 * How a filter is best answered: by which of its parts flows are found, and what is asked of each of them then. What
 * there is of each part is told by small tables, or estimated. That decides what is quicker, never what is found.
 */
import type { Micros } from "../../flow.ts";
import type { FlowFilter } from "../../store.ts";
import { valueIn } from "../../value-in.ts";
import type { Db } from "../file/open.ts";
import { Statements } from "../file/statements.ts";
import type { Numbers } from "../rows/flow-rows.ts";
import { termFinder } from "../search/terms.ts";
import {
  ALL,
  add,
  COST_OF_POSTING,
  clause,
  join,
  MOST_WALKS,
  OPEN,
  type Source,
  shapesOf,
  timeOf,
  together,
  type Wanted,
  type Where,
  wantedOf,
} from "./filter.ts";

/** How a filter is best answered. */
export interface Plan {
  filter: FlowFilter;
  /** `null`: all flows are walked. */
  lead: Wanted | null;
  /**
   * About what it takes to look at all that the lead leaves: as many flows, where an index holds what is asked of them. A guess,
   * where they are many.
   */
  cost: number;
  /** About how many flows match, were no filter to have to do with another. */
  matches: number;
  /** What is asked of each candidate, besides the time. */
  asks: Where;
  /** About which share of the candidates passes that. */
  passing: number;
  /** Of that, what an index of flows tells. */
  held: Where;
  /** What has to be looked up for each; and about which share of the candidates passes. */
  lookedUp: Where & { passing: number };
  /** What the plan finds is what is wanted, without a look at the flow itself. */
  exact: boolean;
  /** Shapes that what is wanted may have; `null`: any. */
  shapes: number[] | null;
}

export interface PlanOptions {
  /** Leave out flows that have ended. */
  openOnly?: boolean;
}

/** `null` where no flow can match. */
export type Planner = (filter: FlowFilter, options?: PlanOptions) => Plan | null;

/** Flows of a filter that are counted to choose by which to walk: to count all would take longer than the walk. */
const PROBED = 1_000;
const PROBED_OF_STATUS = 64;
/** Where there are more, they are counted at so many times, for traffic differs by hour and day. Several sources share these. */
const TIMES_PROBED = 8;
/** To look for a flow in a posting, where those before and after it are near, takes as long as to look at so many. */
const COST_OF_ASKING = 0.5;
/** To look in an index of customers whose a flow of a posting is takes as long as to look at so many. */
const COST_WITHIN = 3;
/** What has only shapes that more of all flows have is not looked for by these. */
const MOST_TOLD = 0.5;
/** To begin a walk takes as long as to look at so many. */
const COST_OF_WALK = 8;

/** What was found out about a filter. */
interface Found {
  /** Shapes that what the lead finds may have, and that all of it may; `null`: any. */
  led: number[] | null;
  common: number[] | null;
  /** About how many flows there are in its time, and of each part. */
  total: number;
  flowsOf: ReadonlyMap<Wanted, number>;
  /** Which share of all flows is of these shapes. */
  share: (shapes: number[] | null) => number;
}

interface Probe {
  count: number;
  oldest: Micros | null;
}

export function planner(db: Db, numbers: Numbers): Planner {
  const statements = new Statements(db);
  const findTerm = termFinder(db, numbers);
  return plan;

  function plan(filter: FlowFilter, { openOnly = false }: PlanOptions = {}): Plan | null {
    const wanted = wantedOf(filter, numbers, findTerm);
    if (wanted === null) return null;
    if (openOnly && !filter.health?.length) wanted.push(OPEN);
    const flowsOf = new Map<Wanted, number>();
    const common = shapesOf(wanted);
    const share = sharesOf(wanted);
    const isTold = common !== null && share(common) <= MOST_TOLD;
    const all = [...wanted, ...together(wanted, isTold ? common : undefined)];
    const { lead, cost } = cheapest(filter, all, flowsOf);
    const said = lead === null ? [] : (lead.says ?? [lead]);
    const others = wanted.filter((each) => !said.includes(each));
    const asked = lead === OPEN ? others.map((each) => ({ ...each, ask: each.askOpen ?? each.ask })) : others;
    const asks = allOf(asked);
    const exact = wanted.every((each) => each.exact) && others.every(({ ask }) => ask !== null);
    const total = ALL.reduce((sum, source) => sum + about(filter, source, PROBED_OF_STATUS, 1), 0);
    const led = lead?.among ?? null;
    const passing = (some: Wanted[]) => passingOf(some, { led, common, total, flowsOf, share });
    const found = lead === null ? total : (flowsOf.get(lead) ?? 0);
    const lookedUp = others.filter(({ cost }) => cost > 1);
    return {
      filter,
      lead: lead !== null && others.some(({ tenants }) => tenants !== undefined) ? withinTenants(lead) : lead,
      cost,
      matches: found * passing(others),
      asks,
      passing: passing(others),
      held: allOf(asked.filter(({ cost }) => cost === 1)),
      lookedUp: { ...allOf(lookedUp), passing: passing(lookedUp) },
      exact,
      shapes: common,
    };
  }

  /**
   * About which share of what the lead finds passes others as well, were they to have nothing to do with each other but that
   * shapes have: most labels are of one name, so of its flows far more have them than of all.
   */
  function passingOf(some: Wanted[], { led, common, total, flowsOf, share }: Found): number {
    const ofAll = (each: Wanted) => Math.min(1, (flowsOf.get(each) ?? total) / Math.max(1, total));
    const inCommon = some.length === 0 ? 1 : share(common) / share(led);
    return some.reduce(
      (passing, each) => passing * Math.min(1, ofAll(each) / share(each.among ?? null)),
      Math.min(1, inCommon),
    );
  }

  /** Where none but names and services tell shapes, they want all of these. */
  function sharesOf(wanted: Wanted[]): Found["share"] {
    if (wanted.every(({ among, shapes }) => among === undefined || shapes !== undefined)) return () => 1;
    const all = Math.max(1, numbers.shapes.flows());
    const shares = new Map<number[], number>();
    const shareOf = (shapes: number[]) => Math.max(1, numbers.shapes.flowsOf(shapes)) / all;
    return (shapes) => (shapes === null ? 1 : valueIn(shares, shapes, () => shareOf(shapes)));
  }

  /** @param flowsOf is told about how many flows each has. */
  function cheapest(
    filter: FlowFilter,
    wanted: Wanted[],
    flowsOf: Map<Wanted, number>,
  ): { lead: Wanted | null; cost: number } {
    const ofTenants = wanted.find(({ tenants }) => tenants !== undefined);
    let lead: Wanted | null = null;
    let least = Number.POSITIVE_INFINITY;
    let cost = Number.MAX_SAFE_INTEGER;
    for (const each of wanted) {
      const { sources, places } = each;
      if (sources === null || sources.length > MOST_WALKS) continue;
      // The other indices do not tell whose a flow is.
      const isLookedUp = ofTenants !== undefined && each !== ofTenants && !each.says?.includes(ofTenants);
      const costOfLooking = sources[0]?.within === undefined ? COST_OF_POSTING : COST_WITHIN;
      const toFind = isLookedUp ? costOfLooking : each.cost;
      // What others ask of each is looked up in a posting too.
      const postings = wanted.filter((other) => other !== each && other.cost > 1).length;
      const most = Math.ceil(PROBED / Math.max(1, sources.length));
      let flows = places.length + COST_OF_WALK * sources.length;
      const times = Math.max(1, Math.floor(TIMES_PROBED / Math.max(1, sources.length)));
      for (const source of sources) flows += about(filter, source, most, times);
      flowsOf.set(each, flows);
      // What is much is still better than every flow.
      const costOfAll = flows * (toFind + COST_OF_ASKING * postings);
      if (lead === null || costOfAll < least) {
        lead = each;
        least = costOfAll;
        cost = flows * toFind;
      }
    }
    return { lead, cost };
  }

  /** How many flows a source has. Up to `most` are counted; of more, how close together they began at so many times tells it. */
  function about(filter: FlowFilter, source: Source, most: number, times: number): number {
    const { counted, values } = source;
    const ofAllTime =
      counted === undefined
        ? Number.POSITIVE_INFINITY
        : (statements
            .of<number>(counted)
            .pluck()
            .get(...values) ?? 0);
    if (counted !== undefined && filter.from === undefined && filter.to === undefined) return ofAllTime;
    const newest = newestOf(filter, source, most);
    if (newest.count < most) return newest.count;
    const first = Math.max(filter.from ?? 0, endOfAll("ASC"));
    const last = Math.min(filter.to ?? Number.MAX_SAFE_INTEGER, endOfAll("DESC") + 1);
    const width = Math.max(1, (last - first) / times);
    let flows = 0;
    for (let n = 1; n <= times; n += 1) {
      const to = Math.ceil(first + n * width);
      // The last of these times ends with the newest, and those are counted.
      const { count, oldest } =
        n === times ? newest : newestOf({ from: first, to }, source, Math.ceil(most / times));
      flows += (count * width) / Math.max(1, to - (oldest ?? first));
    }
    return Math.min(ofAllTime, Math.max(newest.count, flows));
  }

  /** How many there are, up to so many, and when the first of these began. */
  function newestOf(filter: FlowFilter, { index, at, pick, values }: Source, most: number): Probe {
    const where = timeOf(filter, at);
    add(where, pick, ...values);
    const newest = `SELECT ${at} AS at FROM ${index} ${clause(where)} ORDER BY ${at} DESC LIMIT ?`;
    const probe = statements.of<Probe>(`SELECT count(*) AS count, min(at) AS oldest FROM (${newest})`);
    return probe.get(...where.values, most) as Probe;
  }

  /** When the first flow began, or the last. */
  function endOfAll(direction: "ASC" | "DESC"): Micros {
    const ends = ALL.flatMap(({ from, pick, values }) => {
      const sql = `SELECT f.started_at FROM ${from} WHERE ${pick} ORDER BY f.started_at ${direction} LIMIT 1`;
      return (
        statements
          .of<Micros>(sql)
          .pluck()
          .get(...values) ?? []
      );
    });
    return direction === "ASC" ? Math.min(...ends) : Math.max(...ends);
  }
}

function withinTenants(lead: Wanted): Wanted {
  const sources = lead.sources?.map((source) => ({ ...source, from: source.within ?? source.from })) ?? null;
  return { ...lead, sources };
}

function allOf(wanted: Wanted[]): Where {
  const asks: Where = { conditions: [], values: [] };
  for (const { ask } of wanted) if (ask !== null) join(asks, ask);
  return asks;
}
