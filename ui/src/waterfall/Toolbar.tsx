import { plural } from "../format/text.ts";
import type { Layout } from "./layout.ts";
import styles from "./Toolbar.module.css";

interface ToolbarProps {
  layout: Layout;
  onFold: (fold: boolean) => void;
  onSelect: (step: string) => void;
}

export function Toolbar({ layout, onFold, onSelect }: ToolbarProps) {
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
