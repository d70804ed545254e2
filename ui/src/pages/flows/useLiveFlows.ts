import { type InfiniteData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import type { FlowSummary } from "@weir/collector/schemas";
import { useEffect, useMemo, useRef, useState } from "react";
import { serverNow } from "../../api/clock.ts";
import { flowsQuery } from "../../api/queries.ts";
import { hasPlace, insertRows, removeRows, updateRows } from "../../api/rows.ts";
import type { Batch } from "../../api/stream.ts";
import { useStream } from "../../api/useStream.ts";
import { matches } from "../../filter/matches.ts";
import { compareBy, type FlowOrder } from "../../filter/order.ts";
import type { FlowFilter } from "../../filter/search.ts";

interface Waiting {
  /** Flows that pass the filter and have no row yet. */
  arriving: Map<string, FlowSummary>;
  /** Rows that no longer pass it. */
  leaving: Set<string>;
  /** Rows that stand where the order does not want them any more. */
  moving: Map<string, FlowSummary>;
}

/** What has come or changed unseen, as far as it is known. */
export interface News {
  count: number;
  /** There is more than was kept count of: the list has to be fetched again. */
  isMore: boolean;
}

const noNews: News = { count: 0, isMore: false };
/** More than this many new flows are not kept while someone reads. */
const mostWaiting = 1_000;
/** Over this many rows a first page has grown by what arrived; it is fetched again, and those after it fall away. */
const longestFirstPage = 600;
/** So many loaded pages are fetched again where they stand; of more only the first one is. */
const mostRefetched = 3;

/**
 * A list of flows that follows the stream. Rows change where they stand; rows that come, go and move wait while
 * `isHeld()` says that someone is reading. However long it is left open, what it keeps is bounded.
 */
export function useLiveFlows(
  filter: FlowFilter,
  order: FlowOrder,
  isHeld: () => boolean,
  onChange?: (batch: Batch) => void,
) {
  const queryClient = useQueryClient();
  const options = flowsQuery(filter, order);
  const query = useInfiniteQuery(options);
  const waiting = useRef(nothingWaits());
  const isFollowing = useRef(false);
  const [news, setNews] = useState(noNews);
  const compare = compareBy[order];
  type Data = NonNullable<typeof query.data>;

  function forgetNews(): void {
    waiting.current = nothingWaits();
    setNews(noNews);
  }

  /** The first page is fetched again, and the others with it where they are few. */
  function refetch(data: Data): void {
    const isLong = data.pages.length > mostRefetched || rowsOfFirst(data) > longestFirstPage;
    if (isLong) queryClient.setQueryData(options.queryKey, firstOf(data));
    forgetNews();
    void queryClient.invalidateQueries({ queryKey: options.queryKey });
  }

  function apply(changed: ReadonlyMap<string, FlowSummary>, isReleased: boolean): void {
    const known = queryClient.getQueryData(options.queryKey);
    if (!known) return;
    const { arriving, leaving, moving } = waiting.current;
    const { data: updated, unknown, moved } = updateRows(known, changed, compare);
    let data = updated;
    const now = serverNow();
    for (const [key, flow] of changed) {
      const passes = matches(flow, filter, now);
      if (!unknown.has(key)) {
        arriving.delete(key);
        if (passes) leaving.delete(key);
        else leaving.add(key);
        if (moved.has(key) || moving.has(key)) moving.set(key, flow);
      } else if (passes && hasPlace(known, flow, compare)) arriving.set(key, flow);
      else arriving.delete(key);
    }
    if (isReleased && arriving.size + leaving.size + moving.size > 0) {
      const gone = new Set([...leaving, ...moving.keys()]);
      for (const [key, flow] of moving) if (!leaving.has(key)) arriving.set(key, flow);
      // The list may have been fetched again meanwhile: what has a row by now gets no second one.
      const { data: cleared, unknown: absent } = updateRows(removeRows(data, gone), arriving, compare);
      data = insertRows(cleared, absent.values(), compare);
      waiting.current = nothingWaits();
      if (rowsOfFirst(data) > longestFirstPage) {
        refetch(data);
        return;
      }
    }
    if (data !== known) queryClient.setQueryData(options.queryKey, data);
    const isMore = waiting.current.arriving.size > mostWaiting;
    if (isMore) waiting.current = nothingWaits();
    setNews((before) => newsOf(waiting.current.arriving.size, isMore || before.isMore, before));
  }

  useStream({ tenant: filter.tenant, name: filter.name }, (batch) => {
    const isHeldNow = isHeld();
    const data = queryClient.getQueryData(options.queryKey);
    if (data && (batch.resync || (news.isMore && !isHeldNow))) {
      // The first one closes the gap between the answer and the stream, which was short.
      if (isHeldNow && isFollowing.current) setNews(({ count }) => ({ count, isMore: true }));
      else refetch(data);
      isFollowing.current = true;
    }
    apply(batch.flows, !isHeldNow);
    onChange?.(batch);
  });

  // What waited for one list is nothing to another, nor after the list was fetched again.
  const listKey = JSON.stringify(options.queryKey);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list's identity is what it answers to
  useEffect(() => {
    waiting.current = nothingWaits();
    setNews(noNews);
  }, [listKey]);

  // What was fetched has a row by now, and waits no more.
  useEffect(() => {
    const { arriving } = waiting.current;
    if (!query.data || arriving.size === 0) return;
    waiting.current.arriving = updateRows(query.data, arriving, compare).unknown;
    setNews((before) => newsOf(waiting.current.arriving.size, before.isMore, before));
  }, [query.data, compare]);

  const flows = useMemo(() => query.data?.pages.flatMap((page) => page.flows) ?? [], [query.data]);
  const showNews = () => {
    const data = queryClient.getQueryData(options.queryKey);
    if (news.isMore && data) refetch(data);
    else apply(new Map(), true);
  };
  return { query, flows, news, showNews };
}

function nothingWaits(): Waiting {
  return { arriving: new Map(), leaving: new Set(), moving: new Map() };
}

/** The same object where nothing changed, so that nothing is drawn anew. */
function newsOf(waiting: number, isMore: boolean, before: News): News {
  const count = isMore ? Math.max(before.count, waiting) : waiting;
  return count === before.count && isMore === before.isMore ? before : { count, isMore };
}

function rowsOfFirst({ pages }: InfiniteData<{ flows: unknown[] }, unknown>): number {
  return pages[0]?.flows.length ?? 0;
}

function firstOf<P, Q>({ pages, pageParams }: InfiniteData<P, Q>): InfiniteData<P, Q> {
  return { pages: pages.slice(0, 1), pageParams: pageParams.slice(0, 1) };
}
