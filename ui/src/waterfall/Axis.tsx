import styles from "./Axis.module.css";
import { formatTick } from "./ticks.ts";

interface AxisProps {
  /** Milliseconds from the flow's start, as are `from` and `to`. */
  ticks: readonly number[];
  /** What the whole width stands for. */
  from: number;
  to: number;
}

export function Axis({ ticks, from, to }: AxisProps) {
  return (
    <div className={styles["axis"]} aria-hidden="true">
      {ticks.map((tick) => (
        <span
          key={tick}
          className={styles["tick"]}
          data-last={tick - from > (to - from) * 0.93 || undefined}
          style={{ left: percent(tick, from, to) }}
        >
          {formatTick(tick)}
        </span>
      ))}
    </div>
  );
}

export function GridLines({ ticks, from, to }: AxisProps) {
  return (
    <div className={styles["grid"]} aria-hidden="true">
      {ticks.map((tick) => (
        <span key={tick} className={styles["line"]} style={{ left: percent(tick, from, to) }} />
      ))}
    </div>
  );
}

function percent(tick: number, from: number, to: number): string {
  return `${((tick - from) / Math.max(to - from, 1)) * 100}%`;
}
