import styles from "./Axis.module.css";
import { formatTick, wordSides } from "./ticks.ts";

interface AxisProps {
  /** Milliseconds from the flow's start, as are `from` and `to`. */
  ticks: readonly number[];
  /** What the whole width stands for. */
  from: number;
  to: number;
}

/** Pixels that the words of a tick need. */
const wordWidth = 48;

export function Axis({ ticks, from, to, width }: AxisProps & { width: number }) {
  const sides = wordSides(ticks, to, (wordWidth / Math.max(width, 1)) * (to - from));
  return (
    <div className={styles["axis"]} aria-hidden="true">
      {ticks.map((tick, index) => (
        <span
          key={tick}
          className={styles["tick"]}
          data-words={sides[index]}
          style={{ left: percent(tick, from, to) }}
        >
          {sides[index] && formatTick(tick)}
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
