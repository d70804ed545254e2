/** Who hangs below whom, and whose failure no longer counts. */
import type { Micros } from "../flow.ts";
import { valueIn } from "../value-in.ts";
import { compareText } from "./order.ts";
import type { FlowFacts, FlowState, StepState } from "./state.ts";

/** A trace may be in a ring, by mistake or by malice: higher than this nobody climbs. */
const HIGHEST = 100;

/** A step in its place. */
export interface Placed {
  state: StepState;
  name: string;
  attempt: number;
  /** Microseconds since the epoch; of an end without a start its own time. */
  startedAt: Micros;
  parent: Placed | null;
  /** There is a later attempt of it, or of a step above it: work does not stand here any more. */
  superseded: boolean;
  /** A later attempt of it succeeded, or it is optional, or this is so of a step above it: its failure is made good. */
  excused: boolean;
}

export interface Tree {
  placed: Map<string, Placed>;
  /** A step names a parent of which nothing has arrived. */
  parentMissing: boolean;
  /** Spans of which it is not known what they are: a step may hang below what is above them. */
  unplaced: string[];
}

/** Places every step of a flow. */
export function placeSteps({ steps, facts }: FlowState): Tree {
  const placed = new Map<string, Placed>();
  for (const state of steps.values()) {
    placed.set(state.id, {
      state,
      name: nameOf(state),
      attempt: state.facts?.value.attempt ?? 1,
      startedAt: state.opened?.at ?? state.ends[0]?.at ?? 0,
      parent: null,
      superseded: false,
      excused: false,
    });
  }
  const unclear = linkParents(placed, facts);
  cutCycles(placed);
  weighAttempts(placed);
  return { placed, ...unclear };
}

/** The name of a step of which only the end has arrived. */
export const UNKNOWN_STEP = "(unknown step)";

function nameOf(step: StepState): string {
  return step.facts?.value.name ?? UNKNOWN_STEP;
}

function linkParents(placed: Map<string, Placed>, facts: FlowFacts): Omit<Tree, "placed"> {
  // Our own SDK names parents by id: then no step is looked for by its span.
  let bySpan: Map<string, Placed> | undefined;
  const unplaced = new Set<string>();
  let parentMissing = false;
  for (const step of placed.values()) {
    const parent = step.state.facts?.value.parent ?? null;
    if (parent === null) continue;
    let found: Placed | undefined;
    if ("stepId" in parent) {
      found = placed.get(parent.stepId);
      if (found === undefined) parentMissing = true;
    } else {
      bySpan ??= stepsBySpan(placed);
      found = climb(parent.spanId, bySpan, facts, unplaced);
    }
    if (found !== step) step.parent = found ?? null;
  }
  return { parentMissing, unplaced: [...unplaced].sort(compareText) };
}

/** The nearest step above, over spans that are none of ours; `undefined` where that is the flow, or not known yet. */
function climb(
  from: string,
  bySpan: Map<string, Placed>,
  { spans, links }: FlowFacts,
  unplaced: Set<string>,
): Placed | undefined {
  let span = from;
  for (let height = 0; height < HIGHEST; height += 1) {
    const step = bySpan.get(span);
    if (step !== undefined) return step;
    if (spans.includes(span)) return undefined;
    const above = Object.hasOwn(links, span) ? links[span] : undefined;
    if (above === undefined) {
      unplaced.add(span);
      return undefined;
    }
    span = above;
  }
  return undefined;
}

/** Two steps that claim one span contradict each other: the smaller id has it, whichever came first. */
function stepsBySpan(placed: Map<string, Placed>): Map<string, Placed> {
  const own = new Map<string, Placed>();
  const copied = new Map<string, Placed>();
  const claim = (claims: Map<string, Placed>, span: string, step: Placed) => {
    const owner = claims.get(span);
    if (owner === undefined || compareText(step.state.id, owner.state.id) < 0) claims.set(span, step);
  };
  for (const step of placed.values()) {
    for (const span of step.state.spans) claim(own, span, step);
    if (step.state.copyOf !== null) claim(copied, step.state.copyOf, step);
  }
  for (const [span, step] of copied) if (!own.has(span)) own.set(span, step);
  return own;
}

/** Steps that claim to be each other's ancestors: the smallest id among them hangs below the flow. */
function cutCycles(placed: Map<string, Placed>): void {
  if (!some(placed, (step) => step.parent !== null)) return;
  /** Each step that was walked up from, with the walk that came there first. */
  const walkOf = new Map<Placed, Placed>();
  for (const start of placed.values()) {
    let step: Placed | null = start;
    while (step !== null && !walkOf.has(step)) {
      walkOf.set(step, start);
      step = step.parent;
    }
    // Back where this same walk has been: from there on it goes round.
    if (step === null || walkOf.get(step) !== start) continue;
    let smallest = step;
    for (let at = step.parent; at !== null && at !== step; at = at.parent) {
      if (compareText(at.state.id, smallest.state.id) < 0) smallest = at;
    }
    smallest.parent = null;
  }
}

/**
 * Which step it is an attempt of. A later attempt may name the first; else attempts of one step share parent, kind and
 * name: a wait in a queue is no attempt of a step called the same.
 *
 * @param firsts the steps that are named as first attempts
 */
function attemptsKey({ parent, name, state }: Placed, firsts: ReadonlySet<string>): string {
  const first = state.facts?.value.attemptOf ?? state.id;
  if (firsts.has(first)) return `\n${first}`;
  return `${parent?.state.id ?? ""}\n${state.facts?.value.kind ?? ""}\n${name}`;
}

interface Attempts {
  last: number;
  lastSucceeded: number;
}

const noAttempts = (): Attempts => ({ last: 0, lastSucceeded: 0 });

function weighAttempts(placed: Map<string, Placed>): void {
  // The usual flow: nothing was tried again and nothing may fail, so there is nothing to weigh.
  if (!some(placed, ({ attempt, state }) => attempt > 1 || state.facts?.value.optional === true)) return;
  const firsts = new Set<string>();
  for (const { state } of placed.values()) {
    const first = state.facts?.value.attemptOf;
    if (first) firsts.add(first);
  }
  const byKey = new Map<string, Attempts>();
  const attemptsOf = new Map<Placed, Attempts>();
  for (const step of placed.values()) {
    const attempts = valueIn(byKey, attemptsKey(step, firsts), noAttempts);
    attempts.last = Math.max(attempts.last, step.attempt);
    if (step.state.ends[0]?.status === "succeeded")
      attempts.lastSucceeded = Math.max(attempts.lastSucceeded, step.attempt);
    attemptsOf.set(step, attempts);
  }
  const done = new Set<Placed>();
  for (const start of placed.values()) {
    const path: Placed[] = [];
    for (let step: Placed | null = start; step !== null && !done.has(step); step = step.parent)
      path.push(step);
    for (const step of path.reverse()) {
      const { last, lastSucceeded } = attemptsOf.get(step) as Attempts;
      const optional = step.state.facts?.value.optional === true;
      step.superseded = last > step.attempt || step.parent?.superseded === true;
      step.excused = lastSucceeded > step.attempt || optional || step.parent?.excused === true;
      done.add(step);
    }
  }
}

function some(placed: Map<string, Placed>, test: (step: Placed) => boolean): boolean {
  for (const step of placed.values()) if (test(step)) return true;
  return false;
}
