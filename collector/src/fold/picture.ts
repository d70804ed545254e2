/** From the facts of a flow to what is shown of it: status, tree, counts, and what is missing. */
import type {
  FlowEvent,
  FlowSummary,
  Incomplete,
  Micros,
  Status,
  Step,
  StepCounts,
  StepKind,
} from "../flow.ts";
import { setOwn } from "../set-own.ts";
import { compareMarks, compareText, type Said } from "./order.ts";
import type { End, EventState, FlowFacts, FlowState } from "./state.ts";
import { type Placed, placeSteps } from "./tree.ts";

/** A flow as far as its observations tell. Its health depends on the clock too, so it is not in here. */
export interface Picture {
  summary: Omit<FlowSummary, "health">;
  /** The trace in which it was opened; `null` where none is known. */
  traceId: string | null;
  /** In the order of their start, a parent before its children. */
  steps: Step[];
  /** In the order of their time. */
  events: FlowEvent[];
  /** The shape of its workflow, as JSON. */
  definition: string | null;
  /** The processes that must be alive for this flow to go on. */
  runners: string[];
  /** Where it hangs: the last of the open steps. */
  standing: Step | null;
  /** The process that runs that step, or the flow between two of them. */
  runner: string | null;
  /** Spans of which it is not known what they are: a step may hang below what is above them. */
  unplaced: string[];
}

/** A flow with more has names made of data. */
const MOST_NAMES = 64;

export function picture(flow: FlowState): Picture {
  const { facts } = flow;
  const { placed, parentMissing, unplaced } = placeSteps(flow);
  const ordered = [...placed.values()].sort(compareStart);
  const end = facts.ends[0];
  const failure = firstFailure(ordered);
  const status = statusOf(facts, end, failure);
  const startedAt = facts.opened?.at ?? facts.firstAt;
  const current = ordered.filter((step) => step.state.ends.length === 0 && !step.superseded);

  const last = current.at(-1);

  const incomplete: Incomplete[] = [];
  if (facts.opened === null) incomplete.push("start-missing");
  // Of an attempt that was given up for a later one no end is missed.
  if (end !== undefined && current.length > 0) incomplete.push("end-missing");
  if (parentMissing || ordered.some((step) => step.state.opened === null))
    incomplete.push("step-start-missing");

  return {
    summary: {
      tenant: flow.key.tenant,
      id: flow.key.id,
      name: facts.name.value,
      status,
      startedAt,
      endedAt: end?.at ?? null,
      durationMs: duration(startedAt, end?.at),
      currentSteps: current.map((step) => step.name),
      currentSince: last === undefined ? null : last.startedAt,
      failedStep: failure?.name ?? null,
      stepNames: firstNames(ordered),
      error: end?.error ?? failure?.state.ends[0]?.error ?? null,
      labels: labelsOf(facts),
      services: facts.services,
      stepCounts: count(ordered),
      parent: facts.parent?.value ?? null,
      pause: status === "paused" ? facts.paused : null,
      incomplete,
      updatedAt: facts.lastAt,
    },
    traceId: facts.trace?.value ?? null,
    steps: ordered.map(toStep),
    events: toEvents([...flow.events.values()]),
    definition: facts.definition?.value ?? null,
    runners: runnersOf(facts, current),
    standing: last === undefined ? null : toStep(last),
    runner: runnerOf(facts, last),
    unplaced,
  };
}

/** In the order of their keys. */
function labelsOf(facts: FlowFacts): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const key of Object.keys(facts.labels).sort(compareText)) {
    setOwn(labels, key, (facts.labels[key] as Said<string>).value);
  }
  return labels;
}

/** Those events of a flow that these spans noted. */
export function eventsOf(flow: FlowState, spanIds: Iterable<string>): FlowEvent[] {
  return toEvents([...spanIds].flatMap((spanId) => flow.events.get(spanId) ?? []));
}

function toEvents(events: EventState[]): FlowEvent[] {
  return events.sort(compareMarks).map(({ name, at, attributes }) => ({ name, at, attributes }));
}

