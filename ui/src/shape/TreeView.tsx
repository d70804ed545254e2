import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useId, useLayoutEffect, useMemo, useRef } from "react";
import { StatusIcon, stateWord } from "../components/StatusMark.tsx";
import { useOffsetTop } from "../components/useOffsetTop.ts";
import { visible } from "../format/text.ts";
import { Counts, Spent } from "./Counts.tsx";
import { type NodeFacts, nodeFacts, type ShapeFacts } from "./facts.ts";
import { NodeTypeIcon } from "./NodeTypeIcon.tsx";
import styles from "./TreeView.module.css";
import { rowsAbove, rowsOf, type TreeDefinition, type TreeRow } from "./tree-rows.ts";

const rowHeight = 34;
/** The page's bar and some room, which lie over the rows. */
const covered = 48 + 12;
/** Deeper than this, a row has no more room to move to the right. */
const deepestIndent = 12;

interface TreeViewProps {
  definition: TreeDefinition;
  facts: ShapeFacts;
  selected: string | undefined;
  onSelect: (node: string | undefined, replace?: boolean) => void;
}

/** A workflow as it was written: what runs in what, with the nodes lit at which the flow stands. */
export function TreeView({ definition, facts, selected, onSelect }: TreeViewProps) {
  const rows = useMemo(() => rowsOf(definition.root), [definition.root]);
  const above = useMemo(() => rowsAbove(rows, ({ id }) => nodeFacts(facts, id).running > 0), [rows, facts]);
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
  const selectedRow = rows.findIndex(({ node }) => node.id === selected);
  const scrolledTo = useRef<string>(undefined);
  useLayoutEffect(() => {
    if (selectedRow === -1 || scrolledTo.current === selected || scrollMargin === 0) return;
    scrolledTo.current = selected;
    virtualizer.scrollToIndex(selectedRow, { align: "auto" });
  }, [virtualizer, selected, selectedRow, scrollMargin]);

  function onKeyDown(event: React.KeyboardEvent): void {
    if (event.target !== event.currentTarget) return;
    const go = (row: number) => onSelect(rows[Math.min(Math.max(row, 0), rows.length - 1)]?.node.id, true);
    switch (event.key) {
      case "ArrowDown":
        go(selectedRow + 1);
        break;
      case "ArrowUp":
        go(selectedRow === -1 ? rows.length - 1 : selectedRow - 1);
        break;
      case "ArrowLeft":
        go(rows[selectedRow]?.parentIndex ?? 0);
        break;
      case "ArrowRight":
        if (rows[selectedRow + 1]?.parentIndex === selectedRow) go(selectedRow + 1);
        break;
      case "Home":
        go(0);
        break;
      case "End":
        go(rows.length - 1);
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
    <div
      ref={container}
      role="tree"
      aria-label={`The steps of ${visible(definition.name)}`}
      aria-activedescendant={selectedRow === -1 ? undefined : `${rowId}${selectedRow}`}
      tabIndex={0}
      onKeyDown={onKeyDown}
      className={styles["tree"]}
      style={{ height: virtualizer.getTotalSize() }}
    >
      {virtualizer.getVirtualItems().map((item) => {
        const row = rows[item.index];
        if (row === undefined) return null;
        const { id } = row.node;
        return (
          <Row
            key={id}
            id={`${rowId}${item.index}`}
            top={item.start - scrollMargin}
            row={row}
            facts={nodeFacts(facts, id)}
            isAbove={above.has(item.index)}
            isSelected={id === selected}
            onSelect={() => onSelect(id === selected ? undefined : id)}
          />
        );
      })}
    </div>
  );
}

interface RowProps {
  id: string;
  top: number;
  row: TreeRow;
  facts: NodeFacts;
  /** One of those below it is open. */
  isAbove: boolean;
  isSelected: boolean;
  onSelect: () => void;
}

function Row({ id, top, row: { node, depth }, facts, isAbove, isSelected, onSelect }: RowProps) {
  const isHere = facts.running > 0;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around the rows has the keys
    <div
      id={id}
      role="treeitem"
      tabIndex={-1}
      aria-level={depth + 1}
      aria-selected={isSelected}
      aria-current={isHere ? "step" : undefined}
      className={styles["row"]}
      data-here={(isHere && facts.state) || undefined}
      data-above={isAbove || undefined}
      data-unreached={facts.steps.length === 0 || undefined}
      style={{ transform: `translateY(${top}px)` }}
      onClick={onSelect}
    >
      <span
        className={styles["name"]}
        style={{ paddingLeft: `calc(8px + ${Math.min(depth, deepestIndent)} * var(--indent))` }}
      >
        <span className={styles["type"]}>
          <NodeTypeIcon type={node.type} />
          <span className="cut">{node.type}</span>
        </span>
        {node.name !== undefined && (
          <span className={`cut ${styles["label"]}`} title={node.name}>
            {visible(node.name)}
          </span>
        )}
        {node.detail !== undefined && (
          <span className={`cut ${styles["detail"]}`} title={node.detail}>
            {node.detail}
          </span>
        )}
      </span>
      <span className={styles["facts"]}>
        <Counts facts={facts} />
        <span className={styles["spent"]}>
          <Spent facts={facts} />
        </span>
        {facts.state ? (
          <StatusIcon state={facts.state} label={stateWord(facts.state)} />
        ) : (
          <span className={styles["none"]} />
        )}
      </span>
    </div>
  );
}
