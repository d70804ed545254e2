import { IconClockExclamation } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { FlowDetail } from "@weir/collector/schemas";
import { CopyButton } from "../../components/CopyButton.tsx";
import { ErrorDetails } from "../../components/ErrorDetails.tsx";
import { SidePanel } from "../../components/SidePanel.tsx";
import { StatusIcon, stateWord } from "../../components/StatusMark.tsx";
import { idleWords } from "../../components/StepKind.tsx";
import { Duration } from "../../components/Time.tsx";
import { formatDuration } from "../../format/duration.ts";
import { visible } from "../../format/text.ts";
import { localTime, offsetFrom, utcTime } from "../../format/time.ts";
import type { PlacedStep } from "../../waterfall/layout.ts";
import { Attributes } from "./Attributes.tsx";
import styles from "./StepPanel.module.css";

interface StepPanelProps {
  placed: PlacedStep;
  flow: FlowDetail;
  onClose: () => void;
  /** Nothing on it may lead to other flows. */
  alone?: boolean;
}

/** All there is to know of one step. */
export function StepPanel({ placed, flow, onClose, alone = false }: StepPanelProps) {
  const { step, attempts } = placed;
  const idle = idleWords(step.kind);
  return (
    <SidePanel
      label="Step"
      icon={<StatusIcon state={placed.state} />}
      name={visible(step.name)}
      title={step.name}
      onClose={onClose}
    >
      {step.error && (
        <section className={styles["error"]}>
          <ErrorDetails error={step.error} />
        </section>
      )}
      <dl className={styles["facts"]}>
        <dt>Status</dt>
        <dd>
          {stateWord(placed.state)}
          {idle && <span className="muted"> · {idle.what}</span>}
        </dd>
        {attempts > 1 && (
          <>
            <dt>Attempt</dt>
            <dd>
              {step.attempt} of {attempts}
            </dd>
          </>
        )}
        {step.optional && (
          <>
            <dt>Optional</dt>
            <dd>its failure does not fail the flow</dd>
          </>
        )}
        <dt>Took</dt>
        <dd>
          <Duration since={step.startedAt} ms={step.durationMs} open={step.endedAt === null} />
          {step.endedAt === null && <span className="muted"> so far</span>}
        </dd>
        {step.service !== null && (
          <>
            <dt>Service</dt>
            <dd className="cut" title={step.service}>
              {visible(step.service)}
            </dd>
          </>
        )}
        <dt>Started</dt>
        <dd>
          <Exact at={step.startedAt} start={flow.startedAt} />
        </dd>
        <dt>Ended</dt>
        <dd>{step.endedAt === null ? "not yet" : <Exact at={step.endedAt} start={flow.startedAt} />}</dd>
        <dt>Step id</dt>
        <dd className={styles["id"]}>
          <span className="cut mono" title={step.id}>
            {step.id}
          </span>
          <CopyButton text={step.id} what="the step's id" />
        </dd>
      </dl>
      <ClockNotes placed={placed} />
      <section>
        <h3 className="heading">Attributes</h3>
        <Attributes attributes={step.attributes} />
      </section>
      {!alone && (
        <Link
          to="/tenants/$tenant"
          params={{ tenant: flow.tenant }}
          search={{ step: [step.name] }}
          className={styles["link"]}
        >
          Flows of this customer that stand at this step
        </Link>
      )}
    </SidePanel>
  );
}

function Exact({ at, start }: { at: string; start: string }) {
  return (
    <time dateTime={at} className={styles["exact"]}>
      <span>{localTime(at)}</span>
      <span className="muted">{utcTime(at)}</span>
      <span className="muted">{offsetFrom(start, at)} from the flow's start</span>
    </time>
  );
}

/** Raw times are shown as they came; where the picture differs from them, it says so. */
function ClockNotes({ placed }: { placed: PlacedStep }) {
  const notes = [
    placed.movedMs > 0 &&
      `By the clocks of its services it began ${formatDuration(placed.movedMs)} before what it belongs to. It is drawn that much later; the times here are as they came.`,
    placed.endsBeforeStartMs > 0 &&
      `By the clocks of its services it ended ${formatDuration(placed.endsBeforeStartMs)} before it began.`,
    placed.isOrphan && "The step that it ran in has not arrived.",
  ].filter((note) => note !== false);
  return notes.map((note) => (
    <p key={note} className={styles["note"]}>
      <IconClockExclamation size={15} aria-hidden="true" />
      {note}
    </p>
  ));
}
