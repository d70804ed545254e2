import { Link } from "@tanstack/react-router";
import type { FlowSummary } from "@weir/collector/schemas";
import { memo } from "react";
import { StatusMark, stateOf } from "../../components/StatusMark.tsx";
import { Ago, Duration } from "../../components/Time.tsx";
import { Where } from "../../components/Where.tsx";
import { visible } from "../../format/text.ts";
import styles from "./FlowRow.module.css";

interface FlowRowProps {
  flow: FlowSummary;
  showTenant: boolean;
  /** Token of the link that shows it, on the page of one. */
  sharedBy?: string;
}

/** Drawn anew only when its flow has changed. */
export const FlowRow = memo(function FlowRow({ flow, showTenant, sharedBy }: FlowRowProps) {
  const { tenant, id } = flow;
  return (
    <div className={styles["row"]} data-tenant={showTenant || undefined}>
      <span className={styles["status"]}>
        <StatusMark state={stateOf(flow)} />
      </span>
      {showTenant && (
        <span className={styles["tenant"]}>
          <Link
            to="/tenants/$tenant"
            params={{ tenant }}
            className={`cut ${styles["tenantLink"]}`}
            title={tenant}
          >
            {visible(tenant)}
          </Link>
        </span>
      )}
      <span className={styles["flow"]}>
        <Link
          {...(sharedBy === undefined
            ? ({ to: "/tenants/$tenant/flows/$id", params: { tenant, id } } as const)
            : ({ to: "/s/$token/flows/$id", params: { token: sharedBy, id } } as const))}
          className={styles["open"]}
        >
          <span className="cut" title={flow.name}>
            {visible(flow.name)}
          </span>
        </Link>
        <span className={`cut mono ${styles["id"]}`} title={id}>
          {id}
        </span>
      </span>
      <span className={styles["where"]}>
        <Where flow={flow} />
      </span>
      <span className={styles["started"]}>
        <Ago at={flow.startedAt} />
      </span>
      <span className={styles["duration"]}>
        <Duration since={flow.startedAt} ms={flow.durationMs} open={flow.endedAt === null} />
      </span>
      <span className={styles["labels"]}>
        <Labels labels={flow.labels} />
        <span className={`cut ${styles["services"]}`} title={flow.services.join("\n")}>
          {flow.services.join(" · ")}
        </span>
      </span>
    </div>
  );
});

function Labels({ labels }: { labels: FlowSummary["labels"] }) {
  const pairs = Object.entries(labels);
  const text = pairs.map(([key, value]) => `${visible(key)}=${visible(value)}`);
  return (
    <span className={`cut ${styles["labelLine"]}`} title={text.join("\n")}>
      {text.join("  ")}
    </span>
  );
}
