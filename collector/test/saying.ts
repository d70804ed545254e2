/** Short words for observations of one flow, for tests. */

import type { FlowKey } from "../src/flow.ts";
import type {
  EventNoted,
  FlowEnded,
  FlowLeft,
  FlowObservation,
  FlowOpened,
  FlowPaused,
  LabelsSet,
  SpanLinked,
  StepEnded,
  StepOpened,
} from "../src/observation.ts";

export function flowOf(flow: FlowKey) {
  let spans = 0;
  const by = (at: number) => ({
    flow,
    at,
    spanId: `${++spans}`.padStart(16, "0"),
    service: null,
    instance: null,
  });
  const name = "import";

  const opened = (at: number, more: Partial<FlowOpened> = {}): FlowOpened => ({
    kind: "flow-opened",
    ...by(at),
    name,
    labels: {},
    parent: null,
    definition: null,
    copyOf: null,
    ...more,
  });
  const ended = (at: number, more: Partial<FlowEnded> = {}): FlowEnded => ({
    kind: "flow-ended",
    ...by(at),
    name,
    status: "succeeded",
    error: null,
    ...more,
  });
  const left = (at: number): FlowLeft => ({ kind: "flow-left", ...by(at), name });
  const paused = (at: number, reason: string | null = null): FlowPaused => ({
    kind: "flow-paused",
    ...by(at),
    name,
    reason,
  });
  const stepOpened = (stepId: string, at: number, more: Partial<StepOpened> = {}): StepOpened => ({
    kind: "step-opened",
    ...by(at),
    flowName: name,
    stepId,
    name: stepId,
    stepKind: "step",
    attempt: 1,
    attemptOf: null,
    optional: false,
    parent: null,
    attributes: {},
    node: null,
    edge: null,
    copyOf: null,
    ...more,
  });
  const stepEnded = (stepId: string, at: number, more: Partial<StepEnded> = {}): StepEnded => ({
    kind: "step-ended",
    ...by(at),
    flowName: name,
    stepId,
    status: "succeeded",
    error: null,
    ...more,
  });
  /** A finished step, as its final span says it. */
  const step = (
    stepId: string,
    start: number,
    end: number,
    more: Partial<StepOpened> = {},
    ending: Partial<StepEnded> = {},
  ): FlowObservation[] => [stepOpened(stepId, start, more), stepEnded(stepId, end, ending)];
  const event = (eventName: string, at: number, more: Partial<EventNoted> = {}): EventNoted => ({
    kind: "event-noted",
    ...by(at),
    flowName: name,
    name: eventName,
    attributes: {},
    ...more,
  });
  const labels = (at: number, set: Record<string, string>): LabelsSet => ({
    kind: "labels-set",
    ...by(at),
    flowName: name,
    labels: set,
  });
  /** A span that is none of ours. */
  const linked = (spanId: string, parentSpanId: string): SpanLinked => ({
    kind: "span-linked",
    spanId,
    parentSpanId,
    at: 1,
  });
  return { linked, opened, ended, left, paused, stepOpened, stepEnded, step, event, labels };
}
