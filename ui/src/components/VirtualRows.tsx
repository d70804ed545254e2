import { useLayoutEffect, useRef } from "react";
import { useRowKeys } from "./useRowKeys.ts";
import { useVisibleRows } from "./useVisibleRows.ts";
import styles from "./VirtualRows.module.css";

interface VirtualRowsProps<T> {
  rows: readonly T[];
  rowKey: (row: T) => string;
  /** Pixels; every row has it. */
  rowHeight: number;
  /** One link or button of it has `data-row-link`: the keys go there. */
  renderRow: (row: T) => React.ReactNode;
  /** Called when the last row comes near. */
  onNearEnd?: (() => void) | undefined;
  /** There are more rows than are loaded. */
  hasMore?: boolean;
  label: string;
}

/** A list that draws only what is seen and scrolls with the window. `j` and `k` go from row to row. */
export function VirtualRows<T>(props: VirtualRowsProps<T>) {
  const { rows, rowKey, rowHeight, renderRow, onNearEnd, hasMore = false, label } = props;
  const list = useRef<HTMLUListElement>(null);
  const { first, end, top } = useVisibleRows(list, rows.length, rowHeight);
  const { kept, onKeyDown, onFocus } = useRowKeys({ list, count: rows.length, rowHeight, top });

  useLayoutEffect(() => {
    if (end >= rows.length - 20) onNearEnd?.();
  }, [end, rows.length, onNearEnd]);

  const indices = Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
  // The row that has the focus keeps it, however far one scrolls away.
  if (kept !== null && kept < rows.length && (kept < first || kept >= end)) indices.push(kept);
  return (
    <ul
      ref={list}
      aria-label={label}
      className={styles["list"]}
      style={{ height: rows.length * rowHeight, "--row-height": `${rowHeight}px` } as React.CSSProperties}
      onKeyDown={onKeyDown}
      onFocus={onFocus}
    >
      {indices.map((index) => {
        const row = rows[index];
        if (row === undefined) return null;
        return (
          <li
            key={rowKey(row)}
            data-index={index}
            aria-posinset={index + 1}
            aria-setsize={hasMore ? -1 : rows.length}
            className={styles["item"]}
            style={{ height: rowHeight, transform: `translateY(${index * rowHeight}px)` }}
          >
            {renderRow(row)}
          </li>
        );
      })}
    </ul>
  );
}
