import { Link } from "@tanstack/react-router";
import type { StuckFlow } from "@weir/collector/schemas";
import { memo } from "react";
import { StatusMark, stateOf } from "../../components/StatusMark.tsx";
import { KindIcon } from "../../components/StepKind.tsx";
import { Ago, At, Duration } from "../../components/Time.tsx";
import { formatDuration } from "../../format/duration.ts";
import { firstLine, visible } from "../../format/text.ts";
import styles from "./StuckRow.module.css";

/** Who hangs, where, since when, by whom, and what went wrong before. */
export const StuckRow = memo(function StuckRow({ flow }: { flow: StuckFlow }) {
  const { tenant, id, name, stuckSince } = flow;
  const state = stateOf(flow);
  return (
    <div className={`list-row ${styles["row"]}`} data-state={state}>
      <span className={styles["state"]}>
        <StatusMark state={state} />
        <small title="Since when it is stuck">
          <At at={stuckSince} />
        </small>
      </span>
      <span className={styles["tenant"]}>
        <Link to="/tenants/$tenant" params={{ tenant }} className="cut row-tenant" title={tenant}>
          {visible(tenant)}
        </Link>
      </span>
      <span className={styles["flow"]}>
        <Link
          to="/tenants/$tenant/flows/$id"
          params={{ tenant, id }}
          search={flow.step ? { selected: flow.step.id } : {}}
          className="row-link"
          data-row-link
        >
          <span className="cut" title={name}>
            {visible(name)}
          </span>
        </Link>
        <small className="cut mono" title={id}>
          {id}
        </small>
      </span>
      <Where flow={flow} />
      <OpenFor flow={flow} />
      <RunBy flow={flow} />
      <EarlierError flow={flow} />
    </div>
  );
});

function Where({ flow: { step } }: { flow: StuckFlow }) {
  if (step === null) {
    return (
      <span className={styles["where"]}>
        <span className="muted">between steps</span>
      </span>
    );
  }
  return (
    <span className={styles["where"]}>
      <span className={styles["step"]}>
        <KindIcon kind={step.kind} />
        <code className="cut" title={step.name}>
          {visible(step.name)}
        </code>
      </span>
      <small>{step.attempt > 1 ? `attempt ${step.attempt}` : "first attempt"}</small>
    </span>
  );
}

/** Of the step where one is open, else of the flow; beside it what is usual. */
function OpenFor({ flow }: { flow: StuckFlow }) {
  const since = flow.step?.startedAt ?? flow.startedAt;
  const usual = flow.step === null ? flow.usual : (flow.step.usual ?? null);
  return (
    <span className={styles["openFor"]}>
      <strong>
        <Duration since={since} ms={null} />
      </strong>
      {usual ? (
        <small
          title={`Half of ${usual.runs} runs took at most ${formatDuration(usual.p50)}, 95 of 100 at most ${formatDuration(usual.p95)}`}
        >
          usually {formatDuration(usual.p50)}
        </small>
      ) : (
        <small>usual time unknown</small>
      )}
    </span>
  );
}

function RunBy({ flow: { runner, services } }: { flow: StuckFlow }) {
  if (runner === null) {
    return (
      <span className={styles["runBy"]}>
        <span className="cut muted" title={services.join("\n")}>
          {services.length > 0 ? services.join(" · ") : "nobody said"}
        </span>
      </span>
    );
  }
  return (
    <span className={styles["runBy"]}>
      <span className="cut" title={`Process ${runner.instance}`}>
        {visible(runner.service ?? runner.instance)}
      </span>
      <small className="cut">
        {runner.heardAt === null ? (
          "not heard of"
        ) : (
          <>
            heard of <Ago at={runner.heardAt} />
          </>
        )}
      </small>
    </span>
  );
}

function EarlierError({ flow: { earlierError } }: { flow: StuckFlow }) {
  if (earlierError === null) return <span className={`muted ${styles["error"]}`}>–</span>;
  return (
    <span className={styles["error"]}>
      <span className="cut" title={firstLine(earlierError.message, 1000)}>
        {firstLine(earlierError.message) || earlierError.type}
      </span>
      <small className="cut">{earlierError.type}</small>
    </span>
  );
}
