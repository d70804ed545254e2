import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef } from "react";
import { useOffsetTop } from "./useOffsetTop.ts";

interface VirtualRowsProps<T> {
  rows: readonly T[];
  rowKey: (row: T) => string;
  /** Pixels; every row has it. */
  rowHeight: number;
  renderRow: (row: T) => React.ReactNode;
  /** Called when the last row comes near. */
  onNearEnd?: (() => void) | undefined;
  /** There are more rows than are loaded. */
  hasMore?: boolean;
  label: string;
}

/** A list that draws only what is seen and scrolls with the window. */
export function VirtualRows<T>(props: VirtualRowsProps<T>) {
  const { rows, rowKey, rowHeight, renderRow, onNearEnd, hasMore = false, label } = props;
  const container = useRef<HTMLUListElement>(null);
  const scrollMargin = useOffsetTop(container);
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : rowKey(row);
    },
  });
  // A row's height is another on a narrow screen.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height is what was measured
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, rowHeight]);

  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useLayoutEffect(() => {
    if (last >= rows.length - 20) onNearEnd?.();
  }, [last, rows.length, onNearEnd]);

  return (
    <ul
      ref={container}
      aria-label={label}
      style={{ position: "relative", listStyle: "none", height: virtualizer.getTotalSize() }}
    >
      {items.map((item) => {
        const row = rows[item.index];
        if (row === undefined) return null;
        return (
          <li
            key={item.key}
            aria-posinset={item.index + 1}
            aria-setsize={hasMore ? -1 : rows.length}
            style={{
              position: "absolute",
              insetInline: 0,
              top: 0,
              height: item.size,
              transform: `translateY(${item.start - scrollMargin}px)`,
            }}
          >
            {renderRow(row)}
          </li>
        );
      })}
    </ul>
  );
}
