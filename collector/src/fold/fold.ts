/**
 * The fold: from a set of observations to the state of a flow.
 *
 * Spans arrive late, twice, in any order and in pieces. So each rule below is commutative and idempotent, and
 * the state is a function of the set of observations alone. No clock, no chance, no I/O.
 */
import type { FlowKey } from "../flow.ts";
import {
  type FlowObservation,
  type FlowOpened,
  flowNameOf,
  type Saying,
  type SpanLinked,
  type StepEnded,
  type StepOpened,
} from "../observation.ts";
import { compareText, first, latest, type Said } from "./order.ts";
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
import type { End, EventState, FlowFacts, FlowState, Opening, StepState } from "./state.ts";

const LINKS_KEPT = 1_000;

/** Ranks of `Said`: who knows a fact better. */
const RANK = {
  ownFlow: { own: 0, inPassing: 1 },
  label: { set: 0, atStart: 1 },
  step: { final: 0, pending: 1 },
} as const;

/**
 * The state that a set of observations of one flow amounts to.
 *
 * @param observations at least one of the flow, all of the same flow.
 */
export function fold(observations: readonly (FlowObservation | SpanLinked)[]): FlowState {
  const first = observations.find((observation) => observation.kind !== "span-linked");
  if (first === undefined) throw new RangeError("fold: expected at least one observation, got none");
  const state = begin(first);
  for (const observation of observations) {
    if (observation.kind === "span-linked") link(state, observation);
    else observe(state, observation);
  }
  return state;
}

/**
 * Adds what is known of a span between two of ours.
 *
 * @returns whether that is new.
 */
export function link(
  { facts }: FlowState,
  { spanId, parentSpanId }: Omit<SpanLinked, "kind" | "at">,
): boolean {
  const known = facts.links[spanId];
  if (known !== undefined && compareText(known, parentSpanId) <= 0) return false;
  facts.links[spanId] = parentSpanId;
  const spans = Object.keys(facts.links);
  if (spans.length <= LINKS_KEPT) return true;
  const last = spans.sort(compareText).at(-1) as string;
  delete facts.links[last];
  return last !== spanId;
}

/** The state of a flow of which nothing but this observation's existence is known yet. Observe it next. */
export function begin(observation: FlowObservation): FlowState {
  return emptyState(observation.flow, observation);
}

/** Adds one observation to a state, which it changes. Adding it again, or before others, changes nothing. */
export function observe(state: FlowState, observation: FlowObservation): void {
  const { facts } = state;
  const { at } = observation;
  if (at < facts.firstAt) facts.firstAt = at;
  if (at > facts.lastAt) facts.lastAt = at;
  if (observation.service !== null) {
    facts.services = addService(facts.services, observation.service);
  }

  switch (observation.kind) {
    case "flow-opened":
      nameFlow(facts, observation, observation.name, RANK.ownFlow.own);
      traceFlow(facts, observation, RANK.ownFlow.own);
      facts.opened = earlierOpening(facts.opened, openingBy(observation));
      facts.runner = laterRunner(facts.runner, observation);
      if (at > facts.lastOpened) facts.lastOpened = at;
      facts.spans = addSpan(facts.spans, observation.copyOf ?? observation.spanId);
      if (observation.parent !== null)
        facts.parent = first(facts.parent, said(observation, 0, observation.parent));
      if (observation.definition !== null)
        facts.definition = latest(facts.definition, said(observation, 0, observation.definition));
      label(facts, observation, observation.labels, RANK.label.atStart);
      return;
    case "flow-ended":
      nameFlow(facts, observation, observation.name, RANK.ownFlow.inPassing);
      facts.ends = addEnd(facts.ends, endBy(observation));
      return;
    case "flow-left":
      nameFlow(facts, observation, observation.name, RANK.ownFlow.inPassing);
      facts.left = Math.max(facts.left ?? at, at);
      return;
    case "flow-paused":
      nameFlow(facts, observation, observation.name, RANK.ownFlow.inPassing);
      facts.paused = laterPause(facts.paused, { at, reason: observation.reason });
      return;
    case "step-opened":
      nameFlow(facts, observation, observation.flowName, RANK.ownFlow.inPassing);
      traceFlow(facts, observation, RANK.ownFlow.inPassing);
      if (at > facts.lastOpened) facts.lastOpened = at;
      openStep(stepOf(state, observation.stepId), observation);
      return;
    case "step-ended":
      nameFlow(facts, observation, observation.flowName, RANK.ownFlow.inPassing);
      endStep(stepOf(state, observation.stepId), observation);
      return;
    case "event-noted": {
      nameFlow(facts, observation, observation.flowName, RANK.ownFlow.inPassing);
      const { name, attributes, spanId } = observation;
      const noted = state.events.get(spanId);
      const event: EventState = { at, span: spanId, name, attributes };
      state.events.set(spanId, noted === undefined ? event : earlierEvent(noted, event));
      return;
    }
    case "labels-set":
      nameFlow(facts, observation, observation.flowName, RANK.ownFlow.inPassing);
      label(facts, observation, observation.labels, RANK.label.set);
      return;
  }
}

