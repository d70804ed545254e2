import { useQuery } from "@tanstack/react-query";
import type { FlowSummary, Health, Status } from "@weir/collector/schemas";
import { useMemo } from "react";
import { labelsQuery, namesQuery } from "../../api/queries.ts";
import { SearchInput } from "../../components/SearchInput.tsx";
import { StatusMark } from "../../components/StatusMark.tsx";
import {
  type FlowFilter,
  healths,
  isFiltered,
  type LabelFilter,
  sameLabel,
  statuses,
  toggled,
} from "../../filter/search.ts";
import styles from "./FilterBar.module.css";
import { FilterMenu, type Option } from "./FilterMenu.tsx";
import { TimeFilter } from "./TimeFilter.tsx";

interface FilterBarProps {
  /** What the address says. */
  filter: FlowFilter;
  /** The customer whose names and labels there are to choose from. */
  tenant: string | null;
  /** What is on the list now: steps are known from there only. */
  flows: readonly FlowSummary[];
  /** A choice is a step that "back" undoes; typing is not. */
  onChange: (filter: FlowFilter, by: "choice" | "typing") => void;
}

export function FilterBar({ filter, tenant, flows, onChange }: FilterBarProps) {
  const names = useQuery(namesQuery(tenant)).data ?? [];
  const labels = useQuery(labelsQuery(tenant)).data ?? [];
  const labelOptions = useMemo(
    () => labels.flatMap(({ key, values }) => values.map((value) => labelOption({ key, value }))),
    [labels],
  );
  const steps = useMemo(() => stepsOf(flows), [flows]);
  const choose = (part: FlowFilter) => onChange({ ...filter, ...part }, "choice");

  return (
    // biome-ignore lint/a11y/useSemanticElements: the element "search" is not known to every screen reader yet
    <div role="search" className={styles["bar"]} aria-label="Filter flows">
      <SearchInput
        value={filter.q ?? ""}
        onChange={(text) => onChange({ ...filter, q: text || undefined }, "typing")}
        placeholder="Search id, name, label, error"
      />
      <div className={styles["menus"]}>
        {filter.tenant && tenant === null && (
          <FilterMenu
            name="Customer"
            options={[]}
            chosen={filter.tenant.map(plain)}
            onToggle={(value) => choose({ tenant: toggled(filter.tenant, value) })}
            onClear={() => choose({ tenant: undefined })}
          />
        )}
        <FilterMenu
          name="Status"
          options={statuses.map((value) => ({ value, label: value, mark: <StatusMark state={value} /> }))}
          chosen={(filter.status ?? []).map((value) => ({
            value,
            label: value,
            mark: <StatusMark state={value} />,
          }))}
          onToggle={(value) => choose({ status: toggled(filter.status, value as Status) })}
          onClear={() => choose({ status: undefined })}
        />
        <FilterMenu
          name="Health"
          options={healths.map(healthOption)}
          chosen={(filter.health ?? []).map(healthOption)}
          onToggle={(value) => choose({ health: toggled(filter.health, value as Health) })}
          onClear={() => choose({ health: undefined })}
        />
        <FilterMenu
          name="Flow"
          options={names.map(plain)}
          chosen={(filter.name ?? []).map(plain)}
          onToggle={(value) => choose({ name: toggled(filter.name, value) })}
          onClear={() => choose({ name: undefined })}
        />
        <FilterMenu
          name="Label"
          options={labelOptions}
          chosen={(filter.label ?? []).map(labelOption)}
          onToggle={(value) => choose({ label: toggled(filter.label, labelOf(value), sameLabel) })}
          onClear={() => choose({ label: undefined })}
          empty="No flow has a label yet"
        />
        <FilterMenu
          name="Step"
          options={steps.map(plain)}
          chosen={(filter.step ?? []).map(plain)}
          onToggle={(value) => choose({ step: toggled(filter.step, value) })}
          onClear={() => choose({ step: undefined })}
          onType={(text) => choose({ step: [...(filter.step ?? []), text] })}
          empty="No flow in the list stands at a step: type a name"
        />
        <TimeFilter range={filter.range} from={filter.from} to={filter.to} onChange={choose} />
        {isFiltered(filter) && (
          <button type="button" className={styles["clear"]} onClick={() => onChange({}, "choice")}>
            Clear all
          </button>
        )}
      </div>
    </div>
  );
}

function plain(value: string): Option {
  return { value, label: value };
}

function healthOption(value: Health): Option {
  const mark = value === "ok" ? <span>OK</span> : <StatusMark state={value} />;
  return { value, label: value, mark };
}

function labelOption({ key, value }: LabelFilter): Option {
  return { value: JSON.stringify([key, value]), label: `${key} = ${value}` };
}

function labelOf(option: string): LabelFilter {
  const [key, value] = JSON.parse(option) as [string, string];
  return { key, value };
}

/** Steps that a flow of the list stands at: open now, or failed. */
function stepsOf(flows: readonly FlowSummary[]): string[] {
  const steps = new Set(
    flows.flatMap(({ failedStep, currentSteps }) => (failedStep === null ? currentSteps : [failedStep])),
  );
  return [...steps].filter((step) => step !== "").sort();
}
