import { Link } from "@tanstack/react-router";
import type { FlowDetail } from "@weir/collector/schemas";
import { CopyButton } from "../../components/CopyButton.tsx";
import { LabelChip } from "../../components/LabelChip.tsx";
import { StatusIcon, StatusMark, stateOf, stateWord } from "../../components/StatusMark.tsx";
import { Ago, At, Duration } from "../../components/Time.tsx";
import { visible } from "../../format/text.ts";
import styles from "./FlowHeader.module.css";
import { Progress } from "./Progress.tsx";
import { ShareButton } from "./ShareButton.tsx";
import { TraceLink } from "./TraceLink.tsx";

const mostChildren = 12;

export function FlowHeader({ flow }: { flow: FlowDetail }) {
  const { tenant, parent, children } = flow;
  const labels = Object.entries(flow.labels);
  return (
    <header className={styles["header"]}>
      <nav className={styles["crumbs"]} aria-label="Breadcrumb">
        <Link to="/">Customers</Link>
        <span aria-hidden="true">/</span>
        <Link to="/tenants/$tenant" params={{ tenant }} className="cut" title={tenant}>
          {visible(tenant)}
        </Link>
        <span aria-hidden="true">/</span>
        <Link
          to="/tenants/$tenant"
          params={{ tenant }}
          search={{ name: [flow.name] }}
          className="cut"
          title={`This customer's flows named ${flow.name}`}
        >
          {visible(flow.name)}
        </Link>
      </nav>
      <div className={styles["titleLine"]}>
        <h1 className={`cut ${styles["title"]}`} title={flow.name}>
          {visible(flow.name)}
        </h1>
        <StatusMark state={stateOf(flow)} pill />
        <span className={styles["id"]}>
          <span className="cut mono" title={flow.id}>
            {flow.id}
          </span>
          <CopyButton text={flow.id} what="the flow's id" />
        </span>
        <ShareButton flow={flow} />
      </div>
      <dl className={styles["facts"]}>
        <Fact name="Started">
          <At at={flow.startedAt} /> <Ago at={flow.startedAt} className="muted" />
        </Fact>
        <Fact name={flow.endedAt === null ? "Open for" : "Took"}>
          <strong>
            <Duration since={flow.startedAt} ms={flow.durationMs} open={flow.endedAt === null} />
          </strong>
        </Fact>
        {flow.endedAt !== null && (
          <Fact name="Ended">
            <At at={flow.endedAt} />
          </Fact>
        )}
        {flow.status === "running" && (
          <Fact name="Expected">
            <Progress flow={flow} />
          </Fact>
        )}
        {flow.services.length > 0 && (
          <Fact name="Services">
            <span className={styles["services"]}>
              {flow.services.map((service) => (
                <span key={service} className="cut" title={service}>
                  {visible(service)}
                </span>
              ))}
            </span>
          </Fact>
        )}
        {flow.traceId !== null && (
          <Fact name="Trace">
            <TraceLink traceId={flow.traceId} />
          </Fact>
        )}
        {labels.length > 0 && (
          <Fact name="Labels">
            <span className={styles["chips"]}>
              {labels.map(([key, value]) => (
                <LabelChip key={key} tenant={tenant} name={key} value={value} />
              ))}
            </span>
          </Fact>
        )}
        {parent && (
          <Fact name="Opened in">
            <Link
              to="/tenants/$tenant/flows/$id"
              params={parent}
              className={`cut ${styles["relation"]}`}
              title={parent.id}
            >
              {parent.tenant === tenant ? "" : `${visible(parent.tenant)} / `}
              <span className="mono">{parent.id}</span>
            </Link>
          </Fact>
        )}
        {children.length > 0 && (
          <Fact name="Opened">
            <span className={styles["chips"]}>
              {children.slice(0, mostChildren).map((child) => (
                <Child key={`${child.tenant}\u0000${child.id}`} child={child} tenant={tenant} />
              ))}
              {children.length > mostChildren && (
                <span className="muted">and {children.length - mostChildren} more</span>
              )}
            </span>
          </Fact>
        )}
      </dl>
    </header>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className={styles["fact"]}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Child({ child, tenant }: { child: FlowDetail["children"][number]; tenant: string }) {
  return (
    <Link
      to="/tenants/$tenant/flows/$id"
      params={{ tenant: child.tenant, id: child.id }}
      className={styles["relation"]}
      title={child.id}
    >
      <StatusIcon state={child.status} label={stateWord(child.status)} />
      <span className="cut">
        {child.tenant === tenant ? "" : `${visible(child.tenant)} / `}
        {visible(child.name)}
      </span>
    </Link>
  );
}
