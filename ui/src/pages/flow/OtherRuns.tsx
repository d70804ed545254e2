import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { FlowDetail, FlowSummary } from "@weir/collector/schemas";
import { runsAroundQuery } from "../../api/queries.ts";
import { StatusIcon, stateOf, stateWord } from "../../components/StatusMark.tsx";
import { formatDuration } from "../../format/duration.ts";
import { visible } from "../../format/text.ts";
import { localTime } from "../../format/time.ts";
import styles from "./OtherRuns.module.css";

/** Earlier and later runs of the same flow for the same customer, in their order, and the way to a comparison. */
export function OtherRuns({ flow, compared }: { flow: FlowDetail; compared: string | undefined }) {
  const { tenant, id, name, startedAt } = flow;
  const { data } = useQuery(runsAroundQuery({ tenant, id, name, startedAt }));
  const before = data?.earlier.at(-1);
  return (
    <nav className={styles["runs"]} aria-label="Other runs of it">
      <span className={`cut muted ${styles["name"]}`} title={name}>
        Runs of {visible(name)}
      </span>
      <ol className={styles["strip"]}>
        {data?.earlier.map((run) => (
          <Run key={run.id} run={run} />
        ))}
        <Run run={flow} isThis />
        {data?.later.map((run) => (
          <Run key={run.id} run={run} />
        ))}
      </ol>
      <span className={styles["before"]}>
        {data && !before && <span className="muted">the first that is known</span>}
        {before && compared === undefined && (
          <Link
            to="/tenants/$tenant/flows/$id"
            params={{ tenant, id }}
            search={(search) => ({ ...search, compare: before.id })}
            resetScroll={false}
            className={styles["link"]}
          >
            Compare with the run before
          </Link>
        )}
      </span>
      <Link
        to="/tenants/$tenant/stats"
        params={{ tenant }}
        search={{ name: [name] }}
        className={`${styles["link"]} ${styles["stats"]}`}
      >
        Statistics
      </Link>
    </nav>
  );
}

function Run({ run, isThis = false }: { run: FlowSummary; isThis?: boolean }) {
  const state = stateOf(run);
  const took = run.durationMs === null ? "open" : formatDuration(run.durationMs);
  const words = `${stateWord(state)}, ${localTime(run.startedAt)}, ${took}${isThis ? " (this run)" : ""}`;
  return (
    <li>
      <Link
        to="/tenants/$tenant/flows/$id"
        params={{ tenant: run.tenant, id: run.id }}
        className={styles["run"]}
        aria-current={isThis ? "page" : undefined}
        aria-label={words}
        title={words}
      >
        <StatusIcon state={state} />
      </Link>
    </li>
  );
}
