import { visible } from "../../format/text.ts";
import styles from "./Attributes.module.css";

export function Attributes({ attributes }: { attributes: Record<string, unknown> }) {
  const pairs = Object.entries(attributes);
  if (pairs.length === 0) return <p className="muted">None were set.</p>;
  return (
    <dl className={styles["attributes"]}>
      {pairs.map(([key, value]) => (
        <div key={key} className={styles["pair"]}>
          <dt className="mono">{visible(key)}</dt>
          <dd className="mono">{text(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function text(value: unknown): string {
  if (typeof value === "string") return visible(value);
  return typeof value === "object" && value !== null ? JSON.stringify(value, null, 2) : String(value);
}
