import { useQuery } from "@tanstack/react-query";
import type { StatsGroup } from "@weir/collector/schemas";
import { statsQuery } from "../../api/queries.ts";
import { StatusIcon, stateWord } from "../../components/StatusMark.tsx";
import { Ago } from "../../components/Time.tsx";
import { formatDuration } from "../../format/duration.ts";
import { visible } from "../../format/text.ts";
import styles from "./StatsStrip.module.css";

interface StatsStripProps {
  tenant: string;
  /** Flow names that the list is filtered by. */
  chosen: readonly string[] | undefined;
  onToggle: (name: string) => void;
}

/** One card for each kind of flow that the customer has; a click filters the list by it. */
export function StatsStrip({ tenant, chosen, onToggle }: StatsStripProps) {
  const { data: groups } = useQuery(statsQuery(tenant));
  // The list below tells of the same trouble, with a way to try again.
  if (!groups || groups.length === 0) return null;
  return (
    <ul className={styles["strip"]} aria-label="Flows by name">
      {groups.map((group) => (
        <li key={group.key}>
          <button
            type="button"
            className={styles["card"]}
            aria-pressed={chosen?.includes(group.key) ?? false}
            onClick={() => onToggle(group.key)}
          >
            <Group group={group} />
          </button>
        </li>
      ))}
    </ul>
  );
}

function Group({ group }: { group: StatsGroup }) {
  const { p50, p95 } = group.durationMs;
  return (
    <>
      <span className={styles["name"]}>
        {group.lastStatus && (
          <StatusIcon state={group.lastStatus} label={`last run: ${stateWord(group.lastStatus)}`} />
        )}
        <span className="cut" title={group.key}>
          {visible(group.key)}
        </span>
        <span className={styles["last"]}>{group.lastStartedAt && <Ago at={group.lastStartedAt} />}</span>
      </span>
      <span className={styles["figures"]}>
        <Figure value={group.total.toLocaleString("en")} word="runs" />
        <Figure
          value={group.running.toLocaleString("en")}
          word="running"
          state={group.running > 0 ? "running" : undefined}
        />
        <Figure
          value={group.failed.toLocaleString("en")}
          word="failed"
          state={group.failed > 0 ? "failed" : undefined}
        />
        <Figure value={p50 === null ? "–" : formatDuration(p50)} word="p50" />
        <Figure value={p95 === null ? "–" : formatDuration(p95)} word="p95" />
      </span>
    </>
  );
}

function Figure({ value, word, state }: { value: string; word: string; state?: string | undefined }) {
  return (
    <span className={styles["figure"]}>
      <span className={styles["value"]} data-state={state}>
        {value}
      </span>
      <span className={styles["word"]}>{word}</span>
    </span>
  );
}
