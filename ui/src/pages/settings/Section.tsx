import { useId } from "react";
import styles from "./SettingsPage.module.css";

/** One thing that can be set or seen, with a line of what it is about. */
export function Section({
  title,
  about,
  children,
}: {
  title: string;
  about?: string;
  children: React.ReactNode;
}) {
  const id = useId();
  return (
    <section className={styles["section"]} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {about !== undefined && <p className={styles["about"]}>{about}</p>}
      {children}
    </section>
  );
}

/** What went wrong, in the server's words. */
export function Problem({ error }: { error: Error | null }) {
  if (error === null) return null;
  return (
    <p role="alert" className={styles["problem"]}>
      {error.message}
    </p>
  );
}
