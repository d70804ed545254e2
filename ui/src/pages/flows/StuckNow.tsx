import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { flowKey } from "../../api/patch.ts";
import { stuckQuery } from "../../api/queries.ts";
import { StatusMark, stateOf } from "../../components/StatusMark.tsx";
import { Duration } from "../../components/Time.tsx";
import { Where } from "../../components/Where.tsx";
import { visible } from "../../format/text.ts";
import styles from "./StuckNow.module.css";

const mostShown = 4;

/** What hangs has been open long, and stands far down in a list by start: it is said first. */
export function StuckNow({ tenant, name }: { tenant: string; name: string[] | undefined }) {
  const page = useInfiniteQuery(stuckQuery({ tenant: [tenant], name })).data?.pages[0];
  if (!page || page.flows.length === 0) return null;
  const count = page.counts.lost + page.counts.stalled;
  return (
    <section className={styles["stuck"]} aria-label="Stuck now">
      <ul>
        {page.flows.slice(0, mostShown).map((flow) => (
          <li key={flowKey(flow)}>
            <Link to="/tenants/$tenant/flows/$id" params={{ tenant, id: flow.id }} className={styles["flow"]}>
              <span className={styles["state"]}>
                <StatusMark state={stateOf(flow)} />
              </span>
              <span className={`cut ${styles["name"]}`}>{visible(flow.name)}</span>
              <Where flow={flow} inline />
              <span className={styles["open"]}>
                open for <Duration since={flow.startedAt} ms={null} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {count > mostShown && (
        <Link to="/stuck" search={{ tenant: [tenant], name }} className={styles["all"]}>
          All {count.toLocaleString("en")} that are stuck
        </Link>
      )}
    </section>
  );
}
