import { useElementSize, useMergedRef } from "@mantine/hooks";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import type { FlowDetail } from "@weir/collector/schemas";
import { useEffect, useEffectEvent, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useNow } from "../components/useNow.ts";
import { useOffsetTop } from "../components/useOffsetTop.ts";
import { Axis, GridLines } from "./Axis.tsx";
import { EventList } from "./EventList.tsx";
import { FlowBar } from "./FlowBar.tsx";
import { findSteps, isFiltering, type StepFilter } from "./find.ts";
import { Gaps } from "./Gaps.tsx";
import { gapsOf } from "./gaps.ts";
import { ancestors, foldedAtFirst, type Layout, visibleSteps } from "./layout.ts";
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
/** Rows that a page up or down passes over. */
const pageOfRows = 20;

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
  const { steps } = layout;
  const { find, failed } = filter;
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(() => foldedAtFirst(steps));
  const found = useMemo(
    () => (isFiltering({ find, failed }) ? findSteps(steps, { find, failed }) : undefined),
    [steps, find, failed],
  );
  const rows = useMemo(() => found?.rows ?? visibleSteps(steps, collapsed), [found, steps, collapsed]);
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

  const container = useRef<HTMLDivElement>(null);
  const scrollMargin = useOffsetTop(container);
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    overscan: 16,
    scrollMargin,
    scrollPaddingStart: covered,
    scrollPaddingEnd: rowHeight,
  });

  const show = useEffectEvent((id: string) => {
    const above = ancestors(
      steps,
      steps.findIndex(({ step }) => step.id === id),
    );
    if (above.some((ancestor) => collapsed.has(ancestor))) {
      setCollapsed(new Set([...collapsed].filter((each) => !above.includes(each))));
    }
  });
  useEffect(() => {
    if (selected !== undefined) show(selected);
  }, [selected]);

  // Once it has a row, and again when another is selected; not each time that the rows change under it.
  const scrolledTo = useRef<string>(undefined);
  const selectedRow = useMemo(
    () => (selected === undefined ? -1 : rows.findIndex((index) => steps[index]?.step.id === selected)),
    [rows, steps, selected],
  );
  useLayoutEffect(() => {
    if (selectedRow === -1 || scrolledTo.current === selected || scrollMargin === 0) return;
    scrolledTo.current = selected;
    virtualizer.scrollToIndex(selectedRow, { align: "auto" });
  }, [virtualizer, selected, selectedRow, scrollMargin]);

  const toggle = (id: string, fold = !collapsed.has(id)) => {
    const next = new Set(collapsed);
    if (fold) next.add(id);
    else next.delete(id);
    setCollapsed(next);
  };

  const go = (row: number) => {
    const target = steps[rows[Math.min(Math.max(row, 0), rows.length - 1)] ?? -1];
    if (target) onSelect(target.step.id, true);
  };

  /** To the first that was found, with the keys on the rows. */
  function enter(): void {
    const first = found === undefined ? 0 : rows.findIndex((index) => found.hits.has(index));
    go(selectedRow === -1 ? first : selectedRow);
    container.current?.focus({ preventScroll: true });
  }

  function onClick({ target }: React.MouseEvent): void {
    if (!(target instanceof Element)) return;
    const id = target.closest<HTMLElement>("[data-step]")?.dataset["step"];
    if (id === undefined) return;
    if (target.closest("[data-fold]")) toggle(id);
    else onSelect(id === selected ? undefined : id);
  }

  function onKeyDown(event: React.KeyboardEvent): void {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const current = steps[rows[selectedRow] ?? -1];
    switch (event.shiftKey ? `Shift+${event.key}` : event.key) {
      case "ArrowDown":
        go(selectedRow + 1);
        break;
      case "ArrowUp":
        go(selectedRow === -1 ? rows.length - 1 : selectedRow - 1);
        break;
      case "PageDown":
        go(selectedRow + pageOfRows);
        break;
      case "PageUp":
        go(selectedRow - pageOfRows);
        break;
      case "Home":
        go(0);
        break;
      case "End":
        go(rows.length - 1);
        break;
      case "ArrowRight":
        if (current) toggle(current.step.id, false);
        break;
      case "ArrowLeft":
        if (!current) return;
        if (current.descendants > 0 && !collapsed.has(current.step.id)) toggle(current.step.id, true);
        else if (current.parentIndex >= 0) onSelect(steps[current.parentIndex]?.step.id, true);
        break;
      case "Enter":
      case " ":
        if (!current || current.descendants === 0) return;
        toggle(current.step.id);
        break;
      case "Escape":
        if (selected !== undefined) onSelect(undefined);
        else if (isFiltering(filter)) onFilter({});
        else control.fit();
        break;
      case "+":
      case "Shift++":
      case "=":
        control.zoom(0.5);
        break;
      case "-":
        control.zoom(2);
        break;
      case "0":
        control.fit();
        break;
      case "Shift+ArrowLeft":
        control.pan(-0.25);
        break;
      case "Shift+ArrowRight":
        control.pan(0.25);
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  const rowId = useId();
  return (
    <section className={styles["waterfall"]} aria-label="Steps over time">
      <Toolbar
        layout={layout}
        gaps={gaps}
        filter={filter}
        hits={found?.hits.size}
        control={control}
        onFilter={onFilter}
        onFold={(fold) =>
          setCollapsed(new Set(fold ? steps.filter((s) => s.descendants > 0).map((s) => s.step.id) : []))
        }
        onSelect={onSelect}
        onEnter={enter}
      />
      <EventList events={flow.events} startedAt={flow.startedAt} />
      <div ref={setArea} className={styles["area"]} data-zoomed={control.isZoomed || undefined}>
        <div className={styles["head"]}>
          <span className={styles["corner"]}>Step</span>
          <div ref={axisRef} className={styles["timeline"]} title="Draw over it to come closer">
            <Axis ticks={marks} from={from} to={to} />
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
        {rows.length === 0 && (
          <p className={styles["none"]}>
            {steps.length === 0 ? "No step has arrived of this flow." : "No step of this flow is like that."}
          </p>
        )}
        <div
          ref={container}
          role="tree"
          hidden={rows.length === 0}
          aria-label="Steps"
          aria-activedescendant={selectedRow === -1 ? undefined : `${rowId}${selectedRow}`}
          aria-keyshortcuts="ArrowUp ArrowDown ArrowLeft ArrowRight + - 0 Escape"
          tabIndex={0}
          onKeyDown={onKeyDown}
          onClick={onClick}
          className={styles["rows"]}
          style={{ height: virtualizer.getTotalSize() }}
        >
          <GridLines ticks={marks} from={from} to={to} />
          <Gaps gaps={gaps} start={view.start} end={view.end} />
          {virtualizer.getVirtualItems().map((item) => {
            const index = rows[item.index] ?? -1;
            const placed = steps[index];
            if (!placed) return null;
            const { step } = placed;
            return (
              <StepRow
                key={step.id}
                id={`${rowId}${item.index}`}
                top={item.start - scrollMargin}
                placed={placed}
                parent={steps[placed.parentIndex]}
                start={view.start}
                end={view.end}
                now={placed.end === null ? end : null}
                isWay={found !== undefined && !found.hits.has(index)}
                health={flow.health}
                gaps={gaps}
                isSelected={step.id === selected}
                isFolded={found === undefined && collapsed.has(step.id)}
              />
            );
          })}
        </div>
      </div>
    </section>
  );
}
