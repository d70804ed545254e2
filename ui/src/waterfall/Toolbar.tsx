import { IconPlugConnectedX, IconZoomIn, IconZoomOut } from "@tabler/icons-react";
import type { FlowDetail } from "@weir/collector/schemas";
import { useMemo } from "react";
import { SearchInput } from "../components/SearchInput.tsx";
import { plural } from "../format/text.ts";
import type { StepFilter } from "./find.ts";
import { gapsInWords } from "./Gaps.tsx";
import type { Gap } from "./gaps.ts";
import type { Layout } from "./layout.ts";
import styles from "./Toolbar.module.css";
import type { ViewControl } from "./useView.ts";

interface ToolbarProps {
  flow: FlowDetail;
  layout: Layout;
  gaps: readonly Gap[];
  filter: StepFilter;
  /** How many steps pass the filter; `undefined` where none is set. */
  hits: number | undefined;
  control: ViewControl;
  onFilter: (filter: StepFilter) => void;
  onFold: (fold: boolean) => void;
  onSelect: (step: string) => void;
  /** From the search on into the rows. */
  onEnter: () => void;
}

/** Of this many steps on, one looks for them. */
const worthSearching = 8;

export function Toolbar(props: ToolbarProps) {
  const { flow, layout, gaps, filter, hits, control, onFilter, onFold, onSelect, onEnter } = props;
  const { steps, left } = layout;
  const { failed, failures: seen, running, hasTree } = useMemo(() => lookAt(steps), [steps]);
  const failures = left === 0 ? seen : flow.stepCounts.failed;
  return (
    <div className={styles["toolbar"]}>
      <h2 className={styles["title"]}>
        {hits !== undefined && `${hits.toLocaleString("en")} of `}
        {plural(steps.length + left, "step")}
      </h2>
      {(steps.length >= worthSearching || filter.find !== undefined) && (
        // biome-ignore lint/a11y/noStaticElementInteractions: the field in it has the keys
        <div
          className={styles["find"]}
          onKeyDown={(event) => {
            if (event.key !== "Enter" && event.key !== "ArrowDown") return;
            event.preventDefault();
            onEnter();
          }}
        >
          <SearchInput
            value={filter.find ?? ""}
            onChange={(find) => onFilter({ ...filter, find: find === "" ? undefined : find })}
            placeholder="Find steps"
          />
        </div>
      )}
      {(failures > 0 || filter.failed) && (
        <button
          type="button"
          aria-pressed={filter.failed === true}
          onClick={() => onFilter({ ...filter, failed: filter.failed ? undefined : true })}
        >
          Failed only ({failures.toLocaleString("en")})
        </button>
      )}
      {failed && (
        <button type="button" onClick={() => onSelect(failed.id)}>
          Go to the first failed
        </button>
      )}
      {running && (
        <button type="button" onClick={() => onSelect(running.id)}>
          Go to the running one
        </button>
      )}
      {gaps.length > 0 && (
        <span className={styles["gaps"]} title={gapsInWords(gaps)}>
          <IconPlugConnectedX size={14} aria-hidden="true" />
          Taken over {gaps.length === 1 ? "once" : `${gaps.length} times`}
          <span className="visually-hidden">. {gapsInWords(gaps)}</span>
        </span>
      )}
      <span className={styles["right"]}>
        {hasTree && (
          <>
            <button type="button" onClick={() => onFold(true)}>
              Fold all
            </button>
            <button type="button" onClick={() => onFold(false)}>
              Unfold all
            </button>
          </>
        )}
        <Zoom control={control} />
      </span>
    </div>
  );
}

function Zoom({ control }: { control: ViewControl }) {
  const { isZoomed, zoom, fit } = control;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for what is filled in
    <span role="group" aria-label="Zoom" className={styles["zoom"]}>
      <button
        type="button"
        aria-label="Zoom out"
        title="Zoom out (−)"
        disabled={!isZoomed}
        onClick={() => zoom(2)}
      >
        <IconZoomOut size={15} stroke={1.8} aria-hidden="true" />
      </button>
      <button
        type="button"
        aria-label="Zoom in"
        title={`Zoom in (+). ${zoomWords}`}
        onClick={() => zoom(0.5)}
      >
        <IconZoomIn size={15} stroke={1.8} aria-hidden="true" />
      </button>
      <button type="button" title="Show all of it (0)" disabled={!isZoomed} onClick={fit}>
        All
      </button>
    </span>
  );
}

const zoomWords = "Or: draw over the axis, or turn the wheel with Ctrl; drag to move";

function lookAt(steps: Layout["steps"]) {
  return {
    failed: steps.find(({ step }) => step.status === "failed" && !step.optional)?.step,
    failures: steps.filter(({ step }) => step.status === "failed").length,
    running: steps.findLast(({ state }) => state === "running")?.step,
    hasTree: steps.some(({ descendants }) => descendants > 0),
  };
}
