import styles from "./Axis.module.css";
import { formatTick } from "./ticks.ts";

interface AxisProps {
  ticks: readonly number[];
  /** Milliseconds that the whole width stands for. */
  duration: number;
}

export function Axis({ ticks, duration }: AxisProps) {
  return (
    <div className={styles["axis"]} aria-hidden="true">
      {ticks.map((tick) => (
        <span
          key={tick}
          className={styles["tick"]}
          data-last={tick > duration * 0.93 || undefined}
          style={{ left: percent(tick, duration) }}
        >
          {formatTick(tick)}
        </span>
      ))}
    </div>
  );
}

export function GridLines({ ticks, duration }: AxisProps) {
  return (
    <div className={styles["grid"]} aria-hidden="true">
      {ticks.map((tick) => (
        <span key={tick} className={styles["line"]} style={{ left: percent(tick, duration) }} />
      ))}
    </div>
  );
}

function percent(tick: number, duration: number): string {
  return `${(tick / Math.max(duration, 1)) * 100}%`;
}
