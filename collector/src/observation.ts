/**
 * Observations: what one span says about its flow. A flow's state is a function of the set of its observations
 * and of nothing else, so each carries what the fold needs to order it: a time and the span that said it.
 */
import type { Attributes, EndStatus, FlowError, FlowKey, Micros, StepKind } from "./flow.ts";

/** Who says something, when, and in which process. */
export interface Saying {
  flow: FlowKey;
  at: Micros;
  /** Hex id of the span that says it; with `at` the tie-breaker of every order. */
  spanId: string;
  service: string | null;
  /** The process, as `service.instance.id` names it; `null` where it does not say. */
  instance: string | null;
}

/** A flow was opened. A pending copy and its final span say the same. */
export interface FlowOpened extends Saying {
  kind: "flow-opened";
  name: string;
  labels: Record<string, string>;
  parent: FlowKey | null;
  /** The shape of its workflow (`definition.ts`) as JSON; `null` where it does not say. */
  definition: string | null;
  /** The span of which this is the copy sent at the start; `null` when said by the span itself. */
  copyOf: string | null;
  /** The trace of the span that says it, 32 hex digits; absent where none is known, as in what was imported. */
  traceId?: string | undefined;
}

/** A flow ended; the earliest of these counts. */
export interface FlowEnded extends Saying {
  kind: "flow-ended";
  name: string;
  status: EndStatus;
  error: FlowError | null;
}

/** The process that opened the flow has left it open for another to end; the flow itself goes on. */
export interface FlowLeft extends Saying {
  kind: "flow-left";
  name: string;
}

/** A flow was put on hold; it runs again when anything in it opens later. */
export interface FlowPaused extends Saying {
  kind: "flow-paused";
  name: string;
  /** In the service's words; `null` where it gives none. */
  reason: string | null;
}

/**
 * Where a step hangs: under a step named by id; else under the step whose span is the nearest above the parent span
 * that is named here; else under the flow.
 */
export type StepParent = { stepId: string } | { spanId: string } | null;

/** A step was opened. */
export interface StepOpened extends Saying {
  kind: "step-opened";
  flowName: string;
  stepId: string;
  name: string;
  stepKind: StepKind;
  attempt: number;
  /** The id of the step that is its first attempt; `null` where it does not say. */
  attemptOf: string | null;
  optional: boolean;
  parent: StepParent;
  attributes: Attributes;
  /** The node of the flow's definition that it is the work of, and the edge over which that came. */
  node: string | null;
  edge: string | null;
  /** As of a flow; the final span knows better where the two differ. */
  copyOf: string | null;
  /** As of a flow. */
  traceId?: string | undefined;
}

/** A step ended; the earliest of these counts. */
export interface StepEnded extends Saying {
  kind: "step-ended";
  flowName: string;
  stepId: string;
  status: EndStatus;
  error: FlowError | null;
}

/** Something worth a name happened. */
export interface EventNoted extends Saying {
  kind: "event-noted";
  flowName: string;
  name: string;
  attributes: Attributes;
}

/** Labels were set after the flow was opened; the latest counts. */
export interface LabelsSet extends Saying {
  kind: "labels-set";
  flowName: string;
  labels: Record<string, string>;
}

export type FlowObservation =
  | FlowOpened
  | FlowEnded
  | FlowLeft
  | FlowPaused
  | StepOpened
  | StepEnded
  | EventNoted
  | LabelsSet;

export function flowNameOf(observation: FlowObservation): string {
  return "flowName" in observation ? observation.flowName : observation.name;
}

/** A process says that it lives. One per process and interval, whatever the number of its flows. */
export interface Heartbeat {
  kind: "heartbeat";
  instance: string;
  service: string | null;
  at: Micros;
  /** Milliseconds until the next one is due. */
  intervalMs: number;
}

/**
 * A span that is none of ours lies between two that may be: what is below it hangs below what is above it. Kept for a
 * while, and for good by the flows that need it.
 */
export interface SpanLinked {
  kind: "span-linked";
  spanId: string;
  parentSpanId: string;
  at: Micros;
}

export type Observation = FlowObservation | Heartbeat | SpanLinked;
