import { IconExternalLink } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { settingsQuery } from "../../api/settings.ts";
import { CopyButton } from "../../components/CopyButton.tsx";
import styles from "./FlowHeader.module.css";

/** The trace in which a flow was opened: a link to wherever traces are kept, where someone has said where that is. */
export function TraceLink({ traceId }: { traceId: string }) {
  const { data: settings } = useQuery(settingsQuery());
  const id = <span className="mono">{traceId.slice(0, 8)}…</span>;
  const url = settings?.traceLink?.replaceAll("{traceId}", traceId);
  return (
    <span className={styles["id"]}>
      {url === undefined ? (
        <span title={traceId}>{id}</span>
      ) : (
        <a href={url} target="_blank" rel="noreferrer" className={styles["relation"]} title={url}>
          {id}
          <IconExternalLink size={13} aria-hidden="true" />
          <span className="visually-hidden">in the tracing system, in a new tab</span>
        </a>
      )}
      <CopyButton text={traceId} what="the trace id" />
    </span>
  );
}
