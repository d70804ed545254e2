import { useMemo } from "react";
import { StatusIcon, stateWord } from "../components/StatusMark.tsx";
import { visible } from "../format/text.ts";
import { foldedAtFirst } from "../tree/branches.ts";
import { Fold, FoldedCount } from "../tree/Fold.tsx";
import { useTreeRows } from "../tree/useTreeRows.ts";
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
/** A tree of more rows does not fit into a window. */
const worthFolding = 24;

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
  const { drawn, foldAll, tree } = useTreeRows({
    branches: rows,
    foldedAtFirst: () => foldedAtFirst(rows, lookedAtFirst(rows, facts)),
    selected,
    onSelect,
    rowHeight,
    covered,
  });
  return (
    <>
      {rows.length > worthFolding && (
        <div className={styles["folds"]}>
          <button type="button" className="tool" onClick={() => foldAll(true)}>
            Fold all
          </button>
          <button type="button" className="tool" onClick={() => foldAll(false)}>
            Unfold all
          </button>
        </div>
      )}
      <div
        {...tree}
        role="tree"
        tabIndex={0}
        aria-label={`The steps of ${visible(definition.name)}`}
        className={styles["tree"]}
      >
        {drawn.map(({ branch: row, index, id, top, isSelected, isFolded }) => (
          <Row
            key={row.id}
            id={id}
            top={top}
            row={row}
            facts={nodeFacts(facts, row.id)}
            isAbove={above.has(index)}
            isSelected={isSelected}
            isFolded={isFolded}
          />
        ))}
      </div>
    </>
  );
}

/** Where the flow stands, and what failed: they are seen at once in the largest tree. */
function lookedAtFirst(rows: readonly TreeRow[], facts: ShapeFacts): number[] {
  return rows.flatMap(({ id }, index) => {
    const { running, failed } = nodeFacts(facts, id);
    return running > 0 || failed > 0 ? index : [];
  });
}

interface RowProps {
  id: string;
  top: number;
  row: TreeRow;
  facts: NodeFacts;
  /** One of those below it is open. */
  isAbove: boolean;
  isSelected: boolean;
  isFolded: boolean;
}

function Row({ id, top, row, facts, isAbove, isSelected, isFolded }: RowProps) {
  const { node, depth, descendants } = row;
  const isHere = facts.running > 0;
  return (
    <div
      id={id}
      role="treeitem"
      tabIndex={-1}
      aria-level={depth + 1}
      aria-selected={isSelected}
      aria-expanded={descendants > 0 ? !isFolded : undefined}
      aria-current={isHere ? "step" : undefined}
      className={styles["row"]}
      data-here={(isHere && facts.state) || undefined}
      data-above={isAbove || undefined}
      data-unreached={facts.steps.length === 0 || undefined}
      style={{ transform: `translateY(${top}px)` }}
      data-branch={row.id}
    >
      <span
        className={styles["name"]}
        style={{ paddingLeft: `calc(4px + ${Math.min(depth, deepestIndent)} * var(--indent))` }}
      >
        <Fold descendants={descendants} isFolded={isFolded} />
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
        {isFolded && <FoldedCount descendants={descendants} />}
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
