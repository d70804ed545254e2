import { IconPlugConnectedX } from "@tabler/icons-react";
import { plural } from "../format/text.ts";
import { gapsInWords } from "./Gaps.tsx";
import type { Gap } from "./gaps.ts";
import type { Layout } from "./layout.ts";
import styles from "./Toolbar.module.css";

interface ToolbarProps {
  layout: Layout;
  gaps: readonly Gap[];
  onFold: (fold: boolean) => void;
  onSelect: (step: string) => void;
}

export function Toolbar({ layout, gaps, onFold, onSelect }: ToolbarProps) {
  const { steps } = layout;
  const failed = steps.find(({ step }) => step.status === "failed" && !step.optional)?.step;
  const running = steps.findLast(({ state }) => state === "running")?.step;
  const hasTree = steps.some(({ descendants }) => descendants > 0);
  return (
    <div className={styles["toolbar"]}>
      <h2 className={styles["title"]}>{plural(steps.length, "step")}</h2>
      {failed && (
        <button type="button" onClick={() => onSelect(failed.id)}>
          Go to the first failed
        </button>
      )}
      {running && (
        <button type="button" onClick={() => onSelect(running.id)}>
          Go to the running one
        </button>
      )}
      {gaps.length > 0 && (
        <span className={styles["gaps"]} title={gapsInWords(gaps)}>
          <IconPlugConnectedX size={14} aria-hidden="true" />
          Taken over {gaps.length === 1 ? "once" : `${gaps.length} times`}
          <span className="visually-hidden">. {gapsInWords(gaps)}</span>
        </span>
      )}
      {hasTree && (
        <span className={styles["fold"]}>
          <button type="button" onClick={() => onFold(true)}>
            Fold all
          </button>
          <button type="button" onClick={() => onFold(false)}>
            Unfold all
          </button>
        </span>
      )}
    </div>
  );
}
