import { IconFocusCentered, IconMinus, IconPlus } from "@tabler/icons-react";
import { useId } from "react";
import { BlockSkeleton } from "../components/Skeletons.tsx";
import { StatusIcon, stateWord } from "../components/StatusMark.tsx";
import { useNarrow } from "../components/useNarrow.ts";
import { plural, visible } from "../format/text.ts";
import { Counts } from "./Counts.tsx";
import { type GraphDefinition, type GraphLayout, NODE, pathThrough } from "./drawing.ts";
import { edgeFacts, isGathered, nodeFacts, type ShapeFacts } from "./facts.ts";
import styles from "./GraphView.module.css";
import { useGraphLayout } from "./useGraphLayout.ts";
import { useViewport } from "./useViewport.ts";
import type { Box } from "./viewport.ts";

interface GraphViewProps {
  definition: GraphDefinition;
  facts: ShapeFacts;
  selected: string | undefined;
  onSelect: (node: string | undefined) => void;
}

/** Routines and what they hand on to one another, with what was done and what is under way. */
export function GraphView(props: GraphViewProps) {
  const { definition, facts, onSelect } = props;
  const answer = useGraphLayout(definition, useNarrow() ? "TB" : "LR");
  const layout = answer && "layout" in answer ? answer.layout : undefined;
  const { frame, view, zoomIn, zoomOut, showAll, reveal, onKeyDown, ...drag } = useViewport(layout, () =>
    placeOf(layout, facts),
  );
  return (
    <div className={styles["graph"]}>
      <div className={styles["tools"]} role="toolbar" aria-label="Zoom">
        <button type="button" onClick={zoomIn} aria-label="Zoom in" title="Zoom in (+)">
          <IconPlus size={15} />
        </button>
        <button type="button" onClick={zoomOut} aria-label="Zoom out" title="Zoom out (−)">
          <IconMinus size={15} />
        </button>
        <button type="button" onClick={showAll} aria-label="Show all of it" title="Show all of it (0)">
          <IconFocusCentered size={15} />
        </button>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for what is filled in */}
      <div
        ref={frame}
        role="group"
        aria-label={`Graph of ${visible(definition.name)}: ${plural(definition.nodes.length, "routine")}. Arrow keys move it, + and − zoom, 0 shows all of it`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is moved by keys
        tabIndex={0}
        className={styles["frame"]}
        style={{ "--drawing": layout?.height ?? 0 } as React.CSSProperties}
        onKeyDown={(event) => (event.key === "Escape" ? onSelect(undefined) : onKeyDown(event))}
        {...drag}
      >
        {answer === undefined && <BlockSkeleton height={240} />}
        {answer && "error" in answer && (
          <p className={styles["trouble"]}>
            It could not be drawn: {answer.error}. All that it would show is under Routines.
          </p>
        )}
        {layout && view && (
          <div
            className={styles["drawing"]}
            style={{
              width: layout.width,
              height: layout.height,
              transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})`,
            }}
          >
            <Edges {...props} layout={layout} />
            <Nodes {...props} layout={layout} onFocus={({ x, y }) => reveal({ x, y, ...NODE })} />
          </div>
        )}
      </div>
    </div>
  );
}

/** Where a drawing that is too large to be seen whole is looked at first: where the flow stands, else where it begins. */
function placeOf(layout: GraphLayout | undefined, facts: ShapeFacts): Box | undefined {
  const place = layout?.nodes.findLast(({ id }) => nodeFacts(facts, id).running > 0) ?? layout?.nodes[0];
  return place && { x: place.x, y: place.y, ...NODE };
}

interface DrawingProps extends GraphViewProps {
  layout: GraphLayout;
}

interface NodesProps extends DrawingProps {
  onFocus: (place: { x: number; y: number }) => void;
}

function Nodes({ definition, layout, facts, selected, onSelect, onFocus }: NodesProps) {
  return definition.nodes.map(({ id, optional }, index) => {
    const place = layout.nodes[index];
    if (place === undefined) return null;
    const own = nodeFacts(facts, id);
    return (
      <button
        key={id}
        type="button"
        className={styles["node"]}
        data-state={own.state}
        data-optional={optional}
        aria-pressed={id === selected}
        aria-current={own.running > 0 ? "step" : undefined}
        style={{ left: place.x, top: place.y, width: NODE.width, height: NODE.height }}
        onClick={() => onSelect(id === selected ? undefined : id)}
        onFocus={(event) => event.target.matches(":focus-visible") && onFocus(place)}
      >
        <span className={styles["name"]}>
          {own.state && <StatusIcon state={own.state} label={stateWord(own.state)} />}
          <span className="cut" title={id}>
            {visible(id)}
          </span>
          {optional && <span className={styles["note"]}>optional</span>}
        </span>
        <span className={styles["counts"]}>
          {own.steps.length === 0 ? <span className="muted">not reached</span> : <Counts facts={own} />}
        </span>
      </button>
    );
  });
}

function Edges({ definition, layout, facts, selected }: DrawingProps) {
  const arrow = useId();
  return (
    <svg className={styles["edges"]} width={layout.width} height={layout.height} aria-hidden="true">
      <defs>
        <marker id={arrow} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
          <path d="M0 0.6 L7.4 4 L0 7.4 z" fill="context-stroke" />
        </marker>
      </defs>
      {definition.edges.map((edge, index) => {
        const { id, source, target, event, slot } = edge;
        const place = layout.edges[index];
        if (place === undefined) return null;
        const { deliveries, running, failed } = edgeFacts(facts, id);
        const gathered = isGathered(facts, edge);
        const times = gathered ? "taken together" : plural(deliveries, "delivery", "deliveries");
        const state =
          running > 0 ? "running" : failed > 0 ? "failed" : deliveries > 0 || gathered ? "used" : undefined;
        return (
          <g
            key={id}
            className={styles["edge"]}
            data-state={state}
            data-near={[source, target].includes(selected ?? "") || undefined}
          >
            <title>{`${source}.${event} → ${target}.${slot}: ${times}`}</title>
            <path d={pathThrough(place.points)} markerEnd={`url(#${arrow})`} />
            {deliveries > 0 && (
              <text x={place.label.x} y={place.label.y} dominantBaseline="central" textAnchor="middle">
                {deliveries.toLocaleString("en")}
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}
