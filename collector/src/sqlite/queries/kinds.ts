/** Names and statuses that the flows of a list may have: the bounds of blocks are kept of each apart. */
import { END_STATUSES } from "@weir/sdk/attributes";
import type { Db } from "../file/open.ts";
import type { Kind } from "../rows/blocks.ts";
import type { Numbers } from "../rows/flow-rows.ts";
import { statusCode } from "../rows/status.ts";
import type { Plan } from "./plan.ts";

/** Names whose bounds are read side by side. */
const MOST_NAMES = 100;

export interface Kinds {
  /**
   * What flows of the plan that have ended may be; `null`: that would be no help. What is long for one name is short for
   * another, and what fails is mostly shorter than what does not.
   */
  of(plan: Plan): Kind[] | null;
  /** About how many flows are of these; all, where that is no help. */
  flowsOf(plan: Plan): number;
}

export function kindsOf(db: Db, { shapes }: Pick<Numbers, "shapes">): Kinds {
  const flowsOfStatus = db
    .prepare<[number], number>("SELECT flows FROM flow_counts WHERE status = ?")
    .pluck();
  const someNames = db
    .prepare<[number], number>("SELECT name FROM shapes UNION SELECT name FROM loose_names LIMIT ?")
    .pluck();

  function of(plan: Plan): Kind[] | null {
    const { status } = plan.filter;
    const ended = status?.length ? END_STATUSES.filter((each) => status.includes(each)) : END_STATUSES;
    const names = namesOf(plan) ?? (ended.length < END_STATUSES.length ? allNames() : null);
    if (names === null || names.length > MOST_NAMES) return null;
    return names.flatMap((name) => ended.map((each) => ({ name, status: statusCode(each) })));
  }

  /** `null` where they are too many. */
  function allNames(): number[] | null {
    const found = someNames.all(MOST_NAMES + 1);
    return found.length > MOST_NAMES ? null : found;
  }

  /** The names that flows of the plan may have; `null`: any. */
  function namesOf({ lead, shapes: among }: Plan): number[] | null {
    if (among !== null) return shapes.namesOf(among);
    if (lead === null || lead.places.length > 0 || lead.sources === null) return null;
    const found = lead.sources.flatMap(({ shape }) => (shape === undefined ? [] : [shape]));
    return found.length < lead.sources.length ? null : shapes.namesOf(found);
  }

  function flowsOf(plan: Plan): number {
    const total = shapes.flows();
    if (of(plan) === null) return total;
    const { status } = plan.filter;
    const ofStatus = status?.length
      ? sumOf(status.map((each) => flowsOfStatus.get(statusCode(each)) ?? 0))
      : total;
    const ofShapes = plan.shapes === null ? total : shapes.flowsOf(plan.shapes);
    return (ofStatus * ofShapes) / Math.max(1, total);
  }

  return { of, flowsOf };
}

function sumOf(numbers: number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
