import { IconX } from "@tabler/icons-react";
import type { FlowFilter } from "../../filter/search.ts";
import { visible } from "../../format/text.ts";
import styles from "./Chip.module.css";
import { FieldMenu } from "./FieldMenu.tsx";
import type { Field } from "./fields.ts";

const mostNamed = 2;

/** A filter that is on: what it lets pass, a click to change it, and a cross to take it away. */
export function FieldChip({ field, onChange }: { field: Field; onChange: (filter: FlowFilter) => void }) {
  const { name, chosen } = field;
  const named = chosen.slice(0, mostNamed).map(({ label }) => visible(label));
  return (
    <span className={styles["chip"]}>
      <FieldMenu fields={[field]} onChange={onChange}>
        {(toggle, expanded) => (
          <button
            type="button"
            className={styles["button"]}
            onClick={toggle}
            aria-haspopup="listbox"
            aria-expanded={expanded}
            title={chosen.map(({ label }) => label).join("\n")}
          >
            <span className={styles["name"]}>{name}</span>
            <span className={`cut ${styles["value"]}`}>
              {named.join(", ")}
              {chosen.length > mostNamed && ` +${chosen.length - mostNamed}`}
            </span>
          </button>
        )}
      </FieldMenu>
      <button
        type="button"
        className={styles["clear"]}
        onClick={() => onChange(field.clear())}
        aria-label={`Clear the filter ${name}`}
      >
        <IconX size={13} aria-hidden="true" />
      </button>
    </span>
  );
}
