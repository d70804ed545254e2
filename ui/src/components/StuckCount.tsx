import { useQuery } from "@tanstack/react-query";
import { stuckCountQuery } from "../api/queries.ts";
import styles from "./StuckCount.module.css";

/** How many flows hang, beside the page that shows them. Nothing where none does. */
export function StuckCount() {
  const { data: counts } = useQuery(stuckCountQuery());
  const count = (counts?.lost ?? 0) + (counts?.stalled ?? 0);
  if (count === 0) return null;
  return (
    <>
      {" "}
      <span className={styles["count"]}>{count > 99 ? "99+" : count}</span>
    </>
  );
}
