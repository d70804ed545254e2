import { IconChevronRight } from "@tabler/icons-react";
import type { FlowEvent } from "@weir/collector/schemas";
import { plural, visible } from "../format/text.ts";
import { localTime, offsetFrom, utcTime } from "../format/time.ts";
import styles from "./EventList.module.css";

const mostShown = 500;

export function EventList({ events, startedAt }: { events: readonly FlowEvent[]; startedAt: string }) {
  if (events.length === 0) return null;
  return (
    <details className={styles["events"]}>
      <summary>
        <IconChevronRight size={14} aria-hidden="true" /> {plural(events.length, "event")}
        <span className={`cut ${styles["names"]}`}>
          {events
            .slice(0, 6)
            .map(({ name }) => visible(name))
            .join(" · ")}
        </span>
      </summary>
      <ol>
        {events.slice(0, mostShown).map((event, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an event has no identity but its place
          <li key={index}>
            <time dateTime={event.at} title={`${localTime(event.at)}\n${utcTime(event.at)}`}>
              {offsetFrom(startedAt, event.at)}
            </time>
            <span className={styles["name"]}>{visible(event.name)}</span>
            {Object.keys(event.attributes).length > 0 && (
              <code className={styles["attributes"]}>{JSON.stringify(event.attributes)}</code>
            )}
          </li>
        ))}
        {events.length > mostShown && <li>and {plural(events.length - mostShown, "event")} more</li>}
      </ol>
    </details>
  );
}
