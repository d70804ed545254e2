import type { Definition, FlowDetail } from "@weir/collector/schemas";
import { useMemo } from "react";
import { plural } from "../format/text.ts";
import type { Layout } from "../waterfall/layout.ts";
import { factsOf } from "./facts.ts";
import { GraphView } from "./GraphView.tsx";
import { NodePanel } from "./NodePanel.tsx";
import { nodeIdsOf } from "./node-ids.ts";
import { RoutineList } from "./RoutineList.tsx";
import styles from "./ShapeView.module.css";
import { TreeView } from "./TreeView.tsx";
import type { View } from "./views.ts";

interface ShapeViewProps {
  flow: FlowDetail;
  definition: Definition;
  layout: Layout;
  view: View;
  node: string | undefined;
  onSelectNode: (node: string | undefined, replace?: boolean) => void;
  onSelectStep: (step: string) => void;
  /** A step has the place beside. */
  hasStep: boolean;
}

/** A flow on the shape of its workflow. Loaded when it is first looked at: the timeline needs none of this. */
export function ShapeView(props: ShapeViewProps) {
  const { flow, definition, layout, node, onSelectNode, hasStep } = props;
  const nodeIds = useMemo(() => nodeIdsOf(definition), [definition]);
  const facts = useMemo(() => factsOf(flow, layout.steps, nodeIds), [flow, layout, nodeIds]);
  const selected = node !== undefined && nodeIds.has(node) ? node : undefined;
  const shared = { facts, selected, onSelect: onSelectNode };
  return (
    <>
      <div className={styles["view"]}>
        {facts.elsewhere > 0 && (
          <p className={styles["note"]}>
            {plural(facts.elsewhere, "step")} of this flow {facts.elsewhere === 1 ? "is" : "are"} of another
            version of its workflow, and only on the timeline.
          </p>
        )}
        {definition.kind === "tree" && <TreeView definition={definition} {...shared} />}
        {definition.kind === "graph" && props.view === "graph" && (
          <GraphView definition={definition} {...shared} />
        )}
        {definition.kind === "graph" && props.view === "routines" && (
          <RoutineList definition={definition} {...shared} />
        )}
      </div>
      {selected !== undefined && !hasStep && (
        <NodePanel
          key={selected}
          definition={definition}
          node={selected}
          facts={facts}
          onSelectNode={onSelectNode}
          onSelectStep={props.onSelectStep}
        />
      )}
    </>
  );
}
