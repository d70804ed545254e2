/**
 * The union of two states of one flow: what the fold makes of the observations of both. Each rule of the fold is a
 * minimum, a maximum, a set or a pick by a total order, so parts of a flow may be folded wherever they come in.
 */
import { link } from "./fold.ts";
import { first, latest } from "./order.ts";
import {
  addEnd,
  addLabel,
  addService,
  addSpan,
  earlierEvent,
  earlierOpening,
  laterPause,
  laterRunner,
  trimLabels,
} from "./picks.ts";
import type { FlowFacts, FlowState, StepState } from "./state.ts";

/** Adds all that `other` knows to `state`, which it changes. The two may share parts from then on. */
export function merge(state: FlowState, other: FlowState): void {
  mergeFacts(state.facts, other.facts);
  for (const [spanId, parentSpanId] of Object.entries(other.facts.links))
    link(state, { spanId, parentSpanId });
  for (const [id, step] of other.steps) {
    const known = state.steps.get(id);
    if (known === undefined) state.steps.set(id, step);
    else mergeStep(known, step);
  }
  for (const [span, event] of other.events) {
    const noted = state.events.get(span);
    state.events.set(span, noted === undefined ? event : earlierEvent(noted, event));
  }
}

function mergeFacts(facts: FlowFacts, other: FlowFacts): void {
  facts.firstAt = Math.min(facts.firstAt, other.firstAt);
  facts.lastAt = Math.max(facts.lastAt, other.lastAt);
  facts.lastOpened = Math.max(facts.lastOpened, other.lastOpened);
  facts.name = first(facts.name, other.name);
  if (other.opened !== null) facts.opened = earlierOpening(facts.opened, other.opened);
  if (other.runner !== null) facts.runner = laterRunner(facts.runner, other.runner);
  if (other.trace !== null) facts.trace = first(facts.trace, other.trace);
  if (other.parent !== null) facts.parent = first(facts.parent, other.parent);
  if (other.definition !== null) facts.definition = latest(facts.definition, other.definition);
  if (other.left !== null) facts.left = Math.max(facts.left ?? other.left, other.left);
  if (other.paused !== null) facts.paused = laterPause(facts.paused, other.paused);
  for (const end of other.ends) facts.ends = addEnd(facts.ends, end);
  for (const service of other.services) facts.services = addService(facts.services, service);
  for (const span of other.spans) facts.spans = addSpan(facts.spans, span);
  for (const [key, label] of Object.entries(other.labels)) addLabel(facts.labels, key, label);
  trimLabels(facts.labels);
}

function mergeStep(step: StepState, other: StepState): void {
  if (other.opened !== null) step.opened = earlierOpening(step.opened, other.opened);
  if (other.runner !== null) step.runner = laterRunner(step.runner, other.runner);
  if (other.facts !== null) step.facts = first(step.facts, other.facts);
  for (const end of other.ends) step.ends = addEnd(step.ends, end);
  for (const span of other.spans) step.spans = addSpan(step.spans, span);
  if (other.copyOf !== null && (step.copyOf === null || other.copyOf < step.copyOf))
    step.copyOf = other.copyOf;
}
