import { IconMapQuestion } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { FlowDetail } from "@weir/collector/schemas";
import { useMemo } from "react";
import { sharedFlowQuery } from "../../api/shares.ts";
import { NothingFound } from "../../components/EmptyState.tsx";
import { ErrorState, StaleNotice } from "../../components/ErrorState.tsx";
import { RowSkeletons } from "../../components/Skeletons.tsx";
import { StatusMark, stateOf } from "../../components/StatusMark.tsx";
import { Ago, At, Duration } from "../../components/Time.tsx";
import { usePageState } from "../../components/usePageState.ts";
import { visible } from "../../format/text.ts";
import { FlowViews } from "../../shape/FlowViews.tsx";
import { layOut } from "../../waterfall/layout.ts";
import { Standing } from "../flow/Standing.tsx";
import { StepPanel } from "../flow/StepPanel.tsx";
import styles from "./SharedFlow.module.css";
import { isGone } from "./SharedFrame.tsx";

interface SharedFlowProps {
  token: string;
  id: string;
  selected: string | undefined;
  onSelect: (step: string | undefined, replace?: boolean) => void;
}

export function SharedFlow({ token, id, selected, onSelect }: SharedFlowProps) {
  const { data: flow, error, isPending, isFetching, refetch } = useQuery(sharedFlowQuery(token, id));
  const layout = useMemo(() => flow && layOut(flow), [flow]);
  usePageState(visible(flow?.name ?? "Shared flow"), flow && stateOf(flow));

  if (isPending) return <RowSkeletons count={10} height={30} />;
  if (!flow || !layout) {
    if (isGone(error)) return <NothingFound title="There is no such flow (yet)" Icon={IconMapQuestion} />;
    const shown = error ?? new Error("No answer came.");
    return <ErrorState error={shown} onRetry={() => refetch()} retrying={isFetching} />;
  }
  const shown = selected === undefined ? undefined : layout.steps.find(({ step }) => step.id === selected);
  return (
    <>
      {error && <StaleNotice error={error} onRetry={() => refetch()} />}
      <Head flow={flow} />
      <Standing flow={flow} steps={layout.steps} onSelect={onSelect} alone />
      <FlowViews flow={flow} layout={layout} selected={shown?.step.id} onSelect={onSelect}>
        {shown && <StepPanel placed={shown} flow={flow} onClose={() => onSelect(undefined)} alone />}
      </FlowViews>
    </>
  );
}

/** As on the flow's own page, without what leads elsewhere. */
function Head({ flow }: { flow: FlowDetail }) {
  const labels = Object.entries(flow.labels);
  return (
    <header className={styles["head"]}>
      <div className={styles["titleLine"]}>
        <h1 className="cut" title={flow.name}>
          {visible(flow.name)}
        </h1>
        <StatusMark state={stateOf(flow)} pill />
        <span className="cut mono muted" title={flow.id}>
          {flow.id}
        </span>
      </div>
      <dl className={styles["facts"]}>
        <div>
          <dt>Started</dt>
          <dd>
            <At at={flow.startedAt} /> <Ago at={flow.startedAt} className="muted" />
          </dd>
        </div>
        <div>
          <dt>{flow.endedAt === null ? "Open for" : "Took"}</dt>
          <dd>
            <Duration since={flow.startedAt} ms={flow.durationMs} open={flow.endedAt === null} />
          </dd>
        </div>
        {labels.length > 0 && (
          <div>
            <dt>Labels</dt>
            <dd className={styles["labels"]}>
              {labels.map(([key, value]) => (
                <span key={key} className="cut">
                  <span className="muted">{visible(key)}</span> {visible(value)}
                </span>
              ))}
            </dd>
          </div>
        )}
      </dl>
    </header>
  );
}
