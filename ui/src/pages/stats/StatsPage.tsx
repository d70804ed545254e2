import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ErrorStats, StatsGroup } from "@weir/collector/schemas";
import { statisticsOf } from "../../api/figures.ts";
import { namesQuery } from "../../api/queries.ts";
import { NothingFound, Ways } from "../../components/EmptyState.tsx";
import { ErrorState } from "../../components/ErrorState.tsx";
import { BlockSkeleton } from "../../components/Skeletons.tsx";
import { Table } from "../../components/Table.tsx";
import { Ago } from "../../components/Time.tsx";
import { usePageState } from "../../components/usePageState.ts";
import { isRange, type Range, ranges } from "../../filter/range.ts";
import { formatDuration } from "../../format/duration.ts";
import { plural, visible } from "../../format/text.ts";
import { Answered } from "./Answered.tsx";
import { ChartCard } from "./ChartCard.tsx";
import { DaysHeatmap, DurationsChart, RunsChart } from "./Charts.tsx";
import { DaysTable, DurationsTable, RunsTable } from "./ChartTables.tsx";
import styles from "./StatsPage.module.css";
import { slotsOf } from "./slots.ts";

const route = getRouteApi("/tenants/$tenant/stats");

const mostSteps = 12;
const offered: Range[] = ["1d", "7d", "30d"];

/** How one customer's flows have gone: when, how well, how long, and what goes wrong in them. */
export function StatsPage() {
  const { tenant } = route.useParams();
  const { name, range = "30d" } = route.useSearch();
  usePageState(`Statistics · ${visible(tenant)}`);
  const asked = statisticsOf(tenant, name, range);
  const { unit, from, heatmapFrom, now } = asked;
  const over = useQuery(asked.over);
  const byName = useQuery(asked.byName);
  const steps = useQuery(asked.steps);
  const errors = useQuery(asked.errors);
  const days = useQuery(asked.days);

  const slots = over.data && slotsOf(over.data.groups, unit, from, now);
  const chart = { slots: slots ?? [], unit, tenant, name } as const;
  return (
    <>
      <nav className={styles["crumbs"]} aria-label="Breadcrumb">
        <Link to="/">Customers</Link>
        <span aria-hidden="true">/</span>
        <Link to="/tenants/$tenant" params={{ tenant }} className="cut">
          {visible(tenant)}
        </Link>
      </nav>
      <div className={styles["head"]}>
        <h1 className="cut">Statistics</h1>
        <Choice tenant={tenant} name={name} range={range} />
      </div>
      {over.error && !over.data ? (
        <ErrorState error={over.error} onRetry={() => over.refetch()} retrying={over.isFetching} />
      ) : !slots || !byName.data ? (
        <BlockSkeleton height={300} />
      ) : byName.data.groups.length === 0 ? (
        <NothingFound
          title={
            name === undefined
              ? "No flow began within this time"
              : `No ${name.map(visible).join(" or ")} began within this time`
          }
        >
          <Ways>
            {range !== "30d" && (
              <Link to="/tenants/$tenant/stats" params={{ tenant }} search={{ name, range: "30d" }}>
                Look at the last 30 days
              </Link>
            )}
            {name !== undefined && (
              <Link to="/tenants/$tenant/stats" params={{ tenant }} search={{ range }}>
                Look at all flows
              </Link>
            )}
            <Link to="/tenants/$tenant" params={{ tenant }}>
              The flows of {visible(tenant)}
            </Link>
          </Ways>
        </NothingFound>
      ) : (
        <>
          {!over.data?.complete && (
            <p className="muted">There is more than could be counted in time: the figures are of a part.</p>
          )}
          <Totals groups={byName.data.groups} />
          <div className={styles["grid"]}>
            <ChartCard id="runs" title="Runs" Chart={RunsChart} AsTable={RunsTable}>
              {(Shown) => <Shown {...chart} />}
            </ChartCard>
            <ChartCard
              id="durations"
              title="Durations, half of the runs and 95 % of them"
              Chart={DurationsChart}
              AsTable={DurationsTable}
            >
              {(Shown) => <Shown {...chart} />}
            </ChartCard>
            <section className={styles["card"]} aria-labelledby="names">
              <h2 id="names" className={styles["cardHead"]}>
                Flows
              </h2>
              <Names groups={byName.data.groups} tenant={tenant} />
            </section>
            <section className={styles["card"]} aria-labelledby="steps">
              <h2 id="steps" className={styles["cardHead"]}>
                Steps, those that fail most first
              </h2>
              <Answered query={steps}>
                {({ groups }) => <Steps groups={groups} tenant={tenant} name={name} />}
              </Answered>
            </section>
            <section className={styles["card"]} aria-labelledby="errors">
              <h2 id="errors" className={styles["cardHead"]}>
                Errors
              </h2>
              <Answered query={errors}>{({ errors }) => <Errors errors={errors} />}</Answered>
            </section>
            <ChartCard id="days" title="Days, twelve weeks back" Chart={DaysHeatmap} AsTable={DaysTable}>
              {(Shown) => (
                <Answered query={days}>
                  {({ groups }) => (
                    <Shown {...chart} unit="day" slots={slotsOf(groups, "day", heatmapFrom, now)} />
                  )}
                </Answered>
              )}
            </ChartCard>
          </div>
        </>
      )}
    </>
  );
}

