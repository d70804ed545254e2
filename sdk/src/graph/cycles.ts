/** Ways that lead back to where they began, with nothing on them that says how often. */
import type { Edge } from "./plan.ts";

/**
 * @param edges by the routine that they lead away from
 * @returns the routines of one such way, the first again as the last; `undefined` where there is none
 * @example
 * unboundedCycle(edges); // ["check", "mend", "check"]
 */
export function unboundedCycle(edges: ReadonlyMap<string, readonly Edge[]>): string[] | undefined {
  const done = new Set<string>();
  for (const start of edges.keys()) {
    if (done.has(start)) continue;
    const found = from(start, edges, done);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A walk with a stack of its own: a chain of routines may be longer than the stack of calls. */
function from(
  start: string,
  edges: ReadonlyMap<string, readonly Edge[]>,
  done: Set<string>,
): string[] | undefined {
  const path: string[] = [start];
  const onPath = new Set(path);
  const left: Edge[][] = [open(start, edges)];
  for (let next = left.at(-1); next !== undefined; next = left.at(-1)) {
    const edge = next.pop();
    if (edge === undefined) {
      left.pop();
      const id = path.pop() as string;
      onPath.delete(id);
      done.add(id);
      continue;
    }
    const to = edge.target.node.id;
    if (onPath.has(to)) return [...path.slice(path.indexOf(to)), to];
    if (done.has(to)) continue;
    path.push(to);
    onPath.add(to);
    left.push(open(to, edges));
  }
  return undefined;
}

function open(id: string, edges: ReadonlyMap<string, readonly Edge[]>): Edge[] {
  return (edges.get(id) ?? []).filter(({ maxTurns }) => maxTurns === undefined).toReversed();
}
