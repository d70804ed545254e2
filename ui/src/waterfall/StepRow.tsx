import { IconClockExclamation, IconRotateClockwise, IconUnlink } from "@tabler/icons-react";
import type { Health } from "@weir/collector/schemas";
import { memo } from "react";
import { StatusIcon, stateOf, stateWord } from "../components/StatusMark.tsx";
import { idleWords, KindIcon } from "../components/StepKind.tsx";
import { formatDuration, formatElapsed } from "../format/duration.ts";
import { visible } from "../format/text.ts";
import { Fold, FoldedCount } from "../tree/Fold.tsx";
import { type Gap, ranAgain } from "./gaps.ts";
import { barSpan, isSeen, type PlacedStep } from "./layout.ts";
import styles from "./StepRow.module.css";

interface StepRowProps {
  id: string;
  top: number;
  placed: PlacedStep;
  parent: PlacedStep | undefined;
  /** What is seen. */
  start: number;
  end: number;
  /** Up to where it is drawn while it is open; `null` where it is not. */
  now: number | null;
  /** It was not looked for, and leads to one that was. */
  isWay: boolean;
  /** The flow's: what holds it holds its open steps. */
  health: Health | null;
  /** The flow's. */
  gaps: readonly Gap[];
  isSelected: boolean;
  isFolded: boolean;
}

/** Deeper than this, a row has no more room to move its name to the right. */
const deepestIndent = 14;

/** Clicks are the list's around it: a row that did not change is not drawn again while its neighbours scroll. */
export const StepRow = memo(function StepRow(props: StepRowProps) {
  const { placed, isSelected, isFolded } = props;
  const { step, depth, descendants } = placed;
  return (
    <div
      id={props.id}
      role="treeitem"
      tabIndex={-1}
      aria-level={depth + 1}
      aria-selected={isSelected}
      data-way={props.isWay || undefined}
      aria-expanded={descendants > 0 ? !isFolded : undefined}
      className={styles["row"]}
      style={{ transform: `translateY(${props.top}px)` }}
      data-branch={step.id}
    >
      <span
        className={styles["name"]}
        style={{ paddingLeft: `calc(4px + ${Math.min(depth, deepestIndent)} * var(--indent))` }}
      >
        <Fold descendants={descendants} isFolded={isFolded} />
        <StatusIcon
          state={
            placed.state === "running"
              ? stateOf({ status: placed.state, health: props.health })
              : placed.state
          }
          label={stateWord(placed.state)}
        />
        <KindIcon kind={step.kind} />
        <span
          className={`cut ${styles["label"]}`}
          data-idle={step.kind !== "step" || undefined}
          title={step.name}
        >
          {visible(step.name)}
        </span>
        <Notes {...props} />
      </span>
      <span className={styles["track"]}>
        <Bar {...props} />
      </span>
    </div>
  );
});

/** What sets a step apart from its neighbours: short, words on hover. */
function Notes({ placed, parent, isFolded, gaps }: StepRowProps) {
  const { step, attempts, descendants, movedMs, endsBeforeStartMs, isOrphan } = placed;
  // What moves along with its parent says nothing new.
  const isMovedHere = movedMs > 0 && movedMs !== parent?.movedMs;
  return (
    <>
      {attempts > 1 && (
        <span className={styles["note"]} title={`Attempt ${step.attempt} of ${attempts}`}>
          {step.attempt}/{attempts}
        </span>
      )}
      {ranAgain(placed, gaps) && (
        <span className={styles["warning"]} title={againWords}>
          <IconRotateClockwise size={13} aria-label={againWords} />
        </span>
      )}
      {step.optional && (
        <span className={styles["note"]} title="Its failure does not fail the flow">
          optional
        </span>
      )}
      {isFolded && <FoldedCount descendants={descendants} />}
      {isOrphan && (
        <span className={styles["warning"]} title="The step that it ran in has not arrived">
          <IconUnlink size={13} aria-label="The step that it ran in has not arrived" />
        </span>
      )}
      {(isMovedHere || endsBeforeStartMs > 0) && (
        <span className={styles["warning"]} title={clockWords(placed)}>
          <IconClockExclamation size={13} aria-label={clockWords(placed)} />
        </span>
      )}
      {step.service !== null && step.service !== parent?.step.service && (
        <span className={`cut ${styles["service"]}`} title={step.service}>
          {visible(step.service)}
        </span>
      )}
    </>
  );
}

const againWords = "Its process died while it was open: the next one ran it again from its start";

function clockWords({ movedMs, endsBeforeStartMs }: PlacedStep): string {
  return movedMs > 0
    ? `Clocks disagree: it began ${formatDuration(movedMs)} before what it belongs to, and is drawn later`
    : `Clocks disagree: it ended ${formatDuration(endsBeforeStartMs)} before it began`;
}

/** Its bar lies outside what is seen: on which side. */
function Elsewhere({ isEarlier }: { isEarlier: boolean }) {
  return (
    <span className={styles["elsewhere"]} data-side={isEarlier ? "before" : "after"} aria-hidden="true">
      {isEarlier ? "‹" : "›"}
    </span>
  );
}

/** From here on to the right, a duration stands to the left of its bar. */
const rightEdge = 84;

function Bar({ placed, start, end, now, health, gaps }: StepRowProps) {
  const { step } = placed;
  const idle = idleWords(step.kind);
  const isOpen = placed.end === null;
  const to = placed.end ?? Math.max(now ?? end, placed.start);
  const { left, width } = barSpan(placed.start, to, start, end);
  const state = placed.state === "running" ? stateOf({ status: placed.state, health }) : placed.state;
  const duration = isOpen
    ? formatElapsed(to - placed.start)
    : formatDuration(step.durationMs ?? to - placed.start);
  const side = left + width < rightEdge ? "after" : left > 100 - rightEdge ? "before" : "inside";
  if (!isSeen(placed.start, to, start, end)) return <Elsewhere isEarlier={to < start} />;
  return (
    <>
      <span
        className={styles["bar"]}
        data-state={state}
        data-idle={idle !== undefined || undefined}
        data-optional={step.optional || undefined}
        data-open={isOpen || undefined}
        style={{ left: `${left}%`, width: `${width}%` }}
      />
      {idle === undefined &&
        gaps.map((gap) => {
          const from = Math.max(gap.start, placed.start);
          const until = Math.min(gap.end, to);
          if (until <= from) return null;
          const hole = barSpan(from, until, start, end);
          return (
            <span
              key={gap.end}
              className={styles["hole"]}
              style={{ left: `${hole.left}%`, width: `${hole.width}%` }}
            />
          );
        })}
      <span
        className={styles["duration"]}
        data-side={side}
        style={
          side === "before"
            ? { right: `${100 - left}%` }
            : side === "after"
              ? { left: `${left + width}%` }
              : {}
        }
      >
        {!isOpen && idle !== undefined && `${idle.ended} `}
        {duration}
      </span>
    </>
  );
}
