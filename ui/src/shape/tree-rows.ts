/** A tree of a workflow as rows. Pure. */
import type { Definition } from "@weir/collector/schemas";

export type TreeDefinition = Extract<Definition, { kind: "tree" }>;
export type TreeNode = TreeDefinition["root"];

export interface TreeRow {
  node: TreeNode;
  depth: number;
  /** Where its parent stands in the list; -1 for the root. */
  parentIndex: number;
}

/** Parents before their children. */
export function rowsOf(root: TreeNode): TreeRow[] {
  const rows: TreeRow[] = [];
  const waiting: TreeRow[] = [{ node: root, depth: 0, parentIndex: -1 }];
  for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
    const parentIndex = rows.push(row) - 1;
    for (const node of (row.node.children ?? []).toReversed())
      waiting.push({ node, depth: row.depth + 1, parentIndex });
  }
  return rows;
}

/** Which rows are above one for which `isLit` holds. */
export function rowsAbove(rows: readonly TreeRow[], isLit: (node: TreeNode) => boolean): Set<number> {
  const above = new Set<number>();
  for (const { node, parentIndex } of rows) {
    if (!isLit(node)) continue;
    for (let at = parentIndex; at !== -1 && !above.has(at); at = rows[at]?.parentIndex ?? -1) above.add(at);
  }
  return above;
}
