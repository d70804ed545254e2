import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { LimitReached } from "@weir/collector/schemas";
import { limitsQuery } from "../../api/queries.ts";
import { Table } from "../../components/Table.tsx";
import { Ago } from "../../components/Time.tsx";
import { visible } from "../../format/text.ts";
import { Problem, Section } from "./Section.tsx";
import styles from "./SettingsPage.module.css";

const words: Record<LimitReached["limit"], string> = {
  spansPerSecond: "spans a second",
  openFlows: "open flows",
  flowNames: "flow names",
  labelKeys: "label keys",
};

export function LimitsReached({ tenant }: { tenant: string | null }) {
  const { data: limits, error } = useQuery(limitsQuery(tenant));
  return (
    <Section
      title="Limits reached"
      about="Within the last day: what was over a limit was not taken, and its sender was told."
    >
      <Problem error={error} />
      {limits?.length === 0 && <p className="muted">None.</p>}
      {limits && limits.length > 0 && (
        <Table label="Limits reached" heads={["Customer", "Limit", "Left out", "Last"]}>
          {limits.map(({ tenant: whose, limit, allowed, count, lastAt }) => (
            <tr key={`${limit} ${whose}`}>
              <td>
                <Link to="/tenants/$tenant" params={{ tenant: whose }} className={styles["link"]}>
                  {visible(whose)}
                </Link>
              </td>
              <td>
                {allowed.toLocaleString("en")} {words[limit]}
              </td>
              <td>{count.toLocaleString("en")}</td>
              <td>
                <Ago at={lastAt} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}
