import { useElementSize, useMergedRef } from "@mantine/hooks";
import type { FlowDetail } from "@weir/collector/schemas";
import { useMemo, useState } from "react";
import { useNow } from "../components/useNow.ts";
import { plural } from "../format/text.ts";
import { foldedAtFirst } from "../tree/branches.ts";
import { useTreeRows } from "../tree/useTreeRows.ts";
import { Axis, GridLines } from "./Axis.tsx";
import { EventList } from "./EventList.tsx";
import { FlowBar } from "./FlowBar.tsx";
import { findSteps, isFiltering, type StepFilter } from "./find.ts";
import { Gaps } from "./Gaps.tsx";
import { gapsOf } from "./gaps.ts";
import { type Layout, lookedAtFirst } from "./layout.ts";
import { StepRow } from "./StepRow.tsx";
import { Toolbar } from "./Toolbar.tsx";
import { ticks } from "./ticks.ts";
import { useView } from "./useView.ts";
import styles from "./Waterfall.module.css";

const rowHeight = 30;
const pixelsPerTick = 96;
/** The page's bar and the axis, which lie over the rows. */
const covered = 48 + 64;
/** A young flow grows visibly; an old one need not be drawn five times a second. */
const youngMs = 60_000;

interface WaterfallProps {
  flow: FlowDetail;
  layout: Layout;
  selected: string | undefined;
  /** `replace`: moving along with the keys leaves no trail of addresses. */
  onSelect: (step: string | undefined, replace?: boolean) => void;
  filter: StepFilter;
  onFilter: (filter: StepFilter) => void;
}

/** The flow's steps over time: a tree on the left, bars on the right. */
export function Waterfall({ flow, layout, selected, onSelect, filter, onFilter }: WaterfallProps) {
  const { steps, left } = layout;
  const { find, failed } = filter;
  const found = useMemo(
    () => (isFiltering({ find, failed }) ? findSteps(steps, { find, failed }) : undefined),
    [steps, find, failed],
  );
  const isYoung = Date.now() - layout.start < youngMs;
  const gaps = useMemo(() => gapsOf(flow), [flow]);
  const now = useNow(layout.isOpen ? (isYoung ? 200 : 1_000) : null);
  const end = layout.isOpen ? Math.max(now, layout.end) : layout.end;

  const [area, setArea] = useState<HTMLElement | null>(null);
  const [axis, setAxis] = useState<HTMLElement | null>(null);
  const { ref: sizeRef, width } = useElementSize();
  const axisRef = useMergedRef(sizeRef, setAxis);
  const control = useView({ start: layout.start, end }, area, axis);
  const { view, drawn } = control;
  const [from, to] = [view.start - layout.start, view.end - layout.start];
  const marks = ticks(from, to, Math.max(4, Math.floor(width / pixelsPerTick)));

  const {
    rows,
    drawn: drawnRows,
    selectedRow,
    go,
    focus,
    foldAll,
    tree,
  } = useTreeRows({
    branches: steps,
    foldedAtFirst: () => foldedAtFirst(steps, lookedAtFirst(steps)),
    isWhole: left === 0,
    found: found?.rows,
    selected,
    onSelect,
    rowHeight,
    covered,
    onKey,
  });

  /** To the first that was found, with the keys on the rows. */
  function enter(): void {
    const first = found === undefined ? 0 : rows.findIndex((index) => found.hits.has(index));
    go(selectedRow === -1 ? first : selectedRow);
    focus();
  }

  function onKey({ key, shiftKey }: React.KeyboardEvent): boolean {
    switch (shiftKey ? `Shift+${key}` : key) {
      case "Escape":
        if (isFiltering(filter)) onFilter({});
        else control.fit();
        return true;
      case "+":
      case "Shift++":
      case "=":
        control.zoom(0.5);
        return true;
      case "-":
        control.zoom(2);
        return true;
      case "0":
        control.fit();
        return true;
      case "Shift+ArrowLeft":
        control.pan(-0.25);
        return true;
      case "Shift+ArrowRight":
        control.pan(0.25);
        return true;
      default:
        return false;
    }
  }

  return (
    <section className={styles["waterfall"]} aria-label="Steps over time">
      <Toolbar
        flow={flow}
        layout={layout}
        gaps={gaps}
        filter={filter}
        hits={found?.hits.size}
        control={control}
        onFilter={onFilter}
        onFold={foldAll}
        onSelect={onSelect}
        onEnter={enter}
      />
      <EventList events={flow.events} startedAt={flow.startedAt} />
      <div ref={setArea} className={styles["area"]} data-zoomed={control.isZoomed || undefined}>
        <div className={styles["head"]}>
          <span className={styles["corner"]}>Step</span>
          <div ref={axisRef} className={styles["timeline"]} title="Draw over it to come closer">
            <Axis ticks={marks} from={from} to={to} width={width} />
            {drawn && (
              <span
                className={styles["drawn"]}
                style={{ left: `${drawn.left}%`, width: `${drawn.width}%` }}
                aria-hidden="true"
              />
            )}
          </div>
          <FlowBar flow={flow} start={view.start} end={view.end} now={end} />
        </div>
        {rows.length === 0 && left === 0 && (
          <p className={styles["none"]}>
            {steps.length === 0 ? "No step has arrived of this flow." : "No step of this flow is like that."}
          </p>
        )}
        <div
          {...tree}
          role="tree"
          tabIndex={0}
          hidden={rows.length === 0}
          aria-label="Steps"
          aria-keyshortcuts="ArrowUp ArrowDown ArrowLeft ArrowRight + - 0 Escape"
          className={styles["rows"]}
        >
          <GridLines ticks={marks} from={from} to={to} />
          <Gaps gaps={gaps} start={view.start} end={view.end} />
          {drawnRows.map(({ branch: placed, index, id, top, isSelected, isFolded }) => (
            <StepRow
              key={placed.id}
              id={id}
              top={top}
              placed={placed}
              parent={steps[placed.parentIndex]}
              start={view.start}
              end={view.end}
              now={placed.end === null ? end : null}
              isWay={found !== undefined && !found.hits.has(index)}
              health={flow.health}
              gaps={gaps}
              isSelected={isSelected}
              isFolded={isFolded}
            />
          ))}
        </div>
        {left > 0 && <p className={styles["none"]}>{plural(left, "more step")} on the way.</p>}
      </div>
    </section>
  );
}
