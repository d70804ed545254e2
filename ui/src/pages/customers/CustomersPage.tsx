import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import { keys } from "../../api/keys.ts";
import { attentionQuery, countQuery, tenantsQuery } from "../../api/queries.ts";
import { throttle } from "../../api/throttle.ts";
import { useStream } from "../../api/useStream.ts";
import { NothingFound, NothingYet, Ways } from "../../components/EmptyState.tsx";
import { ErrorState, StaleNotice } from "../../components/ErrorState.tsx";
import { LimitsNotice } from "../../components/LimitsNotice.tsx";
import { SearchInput } from "../../components/SearchInput.tsx";
import { RowSkeletons } from "../../components/Skeletons.tsx";
import { useHeldOrder } from "../../components/useHeldOrder.ts";
import { useNarrow } from "../../components/useNarrow.ts";
import { usePageState } from "../../components/usePageState.ts";
import { VirtualRows } from "../../components/VirtualRows.tsx";
import { type Customer, customersOf } from "./attention.ts";
import { CustomerRow } from "./CustomerRow.tsx";
import styles from "./CustomersPage.module.css";

const route = getRouteApi("/");

const refetchEvery = 3_000;
const tenantOf = ({ tenant }: Customer) => tenant;
const renderRow = (customer: Customer) => <CustomerRow customer={customer} />;

/** All customers, those who need attention first. */
export function CustomersPage() {
  const { q = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const tenants = useInfiniteQuery(tenantsQuery(q));
  const attention = useQuery(attentionQuery());
  const customers = useMemo(() => {
    const loaded = tenants.data?.pages.flatMap((page) => page.tenants) ?? [];
    return customersOf(loaded, attention.data);
  }, [tenants.data, attention.data]);
  const order = useHeldOrder(customers, tenantOf);
  useLiveCustomers();

  const { hasNextPage, isFetchingNextPage, fetchNextPage } = tenants;
  const onNearEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  const rowHeight = useNarrow() ? 78 : 46;
  if (tenants.isSuccess && customers.length === 0 && !q) {
    return (
      <>
        <h1 className="visually-hidden">Customers</h1>
        <NothingYet />
      </>
    );
  }
  return (
    <>
      <div className={styles["head"]}>
        <h1 className={styles["title"]}>Customers</h1>
        <SearchInput
          value={q}
          onChange={(text) => navigate({ search: text ? { q: text } : {}, replace: true })}
          placeholder="Find a customer"
        />
        <Totals />
      </div>
      <LimitsNotice tenant={null} />
      {tenants.isError && tenants.data && (
        <StaleNotice error={tenants.error} onRetry={() => tenants.refetch()} />
      )}
      {tenants.isPending ? (
        <>
          <Columns />
          <RowSkeletons count={10} height={rowHeight} />
        </>
      ) : tenants.isError && !tenants.data ? (
        <ErrorState error={tenants.error} onRetry={() => tenants.refetch()} retrying={tenants.isFetching} />
      ) : customers.length === 0 ? (
        <NothingFound title={`No customer's name contains “${q.length > 80 ? `${q.slice(0, 80)}…` : q}”`}>
          <Ways>
            <Link to="/">All customers</Link>
            <Link to="/flows" search={{ q }}>
              Look among flows
            </Link>
          </Ways>
        </NothingFound>
      ) : (
        <div {...order.handlers}>
          {tenants.data?.pages.some(({ complete }) => !complete) && (
            <p className="muted">
              There are more customers than could be looked at in time: these are of some of them.
            </p>
          )}
          <Columns />
          <VirtualRows
            rows={order.rows}
            rowKey={tenantOf}
            rowHeight={rowHeight}
            renderRow={renderRow}
            onNearEnd={onNearEnd}
            hasMore={hasNextPage}
            label="Customers"
          />
        </div>
      )}
    </>
  );
}

function Columns() {
  return (
    <div aria-hidden="true" className={`list-headings ${styles["columns"]}`}>
      <span>Customer</span>
      <span>Needs attention</span>
      <span>Last 14 days</span>
      <span>Running</span>
      <span title="Running far longer than usual, or their process is gone">Stuck</span>
      <span title="Of all flows that are kept">Failed</span>
      <span>Last activity</span>
    </div>
  );
}

/** How things stand as a whole, also in the tab's title. */
function Totals() {
  const { data: count } = useQuery(countQuery({}));
  const stuck = count ? count.health.stalled + count.health.lost : 0;
  usePageState("Customers", stuck > 0 ? "stalled" : undefined, `${stuck} stuck`);
  if (!count) return null;
  const { running, paused } = count.status;
  return (
    <p className={styles["totals"]}>
      <Link to="/flows" search={{ status: ["running", "paused"] }}>
        {(running + paused).toLocaleString("en")} running
      </Link>
      {stuck > 0 && (
        <Link to="/stuck" className={styles["stuck"]}>
          {stuck.toLocaleString("en")} stuck
        </Link>
      )}
    </p>
  );
}

/** Any change may change a count: the counts are asked for again, now and then. */
function useLiveCustomers(): void {
  const queryClient = useQueryClient();
  const [refetch] = useState(() =>
    throttle(() => {
      for (const queryKey of [keys.allTenants, keys.attention, keys.allCounts]) {
        void queryClient.invalidateQueries({ queryKey });
      }
    }, refetchEvery),
  );
  useEffect(() => () => refetch.cancel(), [refetch]);
  useStream({}, refetch);
}
