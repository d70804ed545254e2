import { IconChevronRight } from "@tabler/icons-react";
import styles from "./Fold.module.css";

/** Before the name of a branch: what folds it, or as much room where nothing lies below. The tree has its click and its keys. */
export function Fold({ descendants, isFolded }: { descendants: number; isFolded: boolean }) {
  if (descendants === 0) return <span className={styles["leaf"]} />;
  return (
    <button
      type="button"
      tabIndex={-1}
      className={styles["fold"]}
      data-folded={isFolded || undefined}
      aria-label={isFolded ? "Unfold" : "Fold"}
      data-fold
    >
      <IconChevronRight size={14} />
    </button>
  );
}

/** Behind its name, while it is folded: how many lie below. */
export function FoldedCount({ descendants }: { descendants: number }) {
  return <span className={styles["count"]}>+{descendants.toLocaleString("en")}</span>;
}
