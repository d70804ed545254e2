import { IconChevronRight } from "@tabler/icons-react";
import type { FlowError } from "@weir/collector/schemas";
import { plural } from "../format/text.ts";
import { CopyButton } from "./CopyButton.tsx";
import styles from "./ErrorDetails.module.css";

/** An error: type and message in the open, the stack folded. */
export function ErrorDetails({ error }: { error: FlowError }) {
  const lines = error.stack?.trimEnd().split("\n") ?? [];
  return (
    <div className={styles["error"]}>
      <p className={styles["message"]}>
        <code className={styles["type"]}>{error.type}</code> {error.message}
      </p>
      <div className={styles["foot"]}>
        {lines.length > 0 && (
          <details className={styles["details"]}>
            <summary>
              <IconChevronRight size={14} aria-hidden="true" /> Stack, {plural(lines.length, "line")}
            </summary>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
            <pre className={styles["stack"]} tabIndex={0}>
              {lines.map((line, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: lines of a text have no other identity
                <span key={index} data-foreign={isForeign(line) || undefined}>
                  {line}
                  {"\n"}
                </span>
              ))}
            </pre>
          </details>
        )}
        <span className={styles["copy"]}>
          <CopyButton text={error.stack ?? `${error.type}: ${error.message}`} what="the error">
            Copy error
          </CopyButton>
        </span>
      </div>
    </div>
  );
}

/** Frames of the runtime and of libraries step back behind the user's own. */
function isForeign(line: string): boolean {
  return /^\s+at .*(node:|node_modules)/.test(line);
}
