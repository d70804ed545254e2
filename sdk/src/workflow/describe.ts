/** A tree as data: what the page draws. */
import { below } from "./node.ts";
import type { Node } from "./part.ts";
import type { StepType } from "./step.ts";

/** A step of that shape, with the steps in it. */
export interface TreeNode {
  /** Stays the same as long as the tree does; steps on the wire name it. */
  readonly id: string;
  readonly type: StepType;
  readonly name?: string;
  /** Such as `"500 ms"`. */
  readonly detail?: string;
  readonly children?: readonly TreeNode[];
}

/** The shape of a workflow, as its flows carry it and the page draws it. */
export interface TreeDefinition {
  readonly kind: "tree";
  readonly name: string;
  readonly root: TreeNode;
}

export function describe(name: string, root: Node): TreeDefinition {
  const drawn = new Map<Node, TreeNode>();
  // Children come after what they are in: from the end, each is there before it is asked for.
  for (const node of [...below(root)].reverse()) drawn.set(node, drawing(node, drawn));
  return { kind: "tree", name, root: drawn.get(root) as TreeNode };
}

function drawing({ id, part, children }: Node, drawn: ReadonlyMap<Node, TreeNode>): TreeNode {
  const { type, name, detail } = part;
  return {
    id,
    type,
    ...(name !== undefined && { name }),
    ...(detail !== undefined && { detail }),
    ...(children.length > 0 && { children: children.map((child) => drawn.get(child) as TreeNode) }),
  };
}
