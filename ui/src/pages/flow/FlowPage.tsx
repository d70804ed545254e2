import { IconMapQuestion } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { ApiError } from "../../api/client.ts";
import { NothingFound } from "../../components/EmptyState.tsx";
import { ErrorState, StaleNotice } from "../../components/ErrorState.tsx";
import { BlockSkeleton, RowSkeletons } from "../../components/Skeletons.tsx";
import { stateOf } from "../../components/StatusMark.tsx";
import { usePageState } from "../../components/usePageState.ts";
import { visible } from "../../format/text.ts";
import { FlowViews } from "../../shape/FlowViews.tsx";
import { layOut } from "../../waterfall/layout.ts";
import { Compared } from "./Compared.tsx";
import { FlowHeader } from "./FlowHeader.tsx";
import styles from "./FlowPage.module.css";
import { OtherRuns } from "./OtherRuns.tsx";
import { Standing } from "./Standing.tsx";
import { StepPanel } from "./StepPanel.tsx";
import { useLiveFlow } from "./useLiveFlow.ts";

const route = getRouteApi("/tenants/$tenant/flows/$id");

export function FlowPage() {
  const { tenant, id } = route.useParams();
  const search = route.useSearch();
  const { selected, compare } = search;
  const navigate = route.useNavigate();
  const begins = Object.values(search).every((value) => value === undefined);
  const { flow, below, error, isFetching, refetch } = useLiveFlow(tenant, id, begins);
  const layout = useMemo(() => flow && layOut(flow, below), [flow, below]);
  usePageState(`${visible(flow?.name ?? id)} · ${visible(tenant)}`, flow && stateOf(flow));

  if (!flow && !error) return <FlowSkeleton />;
  if (!flow || !layout) {
    return error instanceof ApiError && error.status === 404 ? (
      <UnknownFlow tenant={tenant} id={id} />
    ) : (
      <>
        <h1 className="visually-hidden">A flow of {visible(tenant)}</h1>
        <ErrorState
          error={error ?? new Error("No answer came.")}
          onRetry={() => refetch()}
          retrying={isFetching}
        >
          <p className={styles["unknown"]}>
            It is the flow <code>{id}</code> of {visible(tenant)}.
          </p>
        </ErrorState>
      </>
    );
  }

  const select = (step: string | undefined, replace = false) =>
    navigate({ search: (before) => ({ ...before, selected: step }), replace, resetScroll: false });
  const shown = selected === undefined ? undefined : layout.steps.find(({ step }) => step.id === selected);
  return (
    <>
      {error && <StaleNotice error={error} onRetry={() => refetch()} />}
      <FlowHeader flow={flow} />
      <OtherRuns flow={flow} compared={compare} />
      <Standing flow={flow} steps={layout.steps} onSelect={select} />
      {compare !== undefined && layout.left === 0 && (
        <Compared
          flow={flow}
          id={compare}
          onClose={() =>
            navigate({ search: (before) => ({ ...before, compare: undefined }), resetScroll: false })
          }
        />
      )}
      <FlowViews flow={flow} layout={layout} selected={shown?.step.id} onSelect={select}>
        {shown && <StepPanel placed={shown} flow={flow} onClose={() => select(undefined)} />}
      </FlowViews>
    </>
  );
}

function UnknownFlow({ tenant, id }: { tenant: string; id: string }) {
  return (
    <>
      <h1 className="visually-hidden">Unknown flow</h1>
      <NothingFound title={`${visible(tenant)} has no such flow`} Icon={IconMapQuestion}>
        <p className={styles["unknown"]}>
          Nothing has arrived of a flow with the id <code>{id}</code>, or it was deleted by age. A flow shows
          up here as soon as its first step or its start arrives.
        </p>
        <Link to="/tenants/$tenant" params={{ tenant }} className={styles["link"]}>
          All flows of this customer
        </Link>
      </NothingFound>
    </>
  );
}

function FlowSkeleton() {
  return (
    <>
      <div className={styles["skeleton"]}>
        <BlockSkeleton height={84} />
      </div>
      <RowSkeletons count={10} height={30} />
    </>
  );
}
