import { IconDots } from "@tabler/icons-react";
import type { FlowSummary } from "@weir/collector/schemas";
import { memo } from "react";
import { visible } from "../../format/text.ts";
import type { Column } from "./columns.tsx";
import styles from "./FlowRow.module.css";

interface FlowRowProps {
  flow: FlowSummary;
  columns: readonly Column[];
  /** Token of the link that shows it, on the page of one. */
  sharedBy?: string;
  /** Opens what can be done with it, beside the button that was pressed. */
  onMore?: (flow: FlowSummary, button: HTMLElement) => void;
}

/** Drawn anew only when its flow has changed. */
export const FlowRow = memo(function FlowRow({ flow, columns, sharedBy, onMore }: FlowRowProps) {
  return (
    <div
      className={`list-row ${styles["row"]}`}
      data-tenant={columns.some(({ id }) => id === "tenant") || undefined}
    >
      {columns.map(({ id, isRight, cell }) => (
        <span key={id} className={styles["cell"]} data-column={id} data-right={isRight}>
          {cell(flow, sharedBy)}
        </span>
      ))}
      {onMore && (
        <button
          type="button"
          className={styles["more"]}
          aria-label={`Copy from ${visible(flow.name)} ${flow.id}`}
          aria-haspopup="menu"
          title="Copy id, link or curl"
          onClick={(event) => onMore(flow, event.currentTarget)}
        >
          <IconDots size={16} aria-hidden="true" />
        </button>
      )}
    </div>
  );
});
