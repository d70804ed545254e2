import styles from "./Palette.module.css";
import type { Result } from "./usePaletteResults.ts";

interface PaletteRowProps {
  id: string;
  result: Result;
  isChosen: boolean;
  onOpen: () => void;
  onPoint: () => void;
}

export function PaletteRow({ id, result, isChosen, onOpen, onPoint }: PaletteRowProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field that owns the list takes the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field, which names the chosen option
    <div
      id={id}
      role="option"
      aria-selected={isChosen}
      className={styles["row"]}
      onClick={onOpen}
      onPointerMove={onPoint}
    >
      <span className={styles["mark"]}>{result.mark}</span>
      <span className={`cut ${styles["name"]}`}>{result.name}</span>
      <span className={`cut ${styles["about"]}`}>{result.about}</span>
    </div>
  );
}
