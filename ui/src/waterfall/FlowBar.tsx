import type { FlowDetail } from "@weir/collector/schemas";
import { stateOf } from "../components/StatusMark.tsx";
import { visible } from "../format/text.ts";
import { offsetFrom } from "../format/time.ts";
import styles from "./FlowBar.module.css";
import { barSpan } from "./layout.ts";

/** More marks than this are a smear; the list of events has them all. */
const mostMarks = 300;

/** The flow itself, as the first row, with its events as marks. */
export function FlowBar({ flow, start, end }: { flow: FlowDetail; start: number; end: number }) {
  const flowEnd = flow.endedAt === null ? end : Date.parse(flow.endedAt);
  const { left, width } = barSpan(Date.parse(flow.startedAt), flowEnd, start, end);
  return (
    <>
      <span className={styles["name"]}>Whole flow</span>
      <div className={styles["track"]}>
        <span
          className={styles["bar"]}
          data-state={stateOf(flow)}
          data-open={flow.endedAt === null || undefined}
          style={{ left: `${left}%`, width: `${width}%` }}
        />
        {flow.events.slice(0, mostMarks).map((event, index) => {
          const at = Date.parse(event.at);
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
