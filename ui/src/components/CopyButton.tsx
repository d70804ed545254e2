import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { copyText } from "./copyText.ts";

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
      className="aside"
      aria-label={children ? undefined : label}
      title={label}
      onClick={async () => setState((await copyText(text)) ? "copied" : "refused")}
    >
      {state === "copied" ? <IconCheck size={14} /> : <IconCopy size={14} stroke={1.8} />}
      {children && <span>{state === "copied" ? "Copied" : children}</span>}
    </button>
  );
}
