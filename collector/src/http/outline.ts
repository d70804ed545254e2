/**
 * What of a flow is seen before anyone has done anything: where it has very many steps, the rows that a page begins with.
 * They are read and drawn in a fraction of the time that all of them take.
 */
import type { FlowDetail, Step } from "../flow.ts";

/** A flow of no more steps is its own outline. */
export const MOST_OUTLINED = 500;

export interface Outline extends FlowDetail {
  /** For each of `steps`: how many of the flow's steps lie below it, those that are left out too. */
  below: number[];
}

const NONE = -1;

/**
 * Of a large flow the first steps of its two upper levels, as a tree is drawn; and with all that is above them the steps that
 * are looked at first: what failed, what runs, and what ended last.
 *
 * @example outlineOf(flow).steps.length <= MOST_OUTLINED + 4 * depth
 */
export function outlineOf(flow: FlowDetail): Outline {
  const { steps } = flow;
  const parents = parentsOf(steps);
  const below = countBelow(parents);
  if (steps.length <= MOST_OUTLINED) return { ...flow, below: [...below] };
  const kept = firstRows(parents);
  for (const looked of lookedAtFirst(flow)) {
    for (let place = looked; place !== NONE && !kept.has(place); place = parents[place] as number)
      kept.add(place);
  }
  // In the order in which a flow tells all of its steps.
  const places = [...kept].sort((a, b) => a - b);
  return {
    ...flow,
    steps: places.map((place) => steps[place] as Step),
    below: places.map((place) => below[place] as number),
  };
}

/** Where the parent of each stands; a parent may well come later, where clocks disagree. */
function parentsOf(steps: readonly Step[]): Int32Array {
  const placeOf = new Map<string, number>();
  for (const [place, { id }] of steps.entries()) placeOf.set(id, place);
  return Int32Array.from(steps, ({ parentId }) =>
    parentId === null ? NONE : (placeOf.get(parentId) ?? NONE),
  );
}

/** From the leaves up: a chain of fifty thousand steps is a tree too. */
function countBelow(parents: Int32Array): Int32Array {
  const below = new Int32Array(parents.length);
  const children = new Int32Array(parents.length);
  for (const parent of parents) if (parent !== NONE) children[parent] = (children[parent] as number) + 1;
  const leaves: number[] = [];
  for (const [place, count] of children.entries()) if (count === 0) leaves.push(place);
  for (let place = leaves.pop(); place !== undefined; place = leaves.pop()) {
    const parent = parents[place] as number;
    if (parent === NONE) continue;
    below[parent] = (below[parent] as number) + (below[place] as number) + 1;
    children[parent] = (children[parent] as number) - 1;
    if (children[parent] === 0) leaves.push(parent);
  }
  return below;
}

/** Each step at the top with its children behind it, up to as many as are wanted. */
function firstRows(parents: Int32Array): Set<number> {
  const children = new Map<number, number[]>();
  for (const [place, parent] of parents.entries()) {
    if (parent === NONE) children.set(place, []);
    // More than these at the top fill the rows without what is below them.
    if (children.size === MOST_OUTLINED) break;
  }
  for (const [place, parent] of parents.entries()) {
    const beside = children.get(parent);
    if (beside !== undefined && beside.length < MOST_OUTLINED) beside.push(place);
  }
  const rows = new Set<number>();
  for (const [top, below] of children) {
    for (const place of [top, ...below]) {
      if (rows.size === MOST_OUTLINED) return rows;
      rows.add(place);
    }
  }
  return rows;
}

function lookedAtFirst({ steps, failedStep }: FlowDetail): number[] {
  const lastEnd = steps.reduce((latest, { endedAt }) => Math.max(latest, endedAt ?? 0), 0);
  return [
    steps.findIndex(({ status, optional }) => status === "failed" && !optional),
    steps.findLastIndex(({ status, name }) => status === "failed" && name === failedStep),
    steps.findLastIndex(({ status }) => status === "running"),
    steps.findIndex(({ endedAt }) => endedAt === lastEnd),
  ];
}
