import { useEffectEvent, useState } from "react";
import { flushSync } from "react-dom";
import { useKeys } from "../keyboard/useKeys.ts";

interface RowKeys {
  list: React.RefObject<HTMLElement | null>;
  count: number;
  rowHeight: number;
  /** Pixels from the top of the page to the first row. */
  top: number;
}

/** The page's bar and the headings of the columns, which lie over the rows. */
const covered = 48 + 32;
/** What lies over them at the foot. */
const coveredBelow = 40;
const margin = 12;

/** `j` and `k` anywhere, arrows within the list: the focus itself goes from row to row. */
export function useRowKeys({ list, count, rowHeight, top }: RowKeys) {
  const [kept, setKept] = useState<number | null>(null);

  const go = useEffectEvent((by: 1 | -1) => {
    if (count === 0) return;
    const from = focusedRow(list.current) ?? (isInSight(kept) ? kept : null);
    const next = from === null ? firstInSight() : from + by;
    const index = Math.max(0, Math.min(next, count - 1));
    flushSync(() => setKept(index));
    bringIntoSight(index);
    linkOf(list.current, index)?.focus({ preventScroll: true });
  });

  function isInSight(index: number | null): boolean {
    if (index === null) return false;
    const at = top + index * rowHeight - window.scrollY;
    return at > -rowHeight && at < window.innerHeight;
  }

  function firstInSight(): number {
    return Math.ceil((window.scrollY + covered - top - 1) / rowHeight);
  }

  function bringIntoSight(index: number): void {
    const start = top + index * rowHeight - covered - margin;
    const end = top + (index + 1) * rowHeight + coveredBelow + margin - window.innerHeight;
    if (start < window.scrollY) window.scrollTo({ top: index === 0 ? 0 : start });
    else if (end > window.scrollY) window.scrollTo({ top: end });
  }

  useKeys({ j: () => go(1), k: () => go(-1) });
  return {
    /** The row to draw even where it is not seen. */
    kept,
    onFocus: () => setKept(focusedRow(list.current)),
    onKeyDown: (event: React.KeyboardEvent) => {
      if (event.target instanceof Element && event.target.closest("dialog")) return;
      if (event.key === "Escape" && document.activeElement instanceof HTMLElement) {
        document.activeElement.blur();
        setKept(null);
        return;
      }
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      go(by === 1 ? 1 : -1);
    },
  };
}

/** The row that has the focus. */
export function focusedRow(list: HTMLElement | null): number | null {
  const row = document.activeElement?.closest<HTMLElement>("[data-index]");
  return row && list?.contains(row) ? Number(row.dataset["index"]) : null;
}

function linkOf(list: HTMLElement | null, index: number): HTMLElement | null {
  return list?.querySelector<HTMLElement>(`[data-index="${index}"] [data-row-link]`) ?? null;
}
