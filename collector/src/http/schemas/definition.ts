/** The shape of a workflow, as the API gives it. */
import { type Static, Type } from "typebox";
import type * as domain from "../../definition.ts";

const TREE_NODE = {
  id: Type.String(),
  type: Type.String({ examples: ["sequence", "run", "wait"] }),
  name: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String({ description: "in few words", examples: ["500 ms"] })),
};

const TreeNode = Type.Object({
  ...TREE_NODE,
  children: Type.Optional(
    Type.Array(
      Type.Unsafe<domain.TreeNode>(
        Type.Object(
          { ...TREE_NODE },
          { additionalProperties: true, description: "with children of its own" },
        ),
      ),
    ),
  ),
});

export const Definition = Type.Union(
  [
    Type.Object({ kind: Type.Literal("tree"), name: Type.String(), root: TreeNode }),
    Type.Object({
      kind: Type.Literal("graph"),
      name: Type.String(),
      nodes: Type.Array(
        Type.Object({
          id: Type.String(),
          slots: Type.Array(Type.String()),
          events: Type.Array(Type.String()),
          optional: Type.Optional(Type.Boolean({ description: "its failure does not fail the flow" })),
          critical: Type.Optional(Type.Boolean()),
        }),
      ),
      edges: Type.Array(
        Type.Object({
          id: Type.String(),
          source: Type.String({ description: "id of a node" }),
          event: Type.String(),
          target: Type.String({ description: "id of a node" }),
          slot: Type.String(),
        }),
      ),
    }),
  ],
  { description: "the shape of a workflow that is known before it runs; ids are unique within it" },
);

export type Definition = Static<typeof Definition>;
