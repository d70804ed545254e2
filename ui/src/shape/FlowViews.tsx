import { useNavigate, useSearch } from "@tanstack/react-router";
import type { FlowDetail } from "@weir/collector/schemas";
import { lazy, Suspense } from "react";
import { RowSkeletons } from "../components/Skeletons.tsx";
import type { Layout } from "../waterfall/layout.ts";
import { Waterfall } from "../waterfall/Waterfall.tsx";
import styles from "./FlowViews.module.css";
import { type View, viewOf, viewsOf } from "./views.ts";

const ShapeView = lazy(async () => ({ default: (await import("./ShapeView.tsx")).ShapeView }));

const words: Record<View, string> = {
  timeline: "Timeline",
  tree: "Tree",
  graph: "Graph",
  routines: "Routines",
};

interface FlowViewsProps {
  flow: FlowDetail;
  layout: Layout;
  selected: string | undefined;
  onSelect: (step: string | undefined, replace?: boolean) => void;
  /** What stands beside: all there is to know of the selected step. */
  children: React.ReactNode;
}

/** A flow over time, and where there is one on the shape of its workflow. Which of them is seen is in the address. */
export function FlowViews({ flow, layout, selected, onSelect, children }: FlowViewsProps) {
  const { view: asked, node, find, failed } = useSearch({ strict: false });
  const navigate = useNavigate();
  const { definition } = flow;
  const view = viewOf(definition, asked);
  const show = (view: View) =>
    navigate({
      to: ".",
      search: (before) => ({ ...before, view: view === "timeline" ? undefined : view }),
      resetScroll: false,
    });
  const selectNode = (node: string | undefined, replace = false) =>
    navigate({
      to: ".",
      search: (before) => ({ ...before, node, selected: undefined }),
      replace,
      resetScroll: false,
    });
  const isShapeMissing = definition === null && flow.steps.some((step) => step.node !== null);
  return (
    <>
      {definition !== null && (
        <nav className={styles["tabs"]} aria-label="Views of this flow">
          {viewsOf(definition).map((each) => (
            <button
              key={each}
              type="button"
              aria-current={each === view ? "page" : undefined}
              onClick={() => show(each)}
            >
              {words[each]}
            </button>
          ))}
        </nav>
      )}
      {isShapeMissing && (
        <p className={styles["missing"]}>
          The shape of its workflow has not arrived, or its service left it out as too large: there is only
          the timeline.
        </p>
      )}
      <div className={styles["body"]}>
        {definition === null || view === "timeline" ? (
          <Waterfall
            flow={flow}
            layout={layout}
            selected={selected}
            onSelect={onSelect}
            filter={{ find, failed }}
            onFilter={({ find, failed }) =>
              navigate({
                to: ".",
                search: (before) => ({ ...before, find, failed }),
                replace: true,
                resetScroll: false,
              })
            }
          />
        ) : layout.left > 0 ? (
          <RowSkeletons count={8} height={34} />
        ) : (
          <Suspense fallback={<RowSkeletons count={8} height={34} />}>
            <ShapeView
              flow={flow}
              definition={definition}
              layout={layout}
              view={view}
              node={node}
              onSelectNode={selectNode}
              onSelectStep={onSelect}
              hasStep={selected !== undefined}
            />
          </Suspense>
        )}
        {children}
      </div>
    </>
  );
}
