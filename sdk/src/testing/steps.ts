/** The steps of a flow: what is known of each, who hangs below whom, and whose failure no longer counts. */
import type { EndStatus } from "../attributes.ts";
import type { Said, TestFlowError } from "./spans.ts";

/** How a flow or a step ended. */
export interface End {
  at: number;
  status: EndStatus;
  error: TestFlowError | null;
}

export interface Step {
  id: string;
  /** The span that knows best what it is; `undefined` where only its end was seen. */
  said: Said | undefined;
  startedAt: number;
  end: End | undefined;
  parent: Step | undefined;
  /** The step it names as its parent was not seen. */
  parentMissing: boolean;
  /** A later attempt was begun, of it or of a step above it. */
  superseded: boolean;
  /** A later attempt succeeded, or it is optional, or that is so of a step above it. */
  excused: boolean;
}

/** Spans that are none of ours, each with the span above it: what is below one hangs below what is above. */
export type Links = Map<string, string | undefined>;

/** The steps that the spans of one flow tell of, by start, a parent before its children. */
export function stepsIn(said: readonly Said[], links: Links): Step[] {
  const spans = Map.groupBy(
    said.filter((span) => span.stepId !== undefined && (span.kind === "step" || span.kind === "end")),
    (span) => span.stepId as string,
  );
  const steps = new Map([...spans].map(([id, own]) => [id, stepFrom(id, own)]));
  const bySpan = stepsBySpan(steps, said);
  for (const step of steps.values()) {
    const { parentStepId, parentSpanId } = step.said ?? {};
    const parent = parentStepId === undefined ? climb(parentSpanId, bySpan, links) : steps.get(parentStepId);
    if (parent === undefined) step.parentMissing = parentStepId !== undefined;
    else if (!above(parent).includes(step)) step.parent = parent;
  }
  weighAttempts([...steps.values()]);
  return [...steps.values()].sort((a, b) => a.startedAt - b.startedAt || above(a).length - above(b).length);
}

/** A copy sent at the start hangs below the span that it announces, and speaks for it. */
function stepsBySpan(steps: Map<string, Step>, said: readonly Said[]): Map<string | undefined, Step> {
  const bySpan = new Map<string | undefined, Step>();
  for (const { kind, stepId, pending, spanId, parentSpanId } of said) {
    const step = steps.get(stepId ?? "");
    if (kind === "step" && step !== undefined) bySpan.set(pending ? parentSpanId : spanId, step);
  }
  return bySpan;
}

/** The nearest step above; spans that are none of ours are passed by. */
function climb(
  from: string | undefined,
  steps: Map<string | undefined, Step>,
  links: Links,
): Step | undefined {
  const seen = new Set<string>();
  let span = from;
  while (span !== undefined && !seen.has(span)) {
    const step = steps.get(span);
    if (step !== undefined) return step;
    seen.add(span);
    span = links.get(span);
  }
  return undefined;
}

/** `own` is in the order of time. */
function stepFrom(id: string, own: readonly Said[]): Step {
  const openings = own.filter((span) => span.kind === "step");
  const end = firstEnd(own);
  return {
    id,
    // The span itself knows better than the copy sent at its start.
    said: openings.find((span) => !span.pending) ?? openings[0],
    startedAt: Math.min(
      ...openings.map((span) => span.start),
      ...(openings.length === 0 ? [end?.at ?? 0] : []),
    ),
    end,
    parent: undefined,
    parentMissing: false,
    superseded: false,
    excused: false,
  };
}

/** The first end in time counts. A step has no pause of its own. */
export function firstEnd(spans: readonly Said[]): End | undefined {
  const ends: End[] = [];
  for (const { kind, status, start, end, error } of spans) {
    if (status === undefined || status === "paused") continue;
    ends.push({ at: kind === "end" ? start : end, status, error });
  }
  return ends.sort((a, b) => a.at - b.at)[0];
}

/** The step and all that it is in, innermost first. */
function above(step: Step): Step[] {
  const path = [step];
  for (let at = step.parent; at !== undefined && !path.includes(at); at = at.parent) path.push(at);
  return path;
}

/** Attempts of one step name the first, or share parent, kind and name; they are told by their number. */
function weighAttempts(steps: readonly Step[]): void {
  const own = new Map<Step, Pick<Step, "superseded" | "excused">>();
  const firsts = new Set(steps.map(({ said }) => said?.attemptOf));
  const groups = Map.groupBy(steps, ({ id, parent, said }) => {
    const first = said?.attemptOf ?? id;
    return JSON.stringify(firsts.has(first) ? first : [parent?.id, said?.stepKind, said?.name]);
  });
  for (const group of groups.values()) {
    const last = highest(group);
    const lastSucceeded = highest(group.filter((step) => step.end?.status === "succeeded"));
    for (const step of group) {
      own.set(step, {
        superseded: last > attemptOf(step),
        excused: step.said?.optional === true || lastSucceeded > attemptOf(step),
      });
    }
  }
  for (const step of steps) {
    step.superseded = above(step).some((at) => own.get(at)?.superseded);
    step.excused = above(step).some((at) => own.get(at)?.excused);
  }
}

function highest(attempts: readonly Step[]): number {
  return attempts.reduce((most, step) => Math.max(most, attemptOf(step)), 0);
}

function attemptOf(step: Step): number {
  return step.said?.attempt ?? 1;
}
