/** A tree as a flat list in the order of drawing, parents before their children: what is seen of it. Pure. */

export interface Branch {
  id: string;
  depth: number;
  /** Where its parent stands in the list; -1 at the top. */
  parentIndex: number;
  /** How many lie below it: those that follow it, and in an outline those that are left out. */
  descendants: number;
}

/** Indices of those that are seen while the ones in `folded` are. */
export function unfolded(branches: readonly Branch[], folded: ReadonlySet<string>): number[] {
  const seen: number[] = [];
  for (let index = 0; index < branches.length; index++) {
    const branch = branches[index];
    if (!branch) continue;
    seen.push(index);
    if (folded.has(branch.id)) while (isBelow(branches[index + 1], branch)) index++;
  }
  return seen;
}

/** Of one that comes later in the list, and of all between the two. */
function isBelow(later: Branch | undefined, { depth }: Branch): boolean {
  return later !== undefined && later.depth > depth;
}

/** Trees of up to this many are seen whole at once. */
const few = 200;
/** Larger ones lie folded from this depth on. */
const deepFrom = 1;

/**
 * Which are folded when a tree is opened: in a large one those that have any below them, save on the way to what
 * is looked at first.
 */
export function foldedAtFirst(branches: readonly Branch[], lookedAt: readonly number[]): Set<string> {
  const all = branches.reduce(
    (sum, { depth, descendants }) => (depth === 0 ? sum + 1 + descendants : sum),
    0,
  );
  if (all <= few) return new Set();
  const open = new Set(lookedAt.flatMap((index) => ancestors(branches, index)));
  const deep = foldable(branches).filter(({ depth, id }) => depth >= deepFrom && !open.has(id));
  return new Set(deep.map(({ id }) => id));
}

/**
 * Which are folded once all of a tree is here that began as an outline: as if it were opened now, save those that were
 * folded or unfolded meanwhile.
 */
export function foldedOnceWhole(
  atFirst: ReadonlySet<string>,
  now: ReadonlySet<string>,
  opened: ReadonlySet<string>,
): Set<string> {
  return now.difference(atFirst).union(opened.difference(atFirst.difference(now)));
}

export function foldable<B extends Branch>(branches: readonly B[]): B[] {
  return branches.filter(({ descendants }) => descendants > 0);
}

/** Ids of those above one, nearest first. */
export function ancestors(branches: readonly Branch[], index: number): string[] {
  const above: string[] = [];
  for (let at = branches[index]?.parentIndex ?? -1; at >= 0; at = branches[at]?.parentIndex ?? -1) {
    const id = branches[at]?.id;
    if (id !== undefined) above.push(id);
  }
  return above;
}
