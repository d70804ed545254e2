import { CloseButton } from "@mantine/core";
import { IconLockOpen2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { meQuery } from "../api/queries.ts";
import styles from "./OpenNotice.module.css";

/** Says that nobody is asked for a key, for as long as that is so. Put away, it comes back with the next visit. */
export function OpenNotice() {
  const { data: me } = useQuery(meQuery());
  const [isAway, putAway] = useState(false);
  if (isAway || me === undefined || me.notice === null) return null;
  return (
    <aside className={styles["notice"]} aria-label="Who may see this">
      <IconLockOpen2 size={15} stroke={1.8} aria-hidden="true" />
      <p className={styles["text"]}>{me.notice}</p>
      <CloseButton size="sm" aria-label="Put this note away" onClick={() => putAway(true)} />
    </aside>
  );
}
