import styles from "./Table.module.css";

interface TableProps {
  label: string;
  heads: readonly string[];
  /** All but the first column are figures. */
  figures?: boolean;
  /** Scrolls by itself where it is long. */
  isLow?: boolean;
  children: React.ReactNode;
}

/** A table that scrolls by itself where the screen is narrow. */
export function Table({ label, heads, figures = false, isLow = false, children }: TableProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for what is filled in
    <div
      role="group"
      className={styles["scroll"]}
      data-figures={figures || undefined}
      data-low={isLow || undefined}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={label}
    >
      <table>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head === "" ? <span className="visually-hidden">What can be done</span> : head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
