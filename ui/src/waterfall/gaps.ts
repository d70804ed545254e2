import type { FlowDetail } from "@weir/collector/schemas";
import type { PlacedStep } from "./layout.ts";

/**
 * A stretch in which a run's process died and no other had taken it over yet. Nobody saw when it died: at the
 * earliest after the last thing that is known from before. Milliseconds since the epoch.
 */
export interface Gap {
  start: number;
  end: number;
}

/** The gaps of a run that went on in another process, oldest first. */
export function gapsOf({ startedAt, steps, events }: FlowDetail): Gap[] {
  const takeovers = events.filter(isTakeover).map(({ at }) => Date.parse(at));
  if (takeovers.length === 0) return [];
  const known = [startedAt, ...steps.flatMap((step) => [step.startedAt, step.endedAt])]
    .filter((time) => time !== null)
    .concat(events.map(({ at }) => at))
    .map((time) => Date.parse(time));
  return takeovers.map((end) => ({
    start: known.reduce(
      (latest, time) => (time < end && time > latest ? time : latest),
      Date.parse(startedAt),
    ),
    end,
  }));
}

/** The SDK's event, and not one of the user's that is called the same. */
function isTakeover({ name, attributes }: FlowDetail["events"][number]): boolean {
  return name === "taken over" && typeof attributes["journaled"] === "number";
}

/** It was open over a gap: what it had done by then is not known, and the next process ran it from its start. */
export function ranAgain({ step, start, end, descendants }: PlacedStep, gaps: readonly Gap[]): boolean {
  if (step.kind !== "step" || descendants > 0) return false;
  return gaps.some((gap) => start < gap.end && (end === null || end > gap.end));
}
