import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import styles from "./CopyButton.module.css";

/** Copies a text. With `children` a button with words, without an icon alone. */
export function CopyButton({
  text,
  what,
  children,
}: {
  text: string;
  what: string;
  children?: React.ReactNode;
}) {
  const [state, setState] = useState<"idle" | "copied" | "refused">("idle");

  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), 1_500);
    return () => clearTimeout(timer);
  }, [state]);

  const label = { idle: `Copy ${what}`, copied: "Copied", refused: "The browser did not allow it" }[state];
  return (
    <button
      type="button"
      className={styles["copy"]}
      aria-label={children ? undefined : label}
      title={label}
      onClick={async () => setState((await copy(text)) ? "copied" : "refused")}
    >
      {state === "copied" ? <IconCheck size={14} /> : <IconCopy size={14} stroke={1.8} />}
      {children && <span>{state === "copied" ? "Copied" : children}</span>}
    </button>
  );
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** Without HTTPS a browser has no clipboard to give, save for a selection's. */
function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.setAttribute("readonly", "");
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}
