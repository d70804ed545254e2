import { useNavigate } from "@tanstack/react-router";
import type { Batch } from "../../api/stream.ts";
import { type FlowFilter, flowFilter, type ListSearch } from "../../filter/search.ts";
import { ColumnsMenu } from "./ColumnsMenu.tsx";
import { ExportMenu } from "./ExportMenu.tsx";
import { FilterBar } from "./FilterBar.tsx";
import { FlowsList } from "./FlowsList.tsx";
import { FlowsSummary, useIsSummaryPlaced, useRefetchSummary } from "./FlowsSummary.tsx";
import { useChosenColumns, useColumns } from "./useColumns.ts";
import { useLoadedFlows } from "./useLoadedFlows.ts";
import { ViewsMenu } from "./ViewsMenu.tsx";

interface FlowsViewProps {
  /** What the address says. */
  search: ListSearch;
  /** The customer whose flows these are; `null` where they are of all. */
  tenant: string | null;
  onChange?: (batch: Batch) => void;
}

/** A list of flows with all that chooses what is on it. The address holds every choice. */
export function FlowsView({ search, tenant, onChange }: FlowsViewProps) {
  const navigate = useNavigate();
  const [chosen, setChosen] = useChosenColumns();
  const columns = useColumns(tenant === null, chosen);
  const open = (next: ListSearch, by: "choice" | "typing" = "choice") =>
    void navigate({ to: ".", search: next, replace: by === "typing", resetScroll: false });
  const filter = flowFilter(search);
  const choose = (next: FlowFilter, by?: "choice" | "typing") => open({ ...next, order: search.order }, by);
  const refetchSummary = useRefetchSummary();
  const isPlaced = useIsSummaryPlaced(filter, tenant);
  return (
    <>
      <FilterBar filter={filter} tenant={tenant} flows={useLoadedFlows(search, tenant)} onChange={choose}>
        <ViewsMenu search={search} onOpen={open} />
        <ExportMenu search={search} tenant={tenant} />
        <ColumnsMenu tenant={tenant} chosen={chosen} onChange={setChosen} />
      </FilterBar>
      <FlowsSummary filter={filter} tenant={tenant} onChange={choose} />
      <FlowsList
        search={search}
        tenant={tenant}
        columns={columns}
        isPlaced={isPlaced}
        onOrder={(order) => open({ ...search, order })}
        onAnyTime={() => open({ ...search, range: undefined, from: undefined, to: undefined })}
        onClearFilters={() => open({ order: search.order })}
        onChange={(batch) => {
          refetchSummary();
          onChange?.(batch);
        }}
      />
    </>
  );
}