interface ChoiceProps {
  tenant: string;
  name: string[] | undefined;
  range: Range;
}

function Choice({ tenant, name, range }: ChoiceProps) {
  const navigate = route.useNavigate();
  const { data: names = [] } = useQuery(namesQuery(tenant));
  return (
    <div className={styles["choice"]}>
      <label>
        <span className="visually-hidden">Flows</span>
        <select
          value={name?.[0] ?? ""}
          onChange={({ target: { value } }) =>
            navigate({ search: (before) => ({ ...before, name: value === "" ? undefined : [value] }) })
          }
        >
          <option value="">All flows</option>
          {[...new Set([...names, ...(name ?? [])])].map((each) => (
            <option key={each} value={each}>
              {visible(each)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span className="visually-hidden">Time</span>
        <select
          value={range}
          onChange={({ target: { value } }) =>
            isRange(value) && navigate({ search: (before) => ({ ...before, range: value }) })
          }
        >
          {offered.map((each) => (
            <option key={each} value={each}>
              {ranges[each].label}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function Totals({ groups }: { groups: StatsGroup[] }) {
  const sum = (of: (group: StatsGroup) => number) => groups.reduce((all, group) => all + of(group), 0);
  const [failed, cancelled, succeeded] = [
    sum((group) => group.failed),
    sum((group) => group.cancelled),
    sum((group) => group.succeeded),
  ];
  const finished = failed + cancelled + succeeded;
  const totals = [
    ["Runs", sum(({ total }) => total).toLocaleString("en")],
    ["Open now", sum(({ running }) => running).toLocaleString("en")],
    ["Succeeded", succeeded.toLocaleString("en")],
    ["Failed", failed.toLocaleString("en")],
    ["Failure rate", finished === 0 ? "–" : percent(failed / finished)],
  ];
  return (
    <dl className={styles["totals"]}>
      {totals.map(([what, figure]) => (
        <div key={what}>
          <dt>{what}</dt>
          <dd>{figure}</dd>
        </div>
      ))}
    </dl>
  );
}

function Names({ groups, tenant }: { groups: StatsGroup[]; tenant: string }) {
  return (
    <Table label="Flows" heads={["Flow", "Runs", "Failed", "Half within", "95 % within"]} figures>
      {groups.map(({ key, total, failed, durationMs }) => (
        <tr key={key}>
          <td>
            <Link
              to="/tenants/$tenant/stats"
              params={{ tenant }}
              search={{ name: [key] }}
              className={styles["link"]}
            >
              {visible(key)}
            </Link>
          </td>
          <td>
            <Link
              to="/tenants/$tenant"
              params={{ tenant }}
              search={{ name: [key] }}
              className={styles["link"]}
            >
              {total.toLocaleString("en")}
            </Link>
          </td>
          <td>
            {failed === 0 ? (
              "0"
            ) : (
              <Link
                to="/tenants/$tenant"
                params={{ tenant }}
                search={{ name: [key], status: ["failed"] }}
                className={styles["bad"]}
              >
                {failed.toLocaleString("en")}
              </Link>
            )}
          </td>
          <td>{duration(durationMs.p50)}</td>
          <td>{duration(durationMs.p95)}</td>
        </tr>
      ))}
    </Table>
  );
}

function Steps({
  groups,
  tenant,
  name,
}: {
  groups: StatsGroup[];
  tenant: string;
  name: string[] | undefined;
}) {
  if (groups.length === 0) return <p className="muted">None within this time.</p>;
  const worst = groups.toSorted(
    (a, b) => b.failed - a.failed || (b.durationMs.p95 ?? 0) - (a.durationMs.p95 ?? 0),
  );
  return (
    <Table label="Steps" heads={["Step", "Times", "Failed", "Half within", "95 % within"]} figures>
      {worst.slice(0, mostSteps).map(({ key, stepKind, total, failed, durationMs }) => (
        <tr key={`${stepKind} ${key}`}>
          <td>
            <Link
              to="/tenants/$tenant"
              params={{ tenant }}
              search={{ name, step: [key] }}
              className={styles["link"]}
            >
              {visible(key)}
            </Link>
            {stepKind !== null && stepKind !== "step" && <span className="muted"> {stepKind}</span>}
          </td>
          <td>{total.toLocaleString("en")}</td>
          <td className={failed > 0 ? styles["bad"] : undefined}>{failed.toLocaleString("en")}</td>
          <td>{duration(durationMs.p50)}</td>
          <td>{duration(durationMs.p95)}</td>
        </tr>
      ))}
    </Table>
  );
}

function Errors({ errors }: { errors: ErrorStats["errors"] }) {
  if (errors.length === 0) return <p className="muted">None within this time.</p>;
  return (
    <ol className={styles["errors"]}>
      {errors.map(({ type, message, count, example, lastAt }) => (
        <li key={`${type} ${message}`}>
          <span className={styles["error"]}>
            <code>{visible(type)}</code> {message}
          </span>
          <span className="muted">
            {plural(count, "time")}, last <Ago at={lastAt} />
            {example && (
              <>
                {" · "}
                <Link to="/tenants/$tenant/flows/$id" params={example} className={styles["link"]}>
                  see one
                </Link>
              </>
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}

function duration(ms: number | null): string {
  return ms === null ? "–" : formatDuration(ms);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
