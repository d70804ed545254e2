import type { Definition } from "@weir/collector/schemas";
import { rowsOf } from "./tree-rows.ts";

export function nodeIdsOf(definition: Definition): Set<string> {
  if (definition.kind === "graph") return new Set(definition.nodes.map(({ id }) => id));
  return new Set(rowsOf(definition.root).map(({ node }) => node.id));
}
