/** A tree as a flat list in the order of drawing, parents before their children: what is seen of it. Pure. */

export interface Branch {
  id: string;
  depth: number;
  /** Where its parent stands in the list; -1 at the top. */
  parentIndex: number;
  /** How many follow that lie below it. */
  descendants: number;
}

/** Indices of those that are seen while the ones in `folded` are. */
export function unfolded(branches: readonly Branch[], folded: ReadonlySet<string>): number[] {
  const seen: number[] = [];
  for (let index = 0; index < branches.length; index++) {
    const branch = branches[index];
    if (!branch) continue;
    seen.push(index);
    if (folded.has(branch.id)) index += branch.descendants;
  }
  return seen;
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
  if (branches.length <= few) return new Set();
  const open = new Set(lookedAt.flatMap((index) => ancestors(branches, index)));
  const deep = foldable(branches).filter(({ depth, id }) => depth >= deepFrom && !open.has(id));
  return new Set(deep.map(({ id }) => id));
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
