import { Button } from "@mantine/core";
import { IconMoodSmile } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { StuckFlow } from "@weir/collector/schemas";
import { useCallback, useMemo } from "react";
import { flowKey } from "../../api/patch.ts";
import { stuckQuery } from "../../api/queries.ts";
import { NothingFound } from "../../components/EmptyState.tsx";
import { ErrorState, StaleNotice } from "../../components/ErrorState.tsx";
import { RowSkeletons } from "../../components/Skeletons.tsx";
import { useHeldOrder } from "../../components/useHeldOrder.ts";
import { useNarrow } from "../../components/useNarrow.ts";
import { usePageState } from "../../components/usePageState.ts";
import { VirtualRows } from "../../components/VirtualRows.tsx";
import { isFiltered } from "../../filter/search.ts";
import { AddFilter } from "../flows/AddFilter.tsx";
import { FieldChip } from "../flows/FieldChip.tsx";
import { useFields } from "../flows/fields.ts";
import styles from "./StuckPage.module.css";
import { StuckRow } from "./StuckRow.tsx";
import { useLiveStuck } from "./useLiveStuck.ts";

const route = getRouteApi("/stuck");
const fieldNames = ["Customer", "Flow"];
const renderRow = (flow: StuckFlow) => <StuckRow flow={flow} />;

/** Every open flow that hangs, the worst first: the page that a support engineer keeps open. */
export function StuckPage() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(stuckQuery(filter));
  useLiveStuck(filter);
  const flows = useMemo(() => query.data?.pages.flatMap((page) => page.flows) ?? [], [query.data]);
  const order = useHeldOrder(flows, flowKey);
  const { lost = 0, stalled = 0 } = query.data?.pages[0]?.counts ?? {};
  const fields = useFields(filter, null, flows).filter(({ name }) => fieldNames.includes(name));
  usePageState("Stuck", lost + stalled > 0 ? "stalled" : undefined, `${lost + stalled} stuck`);

  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const onNearEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const rowHeight = useNarrow() ? 128 : 60;
  const choose = ({ tenant, name }: typeof filter) => void navigate({ search: { tenant, name } });

  return (
    <>
      <div className={styles["head"]}>
        <h1 className={styles["title"]}>Stuck</h1>
        <AddFilter fields={fields} onChange={choose} />
        {fields
          .filter(({ chosen }) => chosen.length > 0)
          .map((field) => (
            <FieldChip key={field.name} field={field} onChange={choose} />
          ))}
        {query.data && (
          <p className={styles["totals"]}>
            {lost > 0 && <span data-state="lost">{lost.toLocaleString("en")} lost</span>}
            {stalled > 0 && <span data-state="stalled">{stalled.toLocaleString("en")} stalled</span>}
          </p>
        )}
      </div>
      {query.isError && query.data && <StaleNotice error={query.error} onRetry={() => query.refetch()} />}
      {query.isPending ? (
        <RowSkeletons count={10} height={rowHeight} />
      ) : !query.data ? (
        <ErrorState error={query.error} onRetry={() => query.refetch()} retrying={query.isFetching} />
      ) : flows.length > 0 ? (
        <div {...order.handlers}>
          <Headings />
          <VirtualRows
            rows={order.rows}
            rowKey={flowKey}
            rowHeight={rowHeight}
            renderRow={renderRow}
            onNearEnd={onNearEnd}
            hasMore={hasNextPage}
            label="Stuck flows"
          />
        </div>
      ) : (
        <NothingFound title="Nothing is stuck" Icon={IconMoodSmile}>
          <p className="muted">
            {isFiltered(filter)
              ? "Of these, every open flow is within its usual time, and the process that runs it is alive."
              : "Every open flow is within its usual time, and every process that runs one is alive."}
          </p>
          {isFiltered(filter) && (
            <Button variant="default" size="xs" onClick={() => choose({})}>
              Clear the filters
            </Button>
          )}
        </NothingFound>
      )}
    </>
  );
}

function Headings() {
  return (
    <div aria-hidden="true" className={`list-headings ${styles["headings"]}`}>
      <span>State</span>
      <span>Customer</span>
      <span>Flow</span>
      <span>Hangs at</span>
      <span>Open for</span>
      <span>Run by</span>
      <span>Earlier error</span>
    </div>
  );
}
