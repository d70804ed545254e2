import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { LimitReached } from "@weir/collector/schemas";
import { limitsQuery } from "../api/queries.ts";
import { plural, visible } from "../format/text.ts";
import styles from "./Notice.module.css";
import { Ago } from "./Time.tsx";
import { useNow } from "./useNow.ts";

/** What lies further back is of interest to nobody who looks at what is going on now. */
const recentMs = 3_600_000;
/** On the first page; the rest is a count. */
const mostShown = 3;

/** Says that something is missing here, because a customer is over a limit. Nothing where none is. */
export function LimitsNotice({ tenant }: { tenant: string | null }) {
  const now = useNow(10_000);
  const { data = [] } = useQuery(limitsQuery(tenant));
  const recent = data.filter(({ lastAt }) => now - Date.parse(lastAt) < recentMs);
  const shown = recent.slice(0, mostShown);
  const more = recent.length - shown.length;
  return (
    <>
      {shown.map((reached) => (
        <p key={`${reached.limit} ${reached.tenant}`} className={styles["strip"]} role="status">
          <span className={styles["words"]}>
            {tenant === null && (
              <>
                <Link to="/tenants/$tenant" params={{ tenant: reached.tenant }}>
                  {visible(reached.tenant)}
                </Link>
                {": "}
              </>
            )}
            {limitWords(reached)}
          </span>
          <Ago at={reached.lastAt} className={styles["when"]} />
        </p>
      ))}
      {more > 0 && (
        <p className={styles["strip"]}>{plural(more, "more limit")} reached within the last hour</p>
      )}
    </>
  );
}

function limitWords({ limit, allowed, count }: LimitReached): string {
  const most = allowed.toLocaleString("en");
  const lost = plural(count, "span was", "spans were");
  switch (limit) {
    case "spansPerSecond":
      return `over the limit of ${most} spans a second: ${lost} not taken`;
    case "openFlows":
      return `over the limit of ${most} open flows: ${lost} not taken`;
    case "flowNames":
      return `over the limit of ${most} flow names: ${lost} not taken`;
    case "labelKeys":
      return `over the limit of ${most} label keys: ${plural(count, "label was", "labels were")} left out`;
  }
}
