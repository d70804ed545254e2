import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import type { FlowSummary } from "@weir/collector/schemas";
import { useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import { serverNow } from "../../api/clock.ts";
import { flowKey, insertRows, removeRows, updateRows, updateUnwell } from "../../api/patch.ts";
import { flowsQuery, unwellQuery } from "../../api/queries.ts";
import type { Batch } from "../../api/stream.ts";
import { useStream } from "../../api/useStream.ts";
import { matches } from "../../filter/matches.ts";
import type { FlowFilter } from "../../filter/search.ts";

interface Waiting {
  /** Flows that pass the filter and have no row yet. */
  arriving: Map<string, FlowSummary>;
  /** Rows that no longer pass it. */
  leaving: Set<string>;
}

/**
 * A list of flows that follows the stream. Rows change where they stand; rows that come and go wait while
 * `isHeld()` says that someone is reading.
 */
export function useLiveFlows(filter: FlowFilter, isHeld: () => boolean, onChange?: (batch: Batch) => void) {
  const queryClient = useQueryClient();
  const options = flowsQuery(filter);
  const query = useInfiniteQuery(options);
  const unwell = useQuery(unwellQuery(filter));
  const waiting = useRef<Waiting>({ arriving: new Map(), leaving: new Set() });
  const [newCount, setNewCount] = useState(0);

  function apply(changed: ReadonlyMap<string, FlowSummary>, release: boolean): void {
    const known = queryClient.getQueryData(options.queryKey);
    if (!known) return;
    const { arriving, leaving } = waiting.current;
    const { data: updated, unknown } = updateRows(known, changed);
    let data = updated;
    const now = serverNow();
    for (const [key, flow] of changed) {
      const passes = matches(flow, filter, now);
      if (unknown.has(key)) {
        if (passes) arriving.set(key, flow);
        else arriving.delete(key);
      } else {
        arriving.delete(key);
        if (passes) leaving.delete(key);
        else leaving.add(key);
      }
    }
    if (release && arriving.size + leaving.size > 0) {
      // The list may have been fetched again meanwhile: what has a row by now gets no second one.
      const { data: cleared, unknown: absent } = updateRows(removeRows(data, leaving), arriving);
      data = insertRows(cleared, absent.values());
      arriving.clear();
      leaving.clear();
    }
    if (data !== known) queryClient.setQueryData(options.queryKey, data);
    setNewCount(arriving.size);
  }

  useStream({ tenant: filter.tenant, name: filter.name }, (batch) => {
    queryClient.setQueryData(
      unwellQuery(filter).queryKey,
      (flows) => flows && updateUnwell(flows, batch.flows),
    );
    if (batch.resync) void queryClient.invalidateQueries({ queryKey: options.queryKey });
    apply(batch.flows, !isHeld());
    onChange?.(batch);
  });

  const applyUnwell = useEffectEvent((flows: FlowSummary[]) =>
    apply(new Map(flows.map((flow) => [flowKey(flow), flow])), !isHeld()),
  );
  useEffect(() => {
    if (unwell.data) applyUnwell(unwell.data);
  }, [unwell.data]);

  // What waited for one list is nothing to another, nor after the list was fetched again.
  const listKey = JSON.stringify(options.queryKey);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list's identity is what it answers to
  useEffect(() => {
    waiting.current = { arriving: new Map(), leaving: new Set() };
    setNewCount(0);
  }, [listKey]);

  const flows = useMemo(() => query.data?.pages.flatMap((page) => page.flows) ?? [], [query.data]);
  return { query, flows, newCount, showNew: () => apply(new Map(), true) };
}
