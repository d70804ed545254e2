import styles from "./CodeBlock.module.css";
import { CopyButton } from "./CopyButton.tsx";

export function CodeBlock({ code, what }: { code: string; what: string }) {
  return (
    <div className={styles["block"]}>
      <div className={styles["copy"]}>
        <CopyButton text={code} what={what}>
          Copy
        </CopyButton>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre className={styles["code"]} tabIndex={0}>
        {code}
      </pre>
    </div>
  );
}
