import { CloseButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { FlowDetail } from "@weir/collector/schemas";
import { useMemo } from "react";
import { flowQuery } from "../../api/queries.ts";
import { ErrorState } from "../../components/ErrorState.tsx";
import { RowSkeletons } from "../../components/Skeletons.tsx";
import { Table } from "../../components/Table.tsx";
import { At } from "../../components/Time.tsx";
import { formatDuration } from "../../format/duration.ts";
import { plural, visible } from "../../format/text.ts";
import styles from "./Compared.module.css";
import { compare, type Difference, type StepDifference } from "./compare.ts";

const mostDifferences = 20;
const mostSteps = 12;

/** This run beside another: what differed, and which step was slower. */
export function Compared({ flow, id, onClose }: { flow: FlowDetail; id: string; onClose: () => void }) {
  const { data: other, error, isFetching, refetch } = useQuery(flowQuery(flow.tenant, id));
  const compared = useMemo(() => other && compare(flow, other), [flow, other]);
  return (
    <section className={styles["compared"]} aria-label="Compared with another run">
      <div className={styles["head"]}>
        <h2>
          Compared with{" "}
          {other ? (
            <Link to="/tenants/$tenant/flows/$id" params={other} className={styles["link"]}>
              the run of <At at={other.startedAt} />
            </Link>
          ) : (
            "another run"
          )}
        </h2>
        <CloseButton size="sm" aria-label="Close the comparison" onClick={onClose} />
      </div>
      {error && !other && <ErrorState error={error} onRetry={() => refetch()} retrying={isFetching} />}
      {!other && !error && <RowSkeletons count={3} height={26} />}
      {compared && (
        <>
          <Differences of={compared.differences} />
          <Steps of={compared.steps} />
        </>
      )}
    </section>
  );
}

function Differences({ of }: { of: Difference[] }) {
  if (of.length === 0) return <p className="muted">Same outcome, labels, services and attributes.</p>;
  return (
    <>
      <Table label="What differs" heads={["What differs", "This run", "The other"]}>
        {of.slice(0, mostDifferences).map(({ what, here, there }) => (
          <tr key={what}>
            <td>{what}</td>
            <td>{here ?? <span className="muted">nothing</span>}</td>
            <td>{there ?? <span className="muted">nothing</span>}</td>
          </tr>
        ))}
      </Table>
      {of.length > mostDifferences && (
        <p className="muted">and {plural(of.length - mostDifferences, "difference")} more</p>
      )}
    </>
  );
}

function Steps({ of }: { of: StepDifference[] }) {
  const shown = of.filter(({ byMs, here, there }) => byMs !== 0 || here === null || there === null);
  if (shown.length === 0) return <p className="muted">Every step took as long.</p>;
  return (
    <>
      <Table label="Times of steps" heads={["Step", "This run", "The other", "Difference"]}>
        {shown.slice(0, mostSteps).map(({ path, here, there, byMs }) => (
          <tr key={JSON.stringify(path)}>
            <td>
              {path.length > 1 && (
                <span className="muted">{path.slice(0, -1).map(visible).join(" › ")} › </span>
              )}
              {visible(path.at(-1) ?? "")}
            </td>
            <td>{took(here)}</td>
            <td>{took(there)}</td>
            <td>{byMs !== null && <Slower byMs={byMs} />}</td>
          </tr>
        ))}
      </Table>
      {shown.length > mostSteps && (
        <p className="muted">and {plural(shown.length - mostSteps, "step")} more</p>
      )}
    </>
  );
}

function took(ms: StepDifference["here"]): React.ReactNode {
  if (ms === null) return <span className="muted">not in it</span>;
  return ms === "open" ? "still open" : formatDuration(ms);
}

function Slower({ byMs }: { byMs: number }) {
  return (
    <span className={byMs > 0 ? styles["slower"] : styles["faster"]}>
      {formatDuration(Math.abs(byMs))} {byMs > 0 ? "slower" : "faster"}
    </span>
  );
}