function emptyState(key: FlowKey, by: FlowObservation): FlowState {
  const name = flowNameOf(by);
  return {
    key: { tenant: key.tenant, id: key.id },
    facts: {
      opened: null,
      runner: null,
      name: said(by, by.kind === "flow-opened" ? RANK.ownFlow.own : RANK.ownFlow.inPassing, name),
      trace: null,
      parent: null,
      labels: {},
      definition: null,
      ends: [],
      left: null,
      paused: null,
      lastOpened: 0,
      firstAt: by.at,
      lastAt: by.at,
      services: [],
      spans: [],
      links: {},
    },
    steps: new Map(),
    events: new Map(),
  };
}

function stepOf(state: FlowState, id: string): StepState {
  let step = state.steps.get(id);
  if (step === undefined) {
    step = { id, opened: null, runner: null, facts: null, ends: [], spans: [], copyOf: null };
    state.steps.set(id, step);
  }
  return step;
}

function openStep(step: StepState, by: StepOpened): void {
  step.opened = earlierOpening(step.opened, openingBy(by));
  step.runner = laterRunner(step.runner, by);
  const { name, stepKind: kind, attempt, attemptOf, optional, parent, attributes, node, edge } = by;
  const rank = by.copyOf === null ? RANK.step.final : RANK.step.pending;
  step.facts = first(
    step.facts,
    said(by, rank, { name, kind, attempt, attemptOf, optional, parent, attributes, node, edge }),
  );
  if (by.copyOf === null) step.spans = addSpan(step.spans, by.spanId);
  else if (step.copyOf === null || compareText(by.copyOf, step.copyOf) < 0) step.copyOf = by.copyOf;
}

function endStep(step: StepState, by: StepEnded): void {
  step.ends = addEnd(step.ends, endBy(by));
}

function openingBy({ at, spanId, service, instance }: Saying): Opening {
  return { at, span: spanId, service, instance };
}

function endBy({ at, spanId, status, error }: Saying & Pick<End, "status" | "error">): End {
  return { at, span: spanId, status, error };
}

function nameFlow(facts: FlowFacts, by: Saying, name: string, rank: number): void {
  // The usual case, and cheap: what is known is better, or as good and older.
  if (facts.name.rank < rank || (facts.name.rank === rank && facts.name.at < by.at)) return;
  facts.name = first(facts.name, said(by, rank, name));
}

function traceFlow(facts: FlowFacts, by: FlowOpened | StepOpened, rank: number): void {
  const { trace } = facts;
  if (by.traceId === undefined) return;
  if (trace !== null && (trace.rank < rank || (trace.rank === rank && trace.at < by.at))) return;
  facts.trace = first(trace, said(by, rank, by.traceId));
}

function label(facts: FlowFacts, by: Saying, labels: Record<string, string>, rank: number): void {
  for (const [key, value] of Object.entries(labels)) addLabel(facts.labels, key, said(by, rank, value));
  trimLabels(facts.labels);
}

function said<T>(by: Saying, rank: number, value: T): Said<T> {
  return { rank, at: by.at, span: by.spanId, value };
}
