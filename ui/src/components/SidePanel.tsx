import { CloseButton } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import styles from "./SidePanel.module.css";

interface SidePanelProps {
  /** What it is about, in a word: `Step`. */
  label: string;
  icon?: React.ReactNode;
  name: string;
  /** In full, where `name` may be cut. */
  title?: string;
  onClose: () => void;
  children: React.ReactNode;
}

/** All there is to know of one thing: beside what it is a part of, or over it where there is no room. */
export function SidePanel(props: SidePanelProps) {
  const hasRoom = useMediaQuery("(min-width: 1100px)", true, { getInitialValueInEffect: false });
  if (hasRoom) {
    return (
      <aside className={styles["panel"]} aria-label={props.label}>
        <Inside {...props} />
      </aside>
    );
  }
  return <Sheet {...props} />;
}

/** The browser's own dialog: it keeps the focus, closes by Escape, and gives the focus back. */
function Sheet(props: SidePanelProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog by itself
    <dialog
      ref={dialog}
      className={styles["sheet"]}
      aria-label={props.label}
      onClose={props.onClose}
      onClick={(event) => event.target === event.currentTarget && props.onClose()}
    >
      <Inside {...props} />
    </dialog>
  );
}

function Inside({ label, icon, name, title = name, onClose, children }: SidePanelProps) {
  return (
    <>
      <div className={styles["head"]}>
        {icon}
        <h2 className={`cut ${styles["name"]}`} title={title}>
          {name}
        </h2>
        <CloseButton size="sm" aria-label={`Close the ${label.toLowerCase()}`} onClick={onClose} />
      </div>
      <div className={styles["body"]}>{children}</div>
    </>
  );
}
