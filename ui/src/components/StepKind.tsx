import { IconHourglass, IconMailQuestion, IconStack2, IconZzz } from "@tabler/icons-react";
import type { Step } from "@weir/collector/schemas";
import styles from "./StepKind.module.css";

type Idle = Exclude<Step["kind"], "step">;

interface Words {
  /** In the place of "running". */
  open: string;
  ended: string;
  /** What it is. */
  what: string;
  Icon: typeof IconZzz;
}

const words: Record<Idle, Words> = {
  queue: { open: "Waiting in", ended: "waited", what: "a wait in a queue", Icon: IconStack2 },
  sleep: { open: "Asleep in", ended: "slept", what: "a sleep: no process holds it", Icon: IconZzz },
  wait: {
    open: "Waiting for",
    ended: "waited",
    what: "a wait for a message or a change",
    Icon: IconMailQuestion,
  },
  debounce: {
    open: "Waiting for quiet in",
    ended: "waited",
    what: "a wait until nothing has changed for a while",
    Icon: IconHourglass,
  },
};

/** Words for the kinds that are no work; `undefined` for work. */
export function idleWords(kind: Step["kind"]): Words | undefined {
  return kind === "step" ? undefined : words[kind];
}

/** What sets a wait apart from work: its icon, with words on hover. */
export function KindIcon({ kind }: { kind: Step["kind"] }) {
  const idle = idleWords(kind);
  if (idle === undefined) return null;
  return (
    <span className={styles["icon"]} role="img" aria-label={idle.what} title={idle.what}>
      <idle.Icon size={14} stroke={1.8} />
    </span>
  );
}
