import { getRouteApi } from "@tanstack/react-router";
import { usePageState } from "../../components/usePageState.ts";
import { isFiltered } from "../../filter/search.ts";
import { FilterBar } from "./FilterBar.tsx";
import { FlowsList } from "./FlowsList.tsx";
import styles from "./FlowsPages.module.css";
import { useLoadedFlows } from "./useLoadedFlows.ts";

const route = getRouteApi("/flows");

export function AllFlowsPage() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  usePageState("Flows");
  return (
    <>
      <h1 className={styles["title"]}>Flows of all customers</h1>
      <FilterBar
        filter={filter}
        tenant={null}
        flows={useLoadedFlows(filter)}
        onChange={(search, by) => navigate({ search, replace: by === "typing" })}
      />
      <FlowsList
        filter={filter}
        showTenant
        isFiltered={isFiltered(filter)}
        onClearFilters={() => navigate({ search: {} })}
      />
    </>
  );
}
