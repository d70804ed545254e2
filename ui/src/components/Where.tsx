import type { FlowSummary } from "@weir/collector/schemas";
import { firstLine, plural, visible } from "../format/text.ts";
import { stateOf } from "./StatusMark.tsx";
import { At } from "./Time.tsx";
import styles from "./Where.module.css";

/** Where a flow stands: the step, and since when or with which error. Two lines, or one where `inline`. */
export function Where({ flow, inline = false }: { flow: FlowSummary; inline?: boolean }) {
  const step = flow.status === "failed" ? flow.failedStep : flow.currentSteps.at(-1);
  return (
    <span className={inline ? styles["inline"] : styles["stacked"]} data-state={stateOf(flow)}>
      <span className={`cut ${styles["step"]}`} title={openSteps(flow)}>
        {step === undefined || step === null ? (
          <Nowhere flow={flow} />
        ) : (
          <>
            {inline && <span className={styles["at"]}>at </span>}
            <code>{visible(step)}</code>
          </>
        )}
      </span>
      <Detail flow={flow} />
    </span>
  );
}

function Nowhere({ flow }: { flow: FlowSummary }) {
  const { total } = flow.stepCounts;
  if (flow.status === "paused") {
    const reason = flow.pause?.reason ?? null;
    return <span className="muted">{reason === null ? "on hold" : firstLine(reason)}</span>;
  }
  if (flow.status === "running") return <span className="muted">between steps</span>;
  return <span className="muted">{total === 0 ? "no steps" : plural(total, "step")}</span>;
}

function Detail({ flow }: { flow: FlowSummary }) {
  if (flow.status === "failed") {
    return flow.error ? (
      <span className={`cut ${styles["error"]}`} title={firstLine(flow.error.message, 1000)}>
        {firstLine(flow.error.message) || flow.error.type}
      </span>
    ) : (
      <span className={`cut ${styles["error"]}`}>no error was recorded</span>
    );
  }
  if (flow.status !== "running" && flow.status !== "paused") return null;
  return (
    <span className={`cut ${styles["since"]}`}>
      {sinceWords[stateOf(flow)] ?? "since"} <At at={since(flow)} />
    </span>
  );
}

/** Of what is lost nothing came after its last span; work stands at a step since it was opened. */
function since(flow: FlowSummary): string {
  if (flow.pause !== null) return flow.pause.at;
  return stateOf(flow) === "lost" ? flow.updatedAt : (flow.currentSince ?? flow.updatedAt);
}

const sinceWords: Partial<Record<ReturnType<typeof stateOf>, string>> = {
  stalled: "stuck since",
  lost: "nothing of it since",
  paused: "paused since",
};

function openSteps(flow: FlowSummary): string | undefined {
  return flow.currentSteps.length > 1 ? `Open now: ${flow.currentSteps.join(" › ")}` : undefined;
}
