/** A flow of the demo with all that will happen in it, also after now. */
import type { Attributes, EndStatus, FlowError, FlowKey, Micros, StepKind } from "../flow.ts";

/** Never: of what hangs. */
export const NEVER = Number.POSITIVE_INFINITY;

/** A process. One that died has told how often it would be heard of. */
export interface Process {
  service: string;
  instance: string;
  heartbeatMs: number | null;
}

export interface DemoStep {
  /** Its span's id, and its own. */
  id: string;
  parentId: string | null;
  kind: StepKind;
  name: string;
  attempt: number;
  optional: boolean;
  by: Process;
  startedAt: Micros;
  /** `NEVER` where it hangs. */
  endedAt: Micros;
  status: EndStatus;
  attributes: Attributes;
  error: FlowError | null;
  node: string | null;
  edge: string | null;
}

export interface DemoEvent {
  spanId: string;
  name: string;
  at: Micros;
  attributes: Attributes;
}

export interface DemoFlow {
  key: FlowKey;
  /** Of the flow itself. */
  spanId: string;
  traceId: string;
  name: string;
  labels: Record<string, string>;
  by: Process;
  /** Who ends it. */
  endedBy: Process;
  startedAt: Micros;
  endedAt: Micros;
  /** Since when it is on hold; `NEVER`: it is not. */
  pausedAt: Micros;
  status: EndStatus;
  error: FlowError | null;
  parent: FlowKey | null;
  definition: string | null;
  /** In the order in which they begin, a step before those in it. */
  steps: DemoStep[];
  events: DemoEvent[];
}
