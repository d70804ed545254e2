import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useMemo, useState } from "react";
import { keys } from "../../api/keys.ts";
import { attentionQuery, tenantsQuery } from "../../api/queries.ts";
import { throttle } from "../../api/throttle.ts";
import { useStream } from "../../api/useStream.ts";
import { NothingFound, NothingYet } from "../../components/EmptyState.tsx";
import { ErrorState, StaleNotice } from "../../components/ErrorState.tsx";
import { LimitsNotice } from "../../components/LimitsNotice.tsx";
import { SearchInput } from "../../components/SearchInput.tsx";
import { RowSkeletons } from "../../components/Skeletons.tsx";
import { useNarrow } from "../../components/useNarrow.ts";
import { usePageState } from "../../components/usePageState.ts";
import { VirtualRows } from "../../components/VirtualRows.tsx";
import { plural } from "../../format/text.ts";
import { byAttention, type Customer, customersOf } from "./attention.ts";
import { CustomerRow } from "./CustomerRow.tsx";
import styles from "./CustomersPage.module.css";

const route = getRouteApi("/");

/** Sorting by who needs attention needs them all; beyond these, searching is the way. */
const mostCustomers = 2_000;
const refetchEvery = 2_000;

export function CustomersPage() {
  const { q = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const narrow = useNarrow();
  const tenants = useInfiniteQuery(tenantsQuery(q));
  const attention = useQuery(attentionQuery());
  const loaded = useMemo(() => tenants.data?.pages.flatMap((page) => page.tenants) ?? [], [tenants.data]);

  useLiveCustomers();
  const { hasNextPage, isFetching, fetchNextPage } = tenants;
  useEffect(() => {
    if (hasNextPage && !isFetching && loaded.length < mostCustomers) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage, loaded.length]);

  const sorted = useMemo(
    () => customersOf(loaded, attention.data).sort(byAttention),
    [loaded, attention.data],
  );
  const order = useHeldOrder(sorted);
  const stuck = sorted.reduce((sum, { stalled, lost }) => sum + stalled + lost, 0);
  usePageState("Customers", stuck > 0 ? "stalled" : undefined, `${stuck} stuck`);

  const rowHeight = narrow ? 78 : 46;
  if (tenants.isSuccess && sorted.length === 0 && !q) {
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
        {tenants.data && <Totals customers={sorted} isComplete={!hasNextPage} />}
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
      ) : sorted.length === 0 ? (
        <NothingFound title={`No customer's name contains “${q.length > 80 ? `${q.slice(0, 80)}…` : q}”`} />
      ) : (
        <div {...order.handlers}>
          <Columns />
          <VirtualRows
            rows={order.rows}
            rowKey={(customer) => customer.tenant}
            rowHeight={rowHeight}
            renderRow={(customer) => <CustomerRow customer={customer} />}
            label="Customers"
          />
        </div>
      )}
    </>
  );
}

function Columns() {
  return (
    <div aria-hidden="true" className={styles["columns"]}>
      <span>Customer</span>
      <span>Needs attention</span>
      <span>Running</span>
      <span title="Running far longer than usual, or their process is gone">Stuck</span>
      <span title="Of all flows that are kept">Failed</span>
      <span>Last activity</span>
    </div>
  );
}

function Totals({ customers, isComplete }: { customers: Customer[]; isComplete: boolean }) {
  const sum = (pick: (customer: Customer) => number) =>
    customers.reduce((total, each) => total + pick(each), 0);
  const stuck = sum(({ stalled, lost }) => stalled + lost);
  return (
    <p className={styles["totals"]}>
      {isComplete ? plural(customers.length, "customer") : `The first ${customers.length}; search for others`}
      <Link to="/flows" search={{ status: ["running", "paused"] }}>
        {sum(({ running }) => running)} running
      </Link>
      {stuck > 0 && (
        <Link to="/flows" search={{ health: ["stalled", "lost"] }} className={styles["stuck"]}>
          {stuck} stuck
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
      void queryClient.invalidateQueries({ queryKey: keys.allTenants });
      void queryClient.invalidateQueries({ queryKey: keys.attention });
    }, refetchEvery),
  );
  useEffect(() => () => refetch.cancel(), [refetch]);
  useStream({}, refetch);
}

/** Rows do not move away under the pointer: while it is over them, their order is held. */
function useHeldOrder(sorted: Customer[]) {
  const [held, setHeld] = useState<Map<string, number> | null>(null);
  const hold = useEffectEvent(() => setHeld(new Map(sorted.map(({ tenant }, index) => [tenant, index]))));
  const rows = useMemo(() => {
    if (!held) return sorted;
    const place = ({ tenant }: Customer) => held.get(tenant) ?? held.size;
    return sorted.toSorted((a, b) => place(a) - place(b));
  }, [sorted, held]);
  return { rows, handlers: { onPointerEnter: () => hold(), onPointerLeave: () => setHeld(null) } };
}
