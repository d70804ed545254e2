import type { FlowHistogram } from "@weir/collector/schemas";
import { useMemo, useRef, useState } from "react";
import { stateWord } from "../components/StatusMark.tsx";
import { useNow } from "../components/useNow.ts";
import { plural } from "../format/text.ts";
import { clockTime } from "../format/time.ts";
import { type Bar, barsOf, scaleOf, spanOf, totalOf } from "./bars.ts";
import styles from "./Histogram.module.css";

interface HistogramProps {
  histogram: FlowHistogram;
  /** A span of whole buckets was dragged, RFC 3339. */
  onSpan: (span: { from: string; to: string }) => void;
}

const iso = (time: number) => new Date(time).toISOString();

/** How many flows began when, by status; dragging over it chooses a time. */
export function Histogram({ histogram, onSpan }: HistogramProps) {
  const scale = useMemo(() => scaleOf(histogram), [histogram]);
  const bars = useMemo(() => barsOf(histogram, scale), [histogram, scale]);
  const [pointed, setPointed] = useState<Bar | null>(null);
  const now = useNow(10_000);
  const { dragged, handlers } = useDrag((a, b) => {
    const { from, to } = spanOf(scale, a, b);
    onSpan({ from: iso(from), to: iso(to) });
  });
  const span = dragged && spanOf(scale, ...dragged);
  const share = (time: number) => (time - scale.start) / (scale.end - scale.start);
  return (
    <div className={styles["histogram"]}>
      <div
        className={styles["plot"]}
        role="img"
        aria-label={wordsOf(histogram)}
        onPointerLeave={() => setPointed(null)}
        {...handlers}
      >
        {bars.map((bar) => (
          <span
            key={bar.bucket.at}
            className={styles["bar"]}
            style={{ left: percent(bar.x), width: percent(bar.width) }}
            onPointerEnter={() => setPointed(bar)}
          >
            {bar.parts.map(({ status, y, height }) => (
              <span
                key={status}
                data-status={status}
                className={styles["part"]}
                style={{ bottom: percent(y), height: percent(height) }}
              />
            ))}
          </span>
        ))}
        {span && (
          <span
            className={styles["span"]}
            style={{ left: percent(share(span.from)), width: percent(share(span.to) - share(span.from)) }}
          />
        )}
      </div>
      <div className={styles["axis"]} aria-hidden="true">
        <span>{clockTime(iso(scale.start), now)}</span>
        <span className={styles["pointed"]}>
          {span
            ? `${clockTime(iso(span.from), now)} – ${clockTime(iso(span.to), now)}`
            : pointed
              ? `${clockTime(pointed.bucket.at, now)}: ${countsOf(pointed)}`
              : ""}
        </span>
        <span>{share(now) < 1 ? "now" : clockTime(iso(scale.end), now)}</span>
      </div>
    </div>
  );
}

/** Two places of the width, while the pointer is down and has moved. */
function useDrag(onEnd: (a: number, b: number) => void) {
  const from = useRef<number | null>(null);
  const [dragged, setDragged] = useState<[number, number] | null>(null);
  const shareAt = ({ currentTarget, clientX }: React.PointerEvent) => {
    const { left, width } = currentTarget.getBoundingClientRect();
    return (clientX - left) / width;
  };
  const stop = () => {
    from.current = null;
    setDragged(null);
  };
  return {
    dragged,
    handlers: {
      onPointerDown: (event: React.PointerEvent) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = shareAt(event);
        setDragged([from.current, from.current]);
      },
      onPointerMove: (event: React.PointerEvent) => {
        if (from.current !== null) setDragged([from.current, shareAt(event)]);
      },
      onPointerUp: (event: React.PointerEvent) => {
        if (from.current !== null) onEnd(from.current, shareAt(event));
        stop();
      },
      onPointerCancel: stop,
    },
  };
}

function percent(share: number): string {
  return `${share * 100}%`;
}

function countsOf({ parts, bucket, total }: Bar): string {
  const each = parts.map(
    ({ status }) => `${bucket[status].toLocaleString("en")} ${stateWord(status).toLowerCase()}`,
  );
  return parts.length > 1
    ? `${total.toLocaleString("en")} flows, ${each.reverse().join(", ")}`
    : each.join("");
}

/** For those who cannot see it; the list below can be read instead. */
function wordsOf({ buckets, complete }: FlowHistogram): string {
  const total = buckets.reduce((sum, bucket) => sum + totalOf(bucket), 0);
  const failed = buckets.reduce((sum, bucket) => sum + bucket.failed, 0);
  return `When ${complete ? "" : "at least "}${plural(total, "flow")} began, of which ${failed} failed`;
}
