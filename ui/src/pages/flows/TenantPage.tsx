import { IconChartBar } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { keys } from "../../api/keys.ts";
import { limitsQuery, statsQuery, stuckQuery } from "../../api/queries.ts";
import { throttle } from "../../api/throttle.ts";
import { LimitsNotice } from "../../components/LimitsNotice.tsx";
import { BlockSkeleton, RowSkeletons } from "../../components/Skeletons.tsx";
import { usePageState } from "../../components/usePageState.ts";
import { toggled } from "../../filter/search.ts";
import { visible } from "../../format/text.ts";
import styles from "./FlowsPages.module.css";
import { FlowsView } from "./FlowsView.tsx";
import { StatsStrip } from "./StatsStrip.tsx";
import { StuckNow } from "./StuckNow.tsx";

const route = getRouteApi("/tenants/$tenant");
const statsEvery = 3_000;

export function TenantPage() {
  const { tenant } = route.useParams();
  // Another customer's flows are not what one sees until one's own are there.
  return <Customer key={tenant} tenant={tenant} />;
}

function Customer({ tenant }: { tenant: string }) {
  const isHeadKnown = useIsHeadKnown(tenant);
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const queryClient = useQueryClient();
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
      <div className={styles["head"]}>
        <h1 className={`cut ${styles["title"]}`} title={tenant}>
          {visible(tenant)}
        </h1>
        <Link
          to="/tenants/$tenant/stats"
          params={{ tenant }}
          search={search.name ? { name: search.name } : {}}
          className="tool"
        >
          <IconChartBar size={15} stroke={1.8} aria-hidden="true" />
          Statistics
        </Link>
      </div>
      {isHeadKnown ? (
        <>
          <LimitsNotice tenant={tenant} />
          <StatsStrip
            tenant={tenant}
            chosen={search.name}
            onToggle={(name) => navigate({ search: { ...search, name: toggled(search.name, name) } })}
          />
          {!search.health && <StuckNow tenant={tenant} name={search.name} />}
          <FlowsView search={search} tenant={tenant} onChange={refetchStats} />
        </>
      ) : (
        <>
          <BlockSkeleton height={80} />
          <RowSkeletons count={10} height={48} />
        </>
      )}
    </>
  );
}

/** What stands above the list is as high as what it has to say: until that is known, nothing below it has its place. */
function useIsHeadKnown(tenant: string): boolean {
  const { name } = route.useSearch();
  const limits = useQuery(limitsQuery(tenant));
  const stats = useQuery(statsQuery(tenant));
  const stuck = useInfiniteQuery(stuckQuery({ tenant: [tenant], name }));
  return !limits.isPending && !stats.isPending && !stuck.isPending;
}
