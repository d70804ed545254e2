import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { keys } from "../../api/keys.ts";
import { throttle } from "../../api/throttle.ts";
import { LimitsNotice } from "../../components/LimitsNotice.tsx";
import { usePageState } from "../../components/usePageState.ts";
import { type FlowFilter, isFiltered, toggled } from "../../filter/search.ts";
import { visible } from "../../format/text.ts";
import { FilterBar } from "./FilterBar.tsx";
import { FlowsList } from "./FlowsList.tsx";
import styles from "./FlowsPages.module.css";
import { StatsStrip } from "./StatsStrip.tsx";
import { StuckNow } from "./StuckNow.tsx";
import { useLoadedFlows } from "./useLoadedFlows.ts";

const route = getRouteApi("/tenants/$tenant");
const statsEvery = 3_000;

export function TenantPage() {
  const { tenant } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const queryClient = useQueryClient();
  const filter = useMemo((): FlowFilter => ({ ...search, tenant: [tenant] }), [search, tenant]);
  usePageState(visible(tenant));

  const refetchStats = useMemo(
    () => throttle(() => void queryClient.invalidateQueries({ queryKey: keys.stats(tenant) }), statsEvery),
    [queryClient, tenant],
  );
  useEffect(() => () => refetchStats.cancel(), [refetchStats]);

  return (
    <>
      <nav className={styles["crumbs"]} aria-label="Breadcrumb">
        <Link to="/">Customers</Link>
      </nav>
      <h1 className={`cut ${styles["title"]}`} title={tenant}>
        {visible(tenant)}
      </h1>
      <LimitsNotice tenant={tenant} />
      <StatsStrip
        tenant={tenant}
        chosen={search.name}
        onToggle={(name) => navigate({ search: { ...search, name: toggled(search.name, name) } })}
      />
      {!search.health && <StuckNow tenant={tenant} name={search.name} />}
      <FilterBar
        filter={search}
        tenant={tenant}
        flows={useLoadedFlows(filter)}
        onChange={(next, by) => navigate({ search: next, replace: by === "typing" })}
      />
      <FlowsList
        filter={filter}
        showTenant={false}
        isFiltered={isFiltered(search)}
        onClearFilters={() => navigate({ search: {} })}
        onChange={refetchStats}
      />
    </>
  );
}
