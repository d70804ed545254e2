/**
 * What is kept of a flow: facts only, each a minimum, a maximum, a set or a pick by a total order. Everything
 * that can be worked out from these (status, tree, counts, what is missing) is in `picture.ts`.
 *
 * The parts are plain JSON, so that a store can keep them as they are.
 */
import type { Attributes, EndStatus, FlowError, FlowKey, Micros, Pause, StepKind } from "../flow.ts";
import type { StepParent } from "../observation.ts";
import type { Mark, Said } from "./order.ts";

export interface Opening extends Mark {
  service: string | null;
  instance: string | null;
}

/** Who opened it last: the process that must be alive for it to go on. Another may have taken over what a dead one left. */
export interface Runner {
  at: Micros;
  instance: string | null;
}

export interface End extends Mark {
  status: EndStatus;
  error: FlowError | null;
}

export interface FlowFacts {
  /** The earliest opening; `null` while none has arrived. */
  opened: Opening | null;
  /** Of the latest opening. */
  runner: Runner | null;
  name: Said<string>;
  /** Of its opening, else of its first step: one, though work that is handed on may go on in others. */
  trace: Said<string> | null;
  parent: Said<FlowKey> | null;
  labels: Record<string, Said<string>>;
  /** As JSON. The latest: a run may be gone on with by a newer program. */
  definition: Said<string> | null;
  /** The earliest ends. The first counts, the others are kept as facts. */
  ends: End[];
  /** The latest time that a process left the flow open for another to end. */
  left: Micros | null;
  /** The latest time that the flow was put on hold. */
  paused: Pause | null;
  /** The latest time that the flow or a step in it was opened. */
  lastOpened: Micros;
  firstAt: Micros;
  lastAt: Micros;
  services: string[];
  /** The spans that are this flow. */
  spans: string[];
  /** Spans that are none of ours, on the way from a step up to the next of ours: span → parent span. */
  links: Record<string, string>;
}

export interface StepFacts {
  name: string;
  kind: StepKind;
  attempt: number;
  attemptOf: string | null;
  optional: boolean;
  parent: StepParent;
  attributes: Attributes;
  node: string | null;
  edge: string | null;
}

export interface StepState {
  id: string;
  opened: Opening | null;
  runner: Runner | null;
  /** `null` while only an end has arrived. */
  facts: Said<StepFacts> | null;
  ends: End[];
  /** The spans that are this step: a child without our attributes knows its parent by one of these. */
  spans: string[];
  /** The span of which a pending copy said that it is one; believed where no step says so of itself. */
  copyOf: string | null;
}

export interface EventState extends Mark {
  name: string;
  attributes: Attributes;
}

export interface FlowState {
  key: FlowKey;
  facts: FlowFacts;
  steps: Map<string, StepState>;
  /** By the span that noted them. */
  events: Map<string, EventState>;
}
