import { useElementSize } from "@mantine/hooks";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import type { FlowDetail } from "@weir/collector/schemas";
import { useEffect, useEffectEvent, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useNow } from "../components/useNow.ts";
import { useOffsetTop } from "../components/useOffsetTop.ts";
import { Axis, GridLines } from "./Axis.tsx";
import { EventList } from "./EventList.tsx";
import { FlowBar } from "./FlowBar.tsx";
import { Gaps } from "./Gaps.tsx";
import { gapsOf } from "./gaps.ts";
import { ancestors, type Layout, visibleSteps } from "./layout.ts";
import { StepRow } from "./StepRow.tsx";
import { Toolbar } from "./Toolbar.tsx";
import { ticks } from "./ticks.ts";
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
}

/** The flow's steps over time: a tree on the left, bars on the right. */
export function Waterfall({ flow, layout, selected, onSelect }: WaterfallProps) {
  const { steps } = layout;
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => visibleSteps(steps, collapsed), [steps, collapsed]);
  const isYoung = Date.now() - layout.start < youngMs;
  const gaps = useMemo(() => gapsOf(flow), [flow]);
  const now = useNow(layout.isOpen ? (isYoung ? 200 : 1_000) : null);
  const end = layout.isOpen ? Math.max(now, layout.end) : layout.end;

  const { ref: timelineRef, width } = useElementSize();
  const marks = ticks(end - layout.start, Math.max(4, Math.floor(width / pixelsPerTick)));

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

  const rowOf = (id: string) => rows.findIndex((index) => steps[index]?.step.id === id);
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
  const selectedRow = selected === undefined ? -1 : rowOf(selected);
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

  function onKeyDown(event: React.KeyboardEvent): void {
    if (event.target !== event.currentTarget) return;
    const current = steps[rows[selectedRow] ?? -1];
    const go = (row: number) => {
      const target = steps[rows[Math.min(Math.max(row, 0), rows.length - 1)] ?? -1];
      if (target) onSelect(target.step.id, true);
    };
    switch (event.key) {
      case "ArrowDown":
        go(selectedRow + 1);
        break;
      case "ArrowUp":
        go(selectedRow === -1 ? rows.length - 1 : selectedRow - 1);
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
      case "Escape":
        onSelect(undefined);
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
        onFold={(fold) =>
          setCollapsed(new Set(fold ? steps.filter((s) => s.descendants > 0).map((s) => s.step.id) : []))
        }
        onSelect={onSelect}
      />
      <EventList events={flow.events} startedAt={flow.startedAt} />
      <div className={styles["head"]}>
        <span className={styles["corner"]}>Step</span>
        <div ref={timelineRef} className={styles["timeline"]}>
          <Axis ticks={marks} duration={end - layout.start} />
        </div>
        <FlowBar flow={flow} start={layout.start} end={end} />
      </div>
      {steps.length === 0 && <p className={styles["none"]}>No step has arrived of this flow.</p>}
      <div
        ref={container}
        role="tree"
        hidden={steps.length === 0}
        aria-label="Steps"
        aria-activedescendant={selectedRow === -1 ? undefined : `${rowId}${selectedRow}`}
        tabIndex={0}
        onKeyDown={onKeyDown}
        className={styles["rows"]}
        style={{ height: virtualizer.getTotalSize() }}
      >
        <GridLines ticks={marks} duration={end - layout.start} />
        <Gaps gaps={gaps} start={layout.start} end={end} />
        {virtualizer.getVirtualItems().map((item) => {
          const placed = steps[rows[item.index] ?? -1];
          if (!placed) return null;
          const { step } = placed;
          return (
            <StepRow
              key={step.id}
              id={`${rowId}${item.index}`}
              top={item.start - scrollMargin}
              placed={placed}
              parent={steps[placed.parentIndex]}
              start={layout.start}
              end={end}
              health={flow.health}
              gaps={gaps}
              isSelected={step.id === selected}
              isFolded={collapsed.has(step.id)}
              onSelect={() => onSelect(step.id === selected ? undefined : step.id)}
              onToggle={() => toggle(step.id)}
            />
          );
        })}
      </div>
    </section>
  );
}
