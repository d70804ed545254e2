import { Link } from "@tanstack/react-router";
import { visible } from "../format/text.ts";
import styles from "./LabelChip.module.css";

/** A label; a click leads to this customer's flows with it. */
export function LabelChip({ tenant, name, value }: { tenant: string; name: string; value: string }) {
  return (
    <Link
      to="/tenants/$tenant"
      params={{ tenant }}
      search={{ label: [{ key: name, value }] }}
      className={styles["chip"]}
      title={`${name} = ${value}\nShow this customer's flows with it`}
    >
      <span className={`cut ${styles["name"]}`}>{visible(name)}</span>
      <span className={`cut ${styles["value"]}`}>{visible(value)}</span>
    </Link>
  );
}
