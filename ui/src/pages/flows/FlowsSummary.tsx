import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { FlowCount } from "@weir/collector/schemas";
import { useEffect, useMemo } from "react";
import { keys } from "../../api/keys.ts";
import { countQuery, histogramQuery } from "../../api/queries.ts";
import { throttle } from "../../api/throttle.ts";
import { AsTableButton, useAsTable } from "../../components/AsTable.tsx";
import { StatusMark } from "../../components/StatusMark.tsx";
import { useNarrow } from "../../components/useNarrow.ts";
import { type FlowFilter, statuses, toggled } from "../../filter/search.ts";
import { Histogram } from "../../histogram/Histogram.tsx";
import { HistogramTable } from "../../histogram/HistogramTable.tsx";
import styles from "./FlowsSummary.module.css";

interface FlowsSummaryProps {
  filter: FlowFilter;
  /** The customer whose flows these are; `null` where they are of all. */
  tenant: string | null;
  onChange: (filter: FlowFilter) => void;
}

/** How many flows pass the filter, by status and over time. Each count filters by what it counts. */
export function FlowsSummary({ filter, tenant, onChange }: FlowsSummaryProps) {
  const { listed, others } = countedOf(filter, tenant);
  const { data: count, isPending: isCounting } = useQuery(countQuery(listed));
  const { data: choices, isPending: isCountingChoices } = useQuery(countQuery(others));
  // All of them at once: on a narrow screen each moves those behind it.
  const isCounted = !isCounting && !isCountingChoices;
  const { data: histogram } = useQuery(histogramQuery(listed));
  const [isTable, toggleTable] = useAsTable("histogram");
  if (count?.total === 0 && choices?.total === 0) return null;
  const hasBars = histogram !== undefined && histogram.buckets.length > 0;
  const choose = (span: { from: string; to: string }) => onChange({ ...filter, range: undefined, ...span });
  const Drawn = isTable ? HistogramTable : Histogram;
  return (
    <section aria-label="All of them" className={styles["summary"]}>
      <div className={styles["plot"]} data-table={isTable || undefined}>
        {hasBars && <Drawn histogram={histogram} onSpan={choose} />}
      </div>
      <div className={styles["counts"]}>
        {isCounted && count && (
          <strong className={styles["total"]}>
            {numbered(count.total, count.complete)} {count.total === 1 ? "flow" : "flows"}
          </strong>
        )}
        {isCounted && choices && <Counts count={choices} filter={filter} onChange={onChange} />}
        {hasBars && isCounted && (
          <span className={styles["right"]}>
            <AsTableButton isTable={isTable} onToggle={toggleTable} what="when they began" />
          </span>
        )}
      </div>
    </section>
  );
}

/** Whoever looks at those that failed sees still how many run, and can go there. */
function countedOf(filter: FlowFilter, tenant: string | null): { listed: FlowFilter; others: FlowFilter } {
  const listed = tenant === null ? filter : { ...filter, tenant: [tenant] };
  const { status: _, health: __, ...others } = listed;
  return { listed, others };
}

/** Whether it is known how high the summary is: on a narrow screen its counts take as many lines as there are of them. */
export function useIsSummaryPlaced(filter: FlowFilter, tenant: string | null): boolean {
  const { listed, others } = countedOf(filter, tenant);
  const isNarrow = useNarrow();
  const count = useQuery(countQuery(listed));
  const choices = useQuery(countQuery(others));
  return !isNarrow || !(count.isPending || choices.isPending);
}

interface CountsProps {
  count: FlowCount;
  filter: FlowFilter;
  onChange: (filter: FlowFilter) => void;
}

function Counts({ count, filter, onChange }: CountsProps) {
  const isShown = (value: number, isOn = false) => value > 0 || isOn;
  return (
    <>
      {statuses
        .filter((status) => isShown(count.status[status], filter.status?.includes(status)))
        .map((status) => (
          <Count
            key={status}
            state={status}
            value={numbered(count.status[status], count.complete)}
            isOn={filter.status?.includes(status) ?? false}
            onClick={() => onChange({ ...filter, status: toggled(filter.status, status) })}
          />
        ))}
      {unwell
        .filter((health) => isShown(count.health[health], filter.health?.includes(health)))
        .map((health) => (
          <Count
            key={health}
            state={health}
            value={numbered(count.health[health], count.complete)}
            isOn={filter.health?.includes(health) ?? false}
            onClick={() => onChange({ ...filter, health: toggled(filter.health, health) })}
          />
        ))}
    </>
  );
}

/** `1,200`, or `1,200+` where counting stopped there. */
function numbered(count: number, isComplete: boolean): string {
  return `${count.toLocaleString("en")}${isComplete ? "" : "+"}`;
}

const unwell = ["stalled", "lost"] as const;

interface CountProps {
  state: Parameters<typeof StatusMark>[0]["state"];
  value: string;
  isOn: boolean;
  onClick: () => void;
}

function Count({ state, value, isOn, onClick }: CountProps) {
  return (
    <button type="button" className={styles["count"]} aria-pressed={isOn} onClick={onClick}>
      <StatusMark state={state} /> <span className={styles["value"]}>{value}</span>
    </button>
  );
}

const refetchEvery = 3_000;

/** Brings the summary up to date after changes, now and then. */
export function useRefetchSummary(): () => void {
  const queryClient = useQueryClient();
  const refetch = useMemo(
    () =>
      throttle(() => {
        void queryClient.invalidateQueries({ queryKey: keys.allCounts });
        void queryClient.invalidateQueries({ queryKey: keys.allHistograms });
      }, refetchEvery),
    [queryClient],
  );
  useEffect(() => () => refetch.cancel(), [refetch]);
  return refetch;
}
