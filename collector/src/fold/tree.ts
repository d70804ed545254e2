/** Who hangs below whom, and whose failure no longer counts. */
import { compareText } from "./order.ts";
import type { StepState } from "./state.ts";

/** A step in its place. */
export interface Placed {
  state: StepState;
  name: string;
  attempt: number;
  parent: Placed | null;
  /** There is a later attempt of it, or of a step above it: work does not stand here any more. */
  superseded: boolean;
  /** A later attempt of it succeeded, or it is optional, or this is so of a step above it: its failure is made good. */
  excused: boolean;
}

/**
 * Places every step of a flow.
 *
 * @returns the placed steps, and whether one names a parent of which nothing has arrived.
 */
export function placeSteps(steps: Map<string, StepState>): {
  placed: Map<string, Placed>;
  parentMissing: boolean;
} {
  const placed = new Map<string, Placed>();
  for (const state of steps.values()) {
    const facts = state.facts?.value;
    placed.set(state.id, {
      state,
      name: nameOf(state),
      attempt: facts?.attempt ?? 1,
      parent: null,
      superseded: false,
      excused: false,
    });
  }
  const parentMissing = linkParents(placed);
  cutCycles(placed);
  weighAttempts(placed);
  return { placed, parentMissing };
}

/** A step of which only the end has arrived has no name yet. */
function nameOf(step: StepState): string {
  return step.facts?.value.name ?? "(unknown step)";
}

function linkParents(placed: Map<string, Placed>): boolean {
  const bySpan = new Map<string, Placed>();
  for (const step of placed.values()) {
    for (const span of step.state.spans) {
      const owner = bySpan.get(span);
      // Two steps that claim one span contradict each other: the smaller id has it, whichever came first.
      if (owner === undefined || compareText(step.state.id, owner.state.id) < 0) bySpan.set(span, step);
    }
  }
  let parentMissing = false;
  for (const step of placed.values()) {
    const parent = step.state.facts?.value.parent ?? null;
    if (parent === null) continue;
    const found = "stepId" in parent ? placed.get(parent.stepId) : bySpan.get(parent.spanId);
    if (found !== undefined && found !== step) step.parent = found;
    // A parent span that is no step of this flow is the flow's own span, or none of ours.
    else if (found === undefined && "stepId" in parent) parentMissing = true;
  }
  return parentMissing;
}

/** Steps that claim to be each other's ancestors: the smallest id among them hangs below the flow. */
function cutCycles(placed: Map<string, Placed>): void {
  const done = new Set<Placed>();
  for (const start of placed.values()) {
    const path = new Set<Placed>();
    let step: Placed | null = start;
    while (step !== null && !done.has(step) && !path.has(step)) {
      path.add(step);
      step = step.parent;
    }
    if (step !== null && path.has(step)) {
      let smallest = step;
      for (let at = step.parent; at !== null && at !== step; at = at.parent) {
        if (compareText(at.state.id, smallest.state.id) < 0) smallest = at;
      }
      smallest.parent = null;
    }
    for (const walked of path) done.add(walked);
  }
}

/** Attempts of one step share parent, kind and name: a wait in a queue is no attempt of a step called the same. */
function attemptsKey({ parent, name, state }: Placed): string {
  return `${parent?.state.id ?? ""}\n${state.facts?.value.kind ?? ""}\n${name}`;
}

interface Attempts {
  last: number;
  lastSucceeded: number;
}

function weighAttempts(placed: Map<string, Placed>): void {
  const attempts = new Map<string, Attempts>();
  for (const step of placed.values()) {
    const key = attemptsKey(step);
    const known = attempts.get(key) ?? { last: 0, lastSucceeded: 0 };
    known.last = Math.max(known.last, step.attempt);
    if (step.state.ends[0]?.status === "succeeded")
      known.lastSucceeded = Math.max(known.lastSucceeded, step.attempt);
    attempts.set(key, known);
  }
  const done = new Set<Placed>();
  for (const start of placed.values()) {
    const path: Placed[] = [];
    for (let step: Placed | null = start; step !== null && !done.has(step); step = step.parent)
      path.push(step);
    for (const step of path.reverse()) {
      const { last, lastSucceeded } = attempts.get(attemptsKey(step)) as Attempts;
      const optional = step.state.facts?.value.optional === true;
      step.superseded = last > step.attempt || step.parent?.superseded === true;
      step.excused = lastSucceeded > step.attempt || optional || step.parent?.excused === true;
      done.add(step);
    }
  }
}
