/** The views of a flow. */
import type { Definition } from "@weir/collector/schemas";

export const views = ["timeline", "tree", "graph", "routines"] as const;
export type View = (typeof views)[number];

const ofKind: Record<Definition["kind"], View[]> = {
  tree: ["timeline", "tree"],
  graph: ["timeline", "graph", "routines"],
};

/** Those that there are of a flow, the first being the one that is shown where none is asked for. */
export function viewsOf(definition: Definition | null): View[] {
  return definition === null ? ["timeline"] : ofKind[definition.kind];
}

/** The one that is asked for, where there is one of it. */
export function viewOf(definition: Definition | null, asked: View | undefined): View {
  return viewsOf(definition).find((view) => view === asked) ?? "timeline";
}
