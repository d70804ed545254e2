/**
 * Lists by end and by last activity need not look at all that matches. A flow ends after its start, and not later after it than
 * the longest of its name: so who looks in the order of the start knows when nothing that is left can come first.
 */
import { END_STATUSES, STATUSES } from "@weir/sdk/attributes";
import type { Micros } from "../../flow.ts";
import type { OrderBy } from "../../stores/order.ts";
import type { Db } from "../file/open.ts";
import type { Numbers } from "../rows/flow-rows.ts";
import { statusCode } from "../rows/status.ts";
import { MOST_WALKS, OPEN, ofTenantAndShape, type Source, type Wanted } from "./filter.ts";
import type { Plan } from "./plan.ts";

/** A plan by sources of which it is known how long after its start a flow may be active. */
export interface WithReach {
  plan: Plan;
  reachOf: (source: Source) => Micros;
  /** About what it takes to find a page, as the cost of a plan. */
  cost: number;
}

/**
 * `null`: that is not known of the flows of this plan, or it takes more.
 *
 * @param likely how many are likely to be wanted
 * @param most what it may take, as the cost of a plan
 */
export type ReachFinder = (
  plan: Plan,
  options: { by: OrderBy; likely: number },
  most: number,
) => WithReach | null;

/** More open flows than this are not looked at for a page: they may have begun at any time. */
const MOST_OPEN = 5_000;
/** To begin at a source takes as long as to look at so many flows. */
const COST_OF_SOURCE = 150;

const ENDED = END_STATUSES.map(statusCode);
const NOT_ENDED = STATUSES.map(statusCode).filter((code) => !ENDED.includes(code));

export function reachFinder(db: Db, { shapes }: Pick<Numbers, "shapes">): ReachFinder {
  const someShapes = db
    .prepare<[number], number>("SELECT number FROM shapes UNION ALL SELECT -name FROM loose_names LIMIT ?")
    .pluck();
  const openFlows = db
    .prepare<[], number | null>(
      `SELECT sum(flows) FROM flow_counts WHERE status IN (${NOT_ENDED.join(", ")})`,
    )
    .pluck();
  const longest = db
    .prepare<[number, number], Micros | null>(
      "SELECT max(longest) FROM name_blocks WHERE name = ? AND status = ?",
    )
    .pluck();
  const span = db
    .prepare<[], Micros | null>(
      "SELECT (SELECT max(last_active) FROM blocks) - (SELECT min(first_started) FROM blocks)",
    )
    .pluck();

  return (plan, { by, likely }, most) => {
    const { lead, filter } = plan;
    if (by === "duration" || by === "start") return null;
    if (lead === null || lead.sources === null || lead.places.length > 0 || !lead.disjoint) return null;
    const ended = withShapes(plan, lead, most);
    const open = by === "activity" ? openOf(lead) : [];
    if (ended === null || open === null) return null;

    const reaches = new Map(ended.map((source) => [source, longestOf(source)]));
    const reachOf = (source: Source) => reaches.get(source) ?? Number.POSITIVE_INFINITY;
    const time = Math.min(span.get() ?? 0, (filter.to ?? Number.MAX_SAFE_INTEGER) - (filter.from ?? 0));
    const total = shapes.flowsOf(ended.map(shapeOf));
    // Of those that are looked at few may be wanted.
    const atLeast = (likely * plan.cost) / Math.max(1, Math.min(plan.matches, plan.cost));
    const cost = ended.reduce(
      (sum, source) => {
        const flows = (plan.cost * shapes.flowsOf([shapeOf(source)])) / Math.max(1, total);
        const lookedAt = atLeast + (flows * reachOf(source)) / Math.max(1, time);
        return sum + COST_OF_SOURCE + Math.min(flows, lookedAt);
      },
      open.length * (openFlows.get() ?? 0),
    );
    return { plan: { ...plan, lead: { ...lead, sources: [...ended, ...open] } }, reachOf, cost };
  };

  /** Sources of flows that have ended, each of one shape. */
  function withShapes(plan: Plan, { sources, tenants }: Wanted, most: number): Source[] | null {
    const byShape = sources?.every(({ shape }) => shape !== undefined) ? sources : ofShapes(plan, tenants);
    if (!byShape || byShape.length * COST_OF_SOURCE >= most) return null;
    return byShape.map((source) => ({ ...source, pick: `${source.pick} AND f.duration_us IS NOT NULL` }));
  }

  function ofShapes({ shapes: among }: Plan, tenants: number[] | undefined): Source[] | null {
    if (tenants === undefined) return null;
    const all = among ?? someShapes.all(MOST_WALKS + 1);
    if (tenants.length * all.length > MOST_WALKS) return null;
    return tenants.flatMap((tenant) => all.map((shape) => ofTenantAndShape(tenant, shape)));
  }

  /** The source of those that have not ended; `null` where there are too many. */
  function openOf({ ask }: Wanted): Source[] | null {
    if (ask === null || (openFlows.get() ?? 0) > MOST_OPEN) return null;
    return (OPEN.sources ?? []).map((source) => ({
      ...source,
      pick: [source.pick, ...ask.conditions].join(" AND "),
      values: [...source.values, ...ask.values],
    }));
  }

  function longestOf(source: Source): Micros {
    const [name] = shapes.namesOf([shapeOf(source)]);
    return Math.max(0, ...ENDED.map((status) => longest.get(name ?? 0, status) ?? 0));
  }
}

function shapeOf({ shape }: Source): number {
  return shape ?? 0;
}
