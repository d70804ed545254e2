import type { FlowHistogram } from "@weir/collector/schemas";
import { stateWord } from "../components/StatusMark.tsx";
import { Table } from "../components/Table.tsx";
import { useNow } from "../components/useNow.ts";
import { clockTime } from "../format/time.ts";
import { stacked, totalOf } from "./bars.ts";
import styles from "./HistogramTable.module.css";

interface HistogramTableProps {
  histogram: FlowHistogram;
  /** A bucket was chosen, RFC 3339. */
  onSpan: (span: { from: string; to: string }) => void;
}

/** What the bars show, a row each, the newest first; its time leads to the flows behind it. */
export function HistogramTable({ histogram: { buckets, bucketMs }, onSpan }: HistogramTableProps) {
  const now = useNow(10_000);
  const statuses = stacked.filter((status) => buckets.some((bucket) => bucket[status] > 0));
  return (
    <Table label="When they began" heads={["Began", "Flows", ...statuses.map(stateWord)]} figures isLow>
      {buckets.toReversed().map((bucket) => {
        const to = new Date(Date.parse(bucket.at) + bucketMs).toISOString();
        return (
          <tr key={bucket.at}>
            <td>
              <button
                type="button"
                className={styles["span"]}
                onClick={() => onSpan({ from: bucket.at, to })}
              >
                {clockTime(bucket.at, now)} – {clockTime(to, now)}
              </button>
            </td>
            <td>{totalOf(bucket).toLocaleString("en")}</td>
            {statuses.map((status) => (
              <td key={status}>{bucket[status].toLocaleString("en")}</td>
            ))}
          </tr>
        );
      })}
    </Table>
  );
}
