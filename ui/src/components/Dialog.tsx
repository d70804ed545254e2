import { CloseButton } from "@mantine/core";
import { useId, useLayoutEffect, useRef } from "react";
import styles from "./Dialog.module.css";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: React.ReactNode;
  /** The title is for screen readers only, and nothing stands around the content. */
  bare?: boolean;
  /** For a few fields. */
  narrow?: boolean;
}

/** The browser's own modal dialog: it keeps the focus and gives it back, and Escape or a click beside it closes it. */
export function Dialog({ title, onClose, children, bare = false, narrow = false }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog by itself
    <dialog
      ref={dialog}
      className={styles["dialog"]}
      data-bare={bare || undefined}
      data-narrow={narrow || undefined}
      aria-labelledby={titleId}
      // Not where it is closed because it goes away.
      onClose={({ currentTarget }) => currentTarget.isConnected && !currentTarget.open && onClose()}
      onClick={(event) => event.target === event.currentTarget && onClose()}
    >
      {bare ? (
        <h2 id={titleId} className="visually-hidden">
          {title}
        </h2>
      ) : (
        <div className={styles["head"]}>
          <h2 id={titleId}>{title}</h2>
          <CloseButton size="sm" aria-label="Close" onClick={onClose} />
        </div>
      )}
      <div className={styles["body"]}>{children}</div>
    </dialog>
  );
}
