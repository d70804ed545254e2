import type { TenantSummary } from "@weir/collector/schemas";
import { memo } from "react";
import { plural } from "../../format/text.ts";
import styles from "./DayBars.module.css";

type Days = TenantSummary["history"];

const height = 22;
const step = 7;
const width = 5;
/** So that a single failure among thousands is still a line. */
const least = 2;

/** One small bar for each of the last days: how much there was, and how much of it failed. Its words are its button's. */
export const DayBars = memo(function DayBars({ days }: { days: Days }) {
  const most = Math.max(1, ...days.map(totalOf));
  return (
    <svg width={days.length * step} height={height} aria-hidden="true" className={styles["bars"]}>
      {days.map((day, index) => {
        const failed = heightOf(day.failed, most);
        const rest = heightOf(totalOf(day) - day.failed, most);
        const x = index * step;
        return (
          <g key={day.day}>
            {failed + rest === 0 && (
              <rect x={x} y={height - 1} width={width} height={1} className={styles["none"]} />
            )}
            <rect x={x} y={height - failed} width={width} height={failed} className={styles["failed"]} />
            <rect
              x={x}
              y={Math.max(0, height - failed - rest)}
              width={width}
              height={Math.min(rest, height - failed)}
              className={styles["rest"]}
            />
          </g>
        );
      })}
    </svg>
  );
});

function heightOf(count: number, most: number): number {
  return count === 0 ? 0 : Math.max(least, Math.round((count / most) * height));
}

function totalOf({ succeeded, failed, cancelled, running }: Days[number]): number {
  return succeeded + failed + cancelled + running;
}

/** For those who cannot see it. */
export function wordsOf(days: Days): string {
  const total = days.reduce((sum, day) => sum + totalOf(day), 0);
  const failed = days.reduce((sum, day) => sum + day.failed, 0);
  return `Within ${plural(days.length, "day")}: ${plural(total, "flow")}, ${failed.toLocaleString("en")} failed`;
}
