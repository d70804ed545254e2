import styles from "./Said.module.css";
import { useSaid } from "./said.ts";

/** Where `say` speaks. */
export function Said() {
  const said = useSaid();
  return (
    <output className={styles["said"]} data-silent={said === "" || undefined}>
      {said}
    </output>
  );
}
