import { useSyncExternalStore } from "react";
import { useOffsetTop } from "./useOffsetTop.ts";

/** Rows come and go in steps of so many: scrolling by a few pixels draws nothing anew. */
const step = 4;
/** Drawn above and below what is seen, for scrolling faster than drawing. */
const spare = 12;

interface VisibleRows {
  /** The first to draw. */
  first: number;
  /** Behind the last to draw. */
  end: number;
  /** Pixels from the top of the page to the first of all rows. */
  top: number;
}

/** Which rows of one height the window shows. It costs the same for ten and for a million of them. */
export function useVisibleRows(
  list: React.RefObject<HTMLElement | null>,
  count: number,
  rowHeight: number,
): VisibleRows {
  const top = useOffsetTop(list);
  const above = useSyncExternalStore(
    onScroll,
    () => Math.floor((window.scrollY - top) / (rowHeight * step)) * step,
  );
  const fitting = useSyncExternalStore(onResize, () => Math.ceil(window.innerHeight / rowHeight));
  return {
    first: Math.max(0, Math.min(above - spare, count - fitting)),
    end: Math.min(count, above + fitting + step + spare),
    top,
  };
}

function onScroll(listener: () => void): () => void {
  window.addEventListener("scroll", listener, { passive: true });
  return () => window.removeEventListener("scroll", listener);
}

function onResize(listener: () => void): () => void {
  window.addEventListener("resize", listener);
  return () => window.removeEventListener("resize", listener);
}
