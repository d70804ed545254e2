import { Button } from "@mantine/core";
import { IconArrowUp } from "@tabler/icons-react";
import type { FlowSummary } from "@weir/collector/schemas";
import { useCallback, useRef } from "react";
import { flowKey } from "../../api/patch.ts";
import type { Batch } from "../../api/stream.ts";
import { NothingFound, NothingYet, Ways } from "../../components/EmptyState.tsx";
import { ErrorState, StaleNotice } from "../../components/ErrorState.tsx";
import { RowSkeletons } from "../../components/Skeletons.tsx";
import { useNarrow } from "../../components/useNarrow.ts";
import { VirtualRows } from "../../components/VirtualRows.tsx";
import { defaultOrder, type FlowOrder } from "../../filter/order.ts";
import { flowFilter, isFiltered, type ListSearch } from "../../filter/search.ts";
import { useKeys } from "../../keyboard/useKeys.ts";
import { ColumnHeadings } from "./ColumnHeadings.tsx";
import { type Column, gridOf } from "./columns.tsx";
import { FlowRow } from "./FlowRow.tsx";
import styles from "./FlowsList.module.css";
import { RowMenu } from "./RowMenu.tsx";
import { type News, useLiveFlows } from "./useLiveFlows.ts";
import { useRowCopies } from "./useRowCopies.ts";

interface FlowsListProps {
  search: ListSearch;
  /** The customer whose flows these are; `null` where they are of all. */
  tenant: string | null;
  columns: readonly Column[];
  /** What stands above it is as high as it will be. */
  isPlaced: boolean;
  onOrder: (order: FlowOrder) => void;
  onAnyTime: () => void;
  onClearFilters: () => void;
  onChange?: (batch: Batch) => void;
}

export function FlowsList(props: FlowsListProps) {
  const { search, tenant, columns, isPlaced, onOrder, onAnyTime, onClearFilters, onChange } = props;
  const isNarrow = useNarrow();
  const list = useRef<HTMLDivElement>(null);
  const isHeld = () =>
    isScrolledIn(list.current) || (list.current?.matches(":hover, :focus-within") ?? false);
  const order = search.order ?? defaultOrder;
  const filter = flowFilter(tenant === null ? search : { ...search, tenant: [tenant] });
  const { query, flows, news, showNews } = useLiveFlows(filter, order, isHeld, onChange);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const { menu, openMenu } = useRowCopies(list, flows);

  const onNearEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const renderRow = useCallback(
    (flow: FlowSummary) => <FlowRow flow={flow} columns={columns} onMore={openMenu} />,
    [columns, openMenu],
  );
  const show = () => {
    if (news.count === 0 && !news.isMore) return;
    showNews();
    scrollToStart(list.current);
  };
  useKeys({ n: show });

  const rowHeight = rowHeightOf(isNarrow, tenant === null);
  const grid = { "--flow-columns": gridOf(columns) } as React.CSSProperties;
  if (query.isPending || !isPlaced) {
    return (
      <div style={grid}>
        <ColumnHeadings columns={columns} />
        <RowSkeletons count={12} height={rowHeight} />
      </div>
    );
  }
  if (!query.data) {
    return <ErrorState error={query.error} onRetry={() => query.refetch()} retrying={query.isFetching} />;
  }
  if (flows.length === 0 && !hasNextPage) {
    if (!isFiltered(flowFilter(search))) return <NothingYet tenant={tenant ?? undefined} />;
    return <NothingPasses search={search} onAnyTime={onAnyTime} onClearFilters={onClearFilters} />;
  }
  return (
    <>
      {query.isError && !query.isFetchNextPageError && (
        <StaleNotice error={query.error} onRetry={() => query.refetch()} />
      )}
      <div
        ref={list}
        data-stale={query.isPlaceholderData || undefined}
        className={styles["list"]}
        style={grid}
      >
        <ColumnHeadings columns={columns} order={order} onOrder={onOrder} />
        <NewsButton news={news} onShow={show} />
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
      {menu && <RowMenu {...menu} />}
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

/** Whether it is the time that leaves nothing over, or the rest: the way out is another one. */
function NothingPasses({
  search,
  onAnyTime,
  onClearFilters,
}: Pick<FlowsListProps, "search" | "onAnyTime" | "onClearFilters">) {
  const { range, from, to, ...others } = flowFilter(search);
  const hasTime = isFiltered({ range, from, to });
  const hasOthers = isFiltered(others);
  return (
    <NothingFound title={hasOthers ? "No flow passes these filters" : "No flow began within this time"}>
      <Ways>
        {hasTime && (
          <Button variant="default" size="xs" onClick={onAnyTime}>
            Look at any time
          </Button>
        )}
        {hasOthers && (
          <Button variant="default" size="xs" onClick={onClearFilters}>
            Clear the filters
          </Button>
        )}
      </Ways>
    </NothingFound>
  );
}

/** Nothing jumps while someone reads: what is new waits behind this. */
function NewsButton({ news: { count, isMore }, onShow }: { news: News; onShow: () => void }) {
  if (count === 0 && !isMore) return null;
  const words = count === 0 ? "Show what is new" : `${count.toLocaleString("en")}${isMore ? "+" : ""} new`;
  return (
    <div className={styles["new"]}>
      <button type="button" onClick={onShow} title="Show them (n)">
        <IconArrowUp size={14} aria-hidden="true" /> {words}
      </button>
    </div>
  );
}

/** Pixels; style sheets draw a card on a narrow screen. */
export function rowHeightOf(isNarrow: boolean, showTenant: boolean): number {
  if (!isNarrow) return 48;
  return showTenant ? 90 : 72;
}

/** Its first rows have left the window: rows put before them would move what is being read. */
function isScrolledIn(list: HTMLElement | null): boolean {
  return list !== null && list.getBoundingClientRect().top < 0;
}

function scrollToStart(list: HTMLElement | null): void {
  if (isScrolledIn(list)) window.scrollTo({ top: 0 });
}