function statusOf(facts: FlowFacts, end: End | undefined, failure: Placed | undefined): Status {
  if (end !== undefined) return end.status === "succeeded" && failure !== undefined ? "failed" : end.status;
  // On hold until anything in it opens again.
  return facts.paused !== null && facts.paused.at >= facts.lastOpened ? "paused" : "running";
}

/**
 * The failed step that, as things stand, fails the flow: the innermost, and of several the earliest. Of attempts it is
 * the last, and while that one goes on the one before it.
 */
function firstFailure(steps: Placed[]): Placed | undefined {
  const failing = steps.filter((step) => step.state.ends[0]?.status === "failed" && !step.excused);
  const last = failing.filter((step) => !step.superseded);
  const byEnd = last.length > 0 ? innermost(last) : innermost(failing).reverse();
  return byEnd[0];
}

/** Those without one of them below, in the order of their ends. */
function innermost(failing: Placed[]): Placed[] {
  const outer = new Set(failing.map((step) => step.parent));
  return failing
    .filter((step) => !outer.has(step))
    .sort((a, b) => compareMarks(a.state.ends[0] as End, b.state.ends[0] as End));
}

/** A run in memory waits in its process; one that is in a journal has left its flow open. */
const WAITS: ReadonlySet<StepKind> = new Set(["sleep", "wait", "debounce"]);

/**
 * Open work is run by the process that opened it last, for another may take over what a dead one left. Between two
 * steps that is the process that opened the flow last, unless it was left open for another since, and so it is where it only
 * sleeps or waits. What waits in a queue is run by nobody.
 */
function runnersOf(facts: FlowFacts, current: Placed[]): string[] {
  if (facts.ends.length > 0) return [];
  const instances = new Set<string>();
  for (const step of current) {
    const instance = runnerOf(facts, step);
    if (instance !== null) instances.add(instance);
  }
  const onlyWaits = current.every(({ state }) => WAITS.has(state.facts?.value.kind ?? "step"));
  const instance = onlyWaits ? runnerOf(facts, undefined) : null;
  if (instance !== null) instances.add(instance);
  return [...instances].sort(compareText);
}

/** @param step `undefined`: of the flow between two of them. */
function runnerOf(facts: FlowFacts, step: Placed | undefined): string | null {
  if (facts.ends.length > 0) return null;
  if (step === undefined) {
    const { runner, left } = facts;
    return runner !== null && (left === null || left < runner.at) ? runner.instance || null : null;
  }
  return (step.state.facts?.value.kind ?? "step") === "step" ? step.state.runner?.instance || null : null;
}

function count(steps: Placed[]): StepCounts {
  const counts: StepCounts = { total: steps.length, running: 0, succeeded: 0, failed: 0, cancelled: 0 };
  for (const { state } of steps) counts[state.ends[0]?.status ?? "running"] += 1;
  return counts;
}

function toStep({ state, name, attempt, startedAt, parent }: Placed): Step {
  const { opened, facts } = state;
  const end = state.ends[0];
  return {
    id: state.id,
    parentId: parent?.state.id ?? null,
    kind: facts?.value.kind ?? "step",
    name,
    status: end?.status ?? "running",
    attempt,
    attemptOf: facts?.value.attemptOf ?? null,
    optional: facts?.value.optional ?? false,
    startedAt,
    endedAt: end?.at ?? null,
    durationMs: duration(startedAt, end?.at),
    service: opened?.service ?? null,
    attributes: facts?.value.attributes ?? {},
    node: facts?.value.node ?? null,
    edge: facts?.value.edge ?? null,
    error: end?.error ?? null,
  };
}

function firstNames(steps: Placed[]): string[] {
  const names = new Set<string>();
  for (const { name } of steps) {
    names.add(name);
    if (names.size === MOST_NAMES) break;
  }
  return [...names];
}

function compareStart(a: Placed, b: Placed): number {
  return a.startedAt - b.startedAt || depth(a) - depth(b) || compareText(a.state.id, b.state.id);
}

function depth(step: Placed): number {
  let steps = 0;
  for (let above = step.parent; above !== null; above = above.parent) steps += 1;
  return steps;
}

/** Milliseconds. Clocks that disagree can put an end before its start: never a negative duration. */
function duration(start: Micros, end: Micros | undefined): number | null {
  return end === undefined ? null : Math.max(0, (end - start) / 1000);
}
