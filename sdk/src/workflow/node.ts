/** A tree as it is run: each part at its place, with an id that stays the same as long as the tree does. */
import type { Frame, Node, Part } from "./part.ts";

/** Where in the tree. */
export interface Place {
  /** The id of the step, as in `describe()`. */
  readonly node: string;
  /** The names of the steps from the root down to it. */
  readonly path: readonly string[];
}

/** @returns the root, whose id is `"0"`, with all that is below it */
export function nodeOf(root: Part): Node {
  const top: Node[] = [];
  const open: { part: Part; id: string; focus: readonly string[]; into: Node[] }[] = [
    { part: root, id: "0", focus: [], into: top },
  ];
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    const { part, id, focus, into } = each;
    const children: Node[] = [];
    into.push({ id, part, children, focus });
    const below = part.under === undefined ? focus : [...focus, part.under];
    // The last one first: what is popped comes in order.
    for (let index = part.children.length - 1; index >= 0; index -= 1)
      open.push({ part: part.children[index] as Part, id: `${id}.${index}`, focus: below, into: children });
  }
  return top[0] as Node;
}

/** The node and all below it, each before those in it. */
export function* below(root: Node): Generator<Node> {
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    yield node;
    open.push(...node.children.toReversed());
  }
}

/** What a person calls it. */
function labelOf(part: Part): string {
  return part.name ?? part.type;
}

export function placeOf(frame: Frame): Place {
  const path: string[] = [];
  // The root is the workflow itself.
  for (let each: Frame | undefined = frame; each !== undefined && each.node.id !== "0"; each = each.up)
    path.unshift(labelOf(each.node.part));
  return { node: frame.node.id, path };
}
