import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { FlowSummary, Shared } from "@weir/collector/schemas";
import { useCallback } from "react";
import { flowKey } from "../../api/patch.ts";
import { sharedFlowsQuery } from "../../api/shares.ts";
import { NothingFound } from "../../components/EmptyState.tsx";
import { ErrorState } from "../../components/ErrorState.tsx";
import { RowSkeletons } from "../../components/Skeletons.tsx";
import { useNarrow } from "../../components/useNarrow.ts";
import { usePageState } from "../../components/usePageState.ts";
import { VirtualRows } from "../../components/VirtualRows.tsx";
import { visible } from "../../format/text.ts";
import { ColumnHeadings } from "../flows/ColumnHeadings.tsx";
import { defaultColumns, gridOf } from "../flows/columns.tsx";
import { FlowRow } from "../flows/FlowRow.tsx";
import { rowHeightOf } from "../flows/FlowsList.tsx";
import { useColumns } from "../flows/useColumns.ts";
import { SharedFlow } from "./SharedFlow.tsx";
import { SharedFrame } from "./SharedFrame.tsx";
import styles from "./SharedPage.module.css";

const route = getRouteApi("/s/$token");

/** What a link shows: a flow, or a list of them. */
export function SharedPage() {
  const { token } = route.useParams();
  const { selected } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <SharedFrame token={token}>
      {(shared) =>
        shared.flowId === null ? (
          <List token={token} shared={shared} />
        ) : (
          <SharedFlow
            token={token}
            id={shared.flowId}
            selected={selected}
            onSelect={(step, replace = false) =>
              navigate({ search: (before) => ({ ...before, selected: step }), replace, resetScroll: false })
            }
          />
        )
      }
    </SharedFrame>
  );
}

function List({ token, shared }: { token: string; shared: Shared }) {
  const name = visible(shared.name ?? "");
  usePageState(`${name} · ${visible(shared.tenant)}`);
  const columns = useColumns(false, defaultColumns);
  const query = useInfiniteQuery(sharedFlowsQuery(token));
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const onNearEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const renderRow = useCallback(
    (flow: FlowSummary) => <FlowRow flow={flow} columns={columns} sharedBy={token} />,
    [columns, token],
  );
  const rowHeight = rowHeightOf(useNarrow(), false);
  return (
    <>
      <h1 className={`cut ${styles["title"]}`}>{name}</h1>
      {query.isPending ? (
        <RowSkeletons count={12} height={rowHeight} />
      ) : !query.data ? (
        <ErrorState error={query.error} onRetry={() => query.refetch()} retrying={query.isFetching} />
      ) : query.data.pages[0]?.flows.length === 0 ? (
        <NothingFound title={`No ${name} flow has arrived yet`} />
      ) : (
        <div style={{ "--flow-columns": gridOf(columns) } as React.CSSProperties}>
          <ColumnHeadings columns={columns} />
          <VirtualRows
            rows={query.data.pages.flatMap(({ flows }) => flows)}
            rowKey={flowKey}
            rowHeight={rowHeight}
            renderRow={renderRow}
            onNearEnd={onNearEnd}
            hasMore={hasNextPage}
            label="Flows"
          />
        </div>
      )}
    </>
  );
}
