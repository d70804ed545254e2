import { Button } from "@mantine/core";
import { IconShare2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { FlowDetail } from "@weir/collector/schemas";
import { useState } from "react";
import { meQuery } from "../../api/queries.ts";
import styles from "./ShareButton.module.css";
import { ShareDialog } from "./ShareDialog.tsx";

/** For those who may let others in. */
export function ShareButton({ flow }: { flow: FlowDetail }) {
  const { data: me } = useQuery(meQuery());
  const [isOpen, setOpen] = useState(false);
  if (me?.role !== "admin") return null;
  return (
    <span className={styles["place"]}>
      <Button
        variant="default"
        size="compact-xs"
        leftSection={<IconShare2 size={13} aria-hidden="true" />}
        onClick={() => setOpen(true)}
      >
        Share
      </Button>
      {isOpen && <ShareDialog flow={flow} onClose={() => setOpen(false)} />}
    </span>
  );
}
