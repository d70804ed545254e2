import { Button } from "@mantine/core";
import { IconArrowUp } from "@tabler/icons-react";
import type { FlowSummary } from "@weir/collector/schemas";
import { useCallback, useRef } from "react";
import { flowKey } from "../../api/patch.ts";
import type { Batch } from "../../api/stream.ts";
import { NothingFound, NothingYet } from "../../components/EmptyState.tsx";
import { ErrorState, StaleNotice } from "../../components/ErrorState.tsx";
import { RowSkeletons } from "../../components/Skeletons.tsx";
import { useNarrow } from "../../components/useNarrow.ts";
import { VirtualRows } from "../../components/VirtualRows.tsx";
import type { FlowFilter } from "../../filter/search.ts";
import { FlowRow } from "./FlowRow.tsx";
import styles from "./FlowsList.module.css";
import { useLiveFlows } from "./useLiveFlows.ts";

interface FlowsListProps {
  filter: FlowFilter;
  showTenant: boolean;
  /** The person chose filters: an empty list is their doing. */
  isFiltered: boolean;
  onClearFilters: () => void;
  onChange?: (batch: Batch) => void;
}

export function FlowsList({ filter, showTenant, isFiltered, onClearFilters, onChange }: FlowsListProps) {
  const narrow = useNarrow();
  const list = useRef<HTMLDivElement>(null);
  const isHeld = () =>
    isScrolledIn(list.current) || (list.current?.matches(":hover, :focus-within") ?? false);
  const { query, flows, newCount, showNew } = useLiveFlows(filter, isHeld, onChange);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;

  const onNearEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const renderRow = useCallback(
    (flow: FlowSummary) => <FlowRow flow={flow} showTenant={showTenant} />,
    [showTenant],
  );

  const rowHeight = narrow ? (showTenant ? 90 : 72) : 48;
  if (query.isPending) {
    return (
      <>
        <Columns showTenant={showTenant} />
        <RowSkeletons count={12} height={rowHeight} />
      </>
    );
  }
  if (!query.data) {
    return <ErrorState error={query.error} onRetry={() => query.refetch()} retrying={query.isFetching} />;
  }
  if (flows.length === 0) {
    if (!isFiltered) return <NothingYet tenant={filter.tenant?.[0]} />;
    return (
      <NothingFound title="No flow passes these filters">
        <Button variant="default" size="xs" onClick={onClearFilters}>
          Clear the filters
        </Button>
      </NothingFound>
    );
  }
  return (
    <>
      {query.isError && !query.isFetchNextPageError && (
        <StaleNotice error={query.error} onRetry={() => query.refetch()} />
      )}
      <div ref={list} data-stale={query.isPlaceholderData || undefined} className={styles["list"]}>
        <Columns showTenant={showTenant} />
        {newCount > 0 && (
          <div className={styles["new"]}>
            <button
              type="button"
              onClick={() => {
                showNew();
                scrollToStart(list.current);
              }}
            >
              <IconArrowUp size={14} aria-hidden="true" /> {newCount} new
            </button>
          </div>
        )}
        <VirtualRows
          rows={flows}
          rowKey={flowKey}
          rowHeight={rowHeight}
          renderRow={renderRow}
          onNearEnd={onNearEnd}
          hasMore={hasNextPage}
          label="Flows"
        />
      </div>
      <div className={styles["end"]}>
        {query.isFetchNextPageError ? (
          <StaleNotice error={query.error} onRetry={() => fetchNextPage()} />
        ) : isFetchingNextPage ? (
          <RowSkeletons count={3} height={rowHeight} />
        ) : (
          !hasNextPage && flows.length > 20 && `All ${flows.length.toLocaleString("en")} flows are shown.`
        )}
      </div>
    </>
  );
}

export function Columns({ showTenant }: { showTenant: boolean }) {
  return (
    <div aria-hidden="true" className={styles["columns"]} data-tenant={showTenant || undefined}>
      <span>Status</span>
      {showTenant && <span>Customer</span>}
      <span>Flow</span>
      <span>Where it stands</span>
      <span className={styles["right"]}>Started</span>
      <span className={styles["right"]}>Duration</span>
      <span className={styles["labels"]}>Labels, services</span>
    </div>
  );
}

/** Its first rows have left the window: rows put before them would move what is being read. */
function isScrolledIn(list: HTMLElement | null): boolean {
  return list !== null && list.getBoundingClientRect().top < 0;
}

function scrollToStart(list: HTMLElement | null): void {
  if (isScrolledIn(list)) window.scrollTo({ top: 0 });
}
