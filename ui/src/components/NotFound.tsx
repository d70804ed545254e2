import { IconMapQuestion } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import styles from "./Notice.module.css";
import { usePageState } from "./usePageState.ts";

export function NotFound() {
  usePageState("Not found");
  return (
    <div className={styles["notice"]}>
      <IconMapQuestion size={28} stroke={1.4} className={styles["icon"]} aria-hidden="true" />
      <h1 className={styles["title"]}>There is no such page</h1>
      <p className={styles["text"]}>
        The address may be cut off. All there is begins at <TextLink to="/">customers</TextLink> and{" "}
        <TextLink to="/flows">flows</TextLink>.
      </p>
    </div>
  );
}

function TextLink({ to, children }: { to: "/" | "/flows"; children: React.ReactNode }) {
  return (
    <Link to={to} style={{ color: "var(--accent)", textDecoration: "underline" }}>
      {children}
    </Link>
  );
}
