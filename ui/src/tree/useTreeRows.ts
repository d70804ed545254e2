import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useEffectEvent, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useOffsetTop } from "../components/useOffsetTop.ts";
import { ancestors, type Branch, foldable, foldedOnceWhole, unfolded } from "./branches.ts";

/** Rows that a page up or down passes over. */
const pageOfRows = 20;

interface TreeRowsOptions<B extends Branch> {
  branches: readonly B[];
  /** Asked once, and of a tree that begins as an outline again when it is whole. */
  foldedAtFirst: () => ReadonlySet<string>;
  isWhole?: boolean;
  /** Indices of what was looked for: all of it is drawn, whatever is folded. */
  found?: readonly number[] | undefined;
  selected: string | undefined;
  /** `replace`: moving along with the keys leaves no trail of addresses. */
  onSelect: (id: string | undefined, replace?: boolean) => void;
  /** Pixels. */
  rowHeight: number;
  /** Pixels of what lies over the rows at the top of the window. */
  covered: number;
  /** Keys that mean something here alone: whether it was one. They go before those of every tree. */
  onKey?: (event: React.KeyboardEvent) => boolean;
}

/** A branch that is drawn. */
interface DrawnBranch<B> {
  branch: B;
  index: number;
  id: string;
  /** Pixels from the first row. */
  top: number;
  isSelected: boolean;
  isFolded: boolean;
}

/**
 * A tree that draws only what is seen and scrolls with the window. The tree has the focus, and the keys of trees:
 * arrows, Home and End, pages. A click on an element with `data-branch` selects, on one in it with `data-fold` folds.
 */
export function useTreeRows<B extends Branch>(options: TreeRowsOptions<B>) {
  const { branches, found, selected, onSelect, rowHeight, isWhole = true } = options;
  const [folded, setFolded] = useState(options.foldedAtFirst);
  const [outline, setOutline] = useState(isWhole ? undefined : folded);
  if (isWhole && outline !== undefined) {
    setOutline(undefined);
    setFolded(foldedOnceWhole(outline, folded, options.foldedAtFirst()));
  }
  const rows = useMemo(() => found ?? unfolded(branches, folded), [found, branches, folded]);
  const container = useRef<HTMLDivElement>(null);
  const scrollMargin = useOffsetTop(container);
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    overscan: 16,
    scrollMargin,
    scrollPaddingStart: options.covered,
    scrollPaddingEnd: rowHeight,
  });

  const show = useEffectEvent((id: string) => {
    const above = ancestors(
      branches,
      branches.findIndex((branch) => branch.id === id),
    );
    if (above.some((ancestor) => folded.has(ancestor))) {
      setFolded(new Set([...folded].filter((each) => !above.includes(each))));
    }
  });
  useEffect(() => {
    if (selected !== undefined) show(selected);
  }, [selected]);

  // Once it has a row, and again when another is selected; not each time that the rows change under it.
  const scrolledTo = useRef<string>(undefined);
  const selectedRow = useMemo(
    () => (selected === undefined ? -1 : rows.findIndex((index) => branches[index]?.id === selected)),
    [rows, branches, selected],
  );
  useLayoutEffect(() => {
    if (selectedRow === -1 || scrolledTo.current === selected || scrollMargin === 0) return;
    scrolledTo.current = selected;
    virtualizer.scrollToIndex(selectedRow, { align: "auto" });
  }, [virtualizer, selected, selectedRow, scrollMargin]);

  function toggle(id: string, fold = !folded.has(id)): void {
    const next = new Set(folded);
    if (fold) next.add(id);
    else next.delete(id);
    setFolded(next);
  }

  function go(row: number): void {
    const target = branches[rows[Math.min(Math.max(row, 0), rows.length - 1)] ?? -1];
    if (target) onSelect(target.id, true);
  }

  function goInto(branch: B | undefined): boolean {
    if (!branch || branch.descendants === 0) return false;
    if (folded.has(branch.id)) toggle(branch.id, false);
    else go(selectedRow + 1);
    return true;
  }

  function goOut(branch: B | undefined): boolean {
    if (!branch) return false;
    if (branch.descendants > 0 && !folded.has(branch.id)) toggle(branch.id, true);
    else if (branch.parentIndex >= 0) onSelect(branches[branch.parentIndex]?.id, true);
    return true;
  }

  function onTreeKey({ key, shiftKey }: React.KeyboardEvent): boolean {
    const current = branches[rows[selectedRow] ?? -1];
    switch (shiftKey ? `Shift+${key}` : key) {
      case "ArrowDown":
        go(selectedRow + 1);
        return true;
      case "ArrowUp":
        go(selectedRow === -1 ? rows.length - 1 : selectedRow - 1);
        return true;
      case "PageDown":
        go(selectedRow + pageOfRows);
        return true;
      case "PageUp":
        go(selectedRow - pageOfRows);
        return true;
      case "Home":
        go(0);
        return true;
      case "End":
        go(rows.length - 1);
        return true;
      case "ArrowRight":
        return goInto(current);
      case "ArrowLeft":
        return goOut(current);
      case "Enter":
      case " ":
        if (!current || current.descendants === 0) return false;
        toggle(current.id);
        return true;
      case "Escape":
        if (selected === undefined) return false;
        onSelect(undefined);
        return true;
      default:
        return false;
    }
  }

  function onKeyDown(event: React.KeyboardEvent): void {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    if (onTreeKey(event) || options.onKey?.(event)) event.preventDefault();
  }

  function onClick({ target }: React.MouseEvent): void {
    if (!(target instanceof Element)) return;
    const id = target.closest<HTMLElement>("[data-branch]")?.dataset["branch"];
    if (id === undefined) return;
    if (target.closest("[data-fold]")) toggle(id);
    else onSelect(id === selected ? undefined : id);
  }

  const rowId = useId();
  const drawn: DrawnBranch<B>[] = virtualizer.getVirtualItems().flatMap((item) => {
    const index = rows[item.index] ?? -1;
    const branch = branches[index];
    if (!branch) return [];
    return {
      branch,
      index,
      id: `${rowId}${item.index}`,
      top: item.start - scrollMargin,
      isSelected: branch.id === selected,
      isFolded: found === undefined && folded.has(branch.id),
    };
  });

  return {
    rows,
    drawn,
    /** -1 where none is, or it lies in a folded one. */
    selectedRow,
    go,
    focus: () => container.current?.focus({ preventScroll: true }),
    foldAll: (fold: boolean) => setFolded(new Set(fold ? foldable(branches).map(({ id }) => id) : [])),
    /** Of the element around the rows. */
    tree: {
      ref: container,
      "aria-activedescendant": selectedRow === -1 ? undefined : `${rowId}${selectedRow}`,
      onKeyDown,
      onClick,
      style: { height: virtualizer.getTotalSize() },
    },
  };
}
