import type { FlowSummary } from "@weir/collector/schemas";
import { SearchInput } from "../../components/SearchInput.tsx";
import type { FlowFilter } from "../../filter/search.ts";
import { AddFilter } from "./AddFilter.tsx";
import { FieldChip } from "./FieldChip.tsx";
import styles from "./FilterBar.module.css";
import { useFields } from "./fields.ts";
import { TimeFilter } from "./TimeFilter.tsx";

interface FilterBarProps {
  /** What the address says. */
  filter: FlowFilter;
  /** The customer whose flows these are; `null` where they are of all. */
  tenant: string | null;
  /** What is on the list now. */
  flows: readonly FlowSummary[];
  /** A choice is a step that "back" undoes; typing is not. */
  onChange: (filter: FlowFilter, by: "choice" | "typing") => void;
  /** What else stands in the bar. */
  children?: React.ReactNode;
}

/** Search, time and filters; a chip for each filter that is on. */
export function FilterBar({ filter, tenant, flows, onChange, children }: FilterBarProps) {
  const fields = useFields(filter, tenant, flows);
  const choose = (next: FlowFilter) => onChange(next, "choice");
  const chosen = fields.filter((field) => field.chosen.length > 0);
  return (
    // biome-ignore lint/a11y/useSemanticElements: the element "search" is not known to every screen reader yet
    <div role="search" aria-label="Filter flows">
      <div className={styles["bar"]}>
        <SearchInput
          value={filter.q ?? ""}
          onChange={(text) => onChange({ ...filter, q: text || undefined }, "typing")}
          placeholder="Search id, name, label, step, error"
        />
        <TimeFilter
          range={filter.range}
          from={filter.from}
          to={filter.to}
          onChange={(times) => choose({ ...filter, ...times })}
        />
        <AddFilter fields={fields} onChange={choose} />
        <span className={styles["tools"]}>{children}</span>
      </div>
      {chosen.length > 0 && (
        <div className={styles["chips"]}>
          {chosen.map((field) => (
            <FieldChip key={field.name} field={field} onChange={choose} />
          ))}
          <button type="button" className={styles["clear"]} onClick={() => choose({})}>
            Clear all
          </button>
        </div>
      )}
    </div>
  );
}
