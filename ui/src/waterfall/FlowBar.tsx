import type { FlowDetail } from "@weir/collector/schemas";
import { stateOf } from "../components/StatusMark.tsx";
import { visible } from "../format/text.ts";
import { offsetFrom } from "../format/time.ts";
import styles from "./FlowBar.module.css";
import { barSpan, isSeen } from "./layout.ts";

/** More marks than this are a smear; the list of events has them all. */
const mostMarks = 300;

interface FlowBarProps {
  flow: FlowDetail;
  /** What is seen. */
  start: number;
  end: number;
  /** Up to where it is drawn while it is open. */
  now: number;
}

/** The flow itself, as the first row, with its events as marks. */
export function FlowBar({ flow, start, end, now }: FlowBarProps) {
  const flowEnd = flow.endedAt === null ? now : Date.parse(flow.endedAt);
  const flowStart = Date.parse(flow.startedAt);
  const { left, width } = barSpan(flowStart, flowEnd, start, end);
  return (
    <>
      <span className={styles["name"]}>Whole flow</span>
      <div className={styles["track"]}>
        {isSeen(flowStart, flowEnd, start, end) && (
          <span
            className={styles["bar"]}
            data-state={stateOf(flow)}
            data-open={flow.endedAt === null || undefined}
            style={{ left: `${left}%`, width: `${width}%` }}
          />
        )}
        {flow.events.slice(0, mostMarks).map((event, index) => {
          const at = Date.parse(event.at);
          if (!isSeen(at, at, start, end)) return null;
          const label = `${visible(event.name)} ${offsetFrom(flow.startedAt, event.at)}`;
          return (
            <span
              // biome-ignore lint/suspicious/noArrayIndexKey: an event has no identity but its place
              key={index}
              className={styles["event"]}
              style={{ left: `${barSpan(at, at, start, end).left}%` }}
              role="img"
              aria-label={`Event ${label}`}
              title={label}
            />
          );
        })}
      </div>
    </>
  );
}
