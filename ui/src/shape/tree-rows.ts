/** A tree of a workflow as rows. Pure. */
import type { Definition } from "@weir/collector/schemas";
import type { Branch } from "../tree/branches.ts";

export type TreeDefinition = Extract<Definition, { kind: "tree" }>;
export type TreeNode = TreeDefinition["root"];

/** By its node's id. */
export interface TreeRow extends Branch {
  node: TreeNode;
}

/** Parents before their children. */
export function rowsOf(root: TreeNode): TreeRow[] {
  const rows: TreeRow[] = [];
  const waiting: TreeRow[] = [rowOf(root, 0, -1)];
  for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
    const parentIndex = rows.push(row) - 1;
    for (const node of (row.node.children ?? []).toReversed())
      waiting.push(rowOf(node, row.depth + 1, parentIndex));
  }
  for (const { descendants, parentIndex } of rows.toReversed()) {
    const parent = rows[parentIndex];
    if (parent) parent.descendants += descendants + 1;
  }
  return rows;
}

function rowOf(node: TreeNode, depth: number, parentIndex: number): TreeRow {
  return { id: node.id, node, depth, parentIndex, descendants: 0 };
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
