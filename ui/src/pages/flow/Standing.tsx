import type { FlowDetail } from "@weir/collector/schemas";
import { ErrorDetails } from "../../components/ErrorDetails.tsx";
import { StatusIcon, stateOf } from "../../components/StatusMark.tsx";
import { idleWords } from "../../components/StepKind.tsx";
import { Ago, At, Duration } from "../../components/Time.tsx";
import { useNow } from "../../components/useNow.ts";
import { visible } from "../../format/text.ts";
import type { PlacedStep } from "../../waterfall/layout.ts";
import styles from "./Standing.module.css";
import { healthInWords, incompleteInWords } from "./words.ts";

interface StandingProps {
  flow: FlowDetail;
  steps: readonly PlacedStep[];
  onSelect: (step: string) => void;
  /** Nothing but this flow may be asked for. */
  alone?: boolean;
}

/** Where the flow stands and why: the first thing that a person came for. */
export function Standing({ flow, steps, onSelect, alone = false }: StandingProps) {
  return (
    <>
      {flow.status === "failed" && <Failed flow={flow} steps={steps} onSelect={onSelect} />}
      {(flow.status === "running" || flow.status === "paused") && (
        <Open flow={flow} steps={steps} onSelect={onSelect} alone={alone} />
      )}
      {flow.incomplete.length > 0 && (
        <div className={styles["standing"]} data-state="cancelled">
          <p className={styles["line"]}>The picture is incomplete.</p>
          <ul className={styles["reasons"]}>
            {flow.incomplete.map((reason) => (
              <li key={reason}>{incompleteInWords(reason)}</li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

function Failed({ flow, steps, onSelect }: StandingProps) {
  const failed = steps.findLast(
    ({ step }) => step.status === "failed" && step.name === flow.failedStep,
  )?.step;
  return (
    <section className={styles["standing"]} data-state="failed" aria-label="Why it failed">
      <p className={styles["line"]}>
        <StatusIcon state="failed" />
        <span>Failed</span>
        {flow.failedStep !== null && (
          <>
            <span>at</span>
            <StepName name={flow.failedStep} onClick={failed && (() => onSelect(failed.id))} />
          </>
        )}
      </p>
      {flow.error ? (
        <ErrorDetails error={flow.error} />
      ) : (
        <p className="muted">No error was recorded with it: it was told to fail, and no reason was given.</p>
      )}
    </section>
  );
}

function Open({ flow, steps, onSelect, alone = false }: StandingProps) {
  const state = stateOf(flow);
  const current = steps.findLast(({ state }) => state === "running")?.step;
  // Stuck or lost is said as such, whatever it waits for.
  const idle = current && state === "running" ? idleWords(current.kind) : undefined;
  const since = flow.pause?.at ?? current?.startedAt ?? flow.updatedAt;
  const now = useNow(1_000);
  const words = healthInWords(flow.health, now - Date.parse(flow.startedAt), flow.usual.flow);
  return (
    <section className={styles["standing"]} data-state={state} aria-label="Where it stands">
      <p className={styles["line"]}>
        <StatusIcon state={state} />
        <span>
          {current ? (idle?.open ?? openWords[state]) : (nowhereWords[state] ?? "Open, between steps")}
        </span>
        {current && <StepName name={current.name} onClick={() => onSelect(current.id)} />}
        <span>
          since <At at={since} />
        </span>
        <span className="muted">
          <Duration since={since} ms={null} open />
        </span>
      </p>
      {flow.pause?.reason && <p className={styles["reason"]}>{flow.pause.reason}</p>}
      {words && <p>{words}</p>}
      {!alone && flow.runner && (
        <p className="muted">
          Run by {visible(flow.runner.service ?? "a process")}{" "}
          <span className="mono" title={flow.runner.instance}>
            {flow.runner.instance.slice(0, 8)}
          </span>
          {flow.runner.heardAt !== null && (
            <>
              , last heard of <Ago at={flow.runner.heardAt} />
            </>
          )}
        </p>
      )}
    </section>
  );
}

const openWords: Partial<Record<ReturnType<typeof stateOf>, string>> = {
  running: "Running",
  stalled: "Stuck at",
  lost: "Lost at",
  paused: "Paused at",
};

/** Where no step is open. */
const nowhereWords: typeof openWords = { paused: "Paused, between steps" };

function StepName({ name, onClick }: { name: string; onClick: (() => void) | undefined }) {
  const label = <code className="cut">{visible(name)}</code>;
  if (!onClick) return label;
  return (
    <button type="button" className={styles["step"]} onClick={onClick} title="Show this step below">
      {label}
    </button>
  );
}
