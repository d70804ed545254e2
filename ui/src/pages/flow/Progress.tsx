import type { FlowDetail } from "@weir/collector/schemas";
import { useNow } from "../../components/useNow.ts";
import { formatDuration } from "../../format/duration.ts";
import { plural } from "../../format/text.ts";
import styles from "./Progress.module.css";
import { expected } from "./progress.ts";

/** How far an open flow is, and how long it may still take. Nothing where nobody can tell. */
export function Progress({ flow }: { flow: FlowDetail }) {
  const now = useNow(1_000);
  const { flow: usual } = flow.usual;
  const progress = expected(now - Date.parse(flow.startedAt), usual);
  if (!progress || usual === null) return "not known yet: too few runs have finished";
  const title = `Of ${plural(usual.runs, "finished run")} half took at most ${formatDuration(usual.p50)}, 95 % at most ${formatDuration(usual.p95)}`;
  return (
    <span className={styles["progress"]} title={title}>
      <progress
        className={styles["bar"]}
        max={1}
        value={progress.share}
        aria-label="Progress, by its usual time"
      />
      {progress.words}
    </span>
  );
}
