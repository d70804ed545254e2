import {
  IconBan,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconCircleXFilled,
  IconHourglassHigh,
  IconPlayerPauseFilled,
  IconPlugConnectedX,
} from "@tabler/icons-react";
import type { Health, Status } from "@weir/collector/schemas";
import styles from "./StatusMark.module.css";

/** A status and a health as one state: what a person wants to know first. */
export type State = Status | "stalled" | "lost" | "unended";

const marks: Record<State, { word: string; meaning: string; icon: React.ReactNode }> = {
  running: { word: "Running", meaning: "running", icon: <span className={styles["pulse"]} /> },
  succeeded: { word: "Succeeded", meaning: "succeeded", icon: <IconCircleCheckFilled size={15} /> },
  failed: { word: "Failed", meaning: "failed", icon: <IconCircleXFilled size={15} /> },
  cancelled: { word: "Cancelled", meaning: "cancelled", icon: <IconBan size={15} stroke={2.2} /> },
  paused: { word: "Paused", meaning: "paused", icon: <IconPlayerPauseFilled size={15} /> },
  unended: {
    word: "No end seen",
    meaning: "its end has not arrived, though the flow has ended or a later attempt took over",
    icon: <IconCircleDashed size={15} stroke={2.2} />,
  },
  stalled: {
    word: "Stalled",
    meaning: "running, and open far longer than its kind usually is",
    icon: <IconHourglassHigh size={15} stroke={2.2} />,
  },
  lost: {
    word: "Lost",
    meaning: "running, and the process that ran it is gone",
    icon: <IconPlugConnectedX size={15} stroke={2.2} />,
  },
};

export function stateOf({ status, health }: { status: Status; health?: Health | null | undefined }): State {
  return health === "stalled" || health === "lost" ? health : status;
}

export function stateWord(state: State): string {
  return marks[state].word;
}

/** Icon and word: colour is never alone. */
export function StatusMark({ state, pill = false }: { state: State; pill?: boolean }) {
  const mark = marks[state];
  return (
    <span className={styles["mark"]} data-state={state} data-pill={pill || undefined} title={mark.meaning}>
      <StatusIcon state={state} />
      {mark.word}
    </span>
  );
}

/** For places where the word stands elsewhere or is too much; screen readers get it still. */
export function StatusIcon({ state, label }: { state: State; label?: string }) {
  return (
    <span
      className={styles["icon"]}
      data-state={state}
      {...(label === undefined
        ? { "aria-hidden": true }
        : { role: "img", "aria-label": label, title: label })}
    >
      {marks[state].icon}
    </span>
  );
}
