import type { LiveState } from "../api/stream.ts";
import { useLiveState } from "../api/useStream.ts";
import styles from "./LiveIndicator.module.css";

const words: Record<LiveState, { word: string; meaning: string }> = {
  connecting: { word: "Connecting", meaning: "Opening the live stream" },
  live: { word: "Live", meaning: "Changes are shown as they happen" },
  reconnecting: { word: "Reconnecting", meaning: "The live stream broke off; what is shown may be old" },
};

export function LiveIndicator() {
  const state = useLiveState();
  if (state === null) return <span className={styles["live"]} />;
  return (
    <span className={styles["live"]} data-live={state} role="status" title={words[state].meaning}>
      <span className={styles["dot"]} aria-hidden="true" />
      <span className={styles["word"]}>{words[state].word}</span>
    </span>
  );
}
