import type { FlowDetail, Status } from "@weir/collector/schemas";
import { buildTree, type TreeStep } from "./tree.ts";

/** Where a step is drawn: milliseconds since the epoch. */
export interface PlacedStep extends TreeStep {
  start: number;
  /** `null` while it is open: it is drawn up to now. */
  end: number | null;
  /** `unended`: its end has not arrived, though its flow has ended or a later attempt took over. */
  state: Status | "unended";
  /** How far it was moved because its clock says that it began before its parent; 0 as a rule. */
  movedMs: number;
  /** It ended, by its clocks, this long before it began; 0 as a rule. */
  endsBeforeStartMs: number;
}

export interface Layout {
  steps: PlacedStep[];
  /** How many more steps the flow has, while only its outline is here. */
  left: number;
  start: number;
  /** The latest time that is known of; what is open is drawn beyond it, up to now. */
  end: number;
  isOpen: boolean;
}

/**
 * Places a flow's steps in time. A step cannot begin before its parent: where the clocks say so, it is moved to
 * its parent's start, its length kept, and steps of the same service below it move along. It may well end after
 * its parent: work that was handed on does.
 *
 * @param below of an outline: how many steps of the whole flow lie below each of its steps
 */
export function layOut(flow: FlowDetail, below?: readonly number[]): Layout {
  const start = Date.parse(flow.startedAt);
  const flowEnd = flow.endedAt === null ? null : Date.parse(flow.endedAt);
  let end = flowEnd ?? start;
  let isOpen = flowEnd === null;
  const steps: PlacedStep[] = [];

  const belowOf = below && new Map(flow.steps.map(({ id }, place) => [id, below[place]]));

  for (const node of buildTree(flow.steps)) {
    node.descendants = belowOf?.get(node.id) ?? node.descendants;
    const placed = place(node, steps[node.parentIndex], start, flowEnd);
    steps.push(placed);
    isOpen ||= placed.end === null;
    end = Math.max(end, placed.end ?? placed.start);
  }
  for (const event of flow.events) end = Math.max(end, Date.parse(event.at));
  const left = below === undefined ? 0 : flow.stepCounts.total - steps.length;
  return { steps, left, start, end: Math.max(end, start), isOpen };
}

function place(
  node: TreeStep,
  parent: PlacedStep | undefined,
  flowStart: number,
  flowEnd: number | null,
): PlacedStep {
  const { step } = node;
  const rawStart = Date.parse(step.startedAt);
  // What was given up, or is left over in an ended flow, has no clock running: it is drawn up to then.
  const knownEnd = step.endedAt ?? node.givenUpAt;
  const rawEnd = knownEnd !== null ? Date.parse(knownEnd) : flowEnd && Math.max(flowEnd, rawStart);
  const shared = parent && parent.step.service === step.service ? parent.movedMs : 0;
  const earliest = parent?.start ?? flowStart;
  const movedMs = Math.max(shared, earliest - rawStart);
  const endsBeforeStartMs = rawEnd === null ? 0 : Math.max(0, rawStart - rawEnd);
  const start = rawStart + movedMs;
  const end = rawEnd === null ? null : Math.max(start, rawEnd + movedMs);
  const state = step.status === "running" && end !== null ? "unended" : step.status;
  return { ...node, start, end, state, movedMs, endsBeforeStartMs };
}

/** Which steps one looks at when a flow is opened: what failed first, and what runs now. -1 where there is none. */
export function lookedAtFirst(steps: readonly PlacedStep[]): number[] {
  return [
    steps.findIndex(({ step }) => step.status === "failed" && !step.optional),
    steps.findLastIndex(({ state }) => state === "running"),
  ];
}

/** Whether any of a bar lies in the stretch that is seen. */
export function isSeen(from: number, to: number, start: number, end: number): boolean {
  return to >= start && from <= end;
}

/** Left edge and width in percent of the whole. A bar has a width even where it took no time. */
export function barSpan(
  from: number,
  to: number,
  start: number,
  end: number,
): { left: number; width: number } {
  const whole = Math.max(end - start, 1);
  const left = clamp(((from - start) / whole) * 100);
  return { left, width: clamp(((to - start) / whole) * 100) - left };
}

function clamp(percent: number): number {
  return Math.min(100, Math.max(0, percent));
}
