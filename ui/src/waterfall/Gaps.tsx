import { formatDuration } from "../format/duration.ts";
import styles from "./Gaps.module.css";
import type { Gap } from "./gaps.ts";
import { barSpan, isSeen } from "./layout.ts";

/** More bands than this are a smear; the list of events has them all. */
const mostShown = 50;

interface GapsProps {
  gaps: readonly Gap[];
  start: number;
  end: number;
}

/** Behind the rows: whatever they say, in these stretches nobody brought them to an end. */
export function Gaps({ gaps, start, end }: GapsProps) {
  return (
    <div className={styles["gaps"]} aria-hidden="true">
      {gaps.slice(0, mostShown).map((gap) => {
        if (!isSeen(gap.start, gap.end, start, end)) return null;
        const { left, width } = barSpan(gap.start, gap.end, start, end);
        return (
          <span key={gap.end} className={styles["gap"]} style={{ left: `${left}%`, width: `${width}%` }} />
        );
      })}
    </div>
  );
}

/** The same in words. */
export function gapsInWords(gaps: readonly Gap[]): string {
  const [gap] = gaps;
  if (gap === undefined) return "";
  const longest = formatDuration(Math.max(...gaps.map(({ start, end }) => end - start)));
  const what = "What had succeeded was kept; what was open ran again.";
  return gaps.length === 1
    ? `Its process died, and another took over: nothing is known of up to ${longest} before. ${what}`
    : `Its process died ${gaps.length} times, and another took over: nothing is known of up to ${longest} before each. ${what}`;
}
