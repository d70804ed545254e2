/**
 * What the collector knows of flows, as it is asked for: the domain types.
 *
 * Times are integers in microseconds since the Unix epoch, UTC (`Micros`): exact in a double, fine enough to
 * order spans. Durations are milliseconds, and may have a fraction. The REST API's forms are in `http/`.
 */
import type { Status, StepKind } from "@weir/sdk/attributes";
import type { Definition } from "./definition.ts";

export type { EndStatus, Status, StepKind } from "@weir/sdk/attributes";

/** Microseconds since the Unix epoch. */
export type Micros = number;

/** `ok` · `stalled`: open far longer than its kind usually is · `lost`: the process that ran it is gone. */
export type Health = "ok" | "stalled" | "lost";

/** Why a picture is partial. */
export type Incomplete = "start-missing" | "end-missing" | "step-start-missing";

/** A flow's identity: the id is unique within its tenant, and only there. */
export interface FlowKey {
  tenant: string;
  id: string;
}

/** A key as one text. Tenants and ids may hold any character: the length keeps `a` + `bc` from `ab` + `c`. */
export function keyText({ tenant, id }: FlowKey): string {
  return `${tenant.length}:${tenant}${id}`;
}

export interface FlowError {
  type: string;
  message: string;
  /** The stack with its causes, as the process wrote it; `null` where it sent none. */
  stack: string | null;
}

export interface StepCounts {
  total: number;
  running: number;
  succeeded: number;
  failed: number;
  cancelled: number;
}

/** A flow as a list shows it. */
export interface FlowSummary extends FlowKey {
  name: string;
  status: Status;
  /** `null` once the flow has ended. */
  health: Health | null;
  /** The earliest time known of it, where its own start has not arrived (`start-missing`). */
  startedAt: Micros;
  endedAt: Micros | null;
  durationMs: number | null;
  /** Names of the steps that are open now, in the order of their start: the last is where it stands. */
  currentSteps: string[];
  /** Since when it stands at the last of these; `null` where none is open. */
  currentSince: Micros | null;
  failedStep: string | null;
  /** Names of its steps, each once, in the order of their start: the first 64, where there are more. */
  stepNames: string[];
  error: FlowError | null;
  labels: Record<string, string>;
  services: string[];
  stepCounts: StepCounts;
  parent: FlowKey | null;
  incomplete: Incomplete[];
  /** The latest time anything was said of this flow. */
  updatedAt: Micros;
}

export type AttributeValue =
  | string
  | number
  | boolean
  | null
  | AttributeValue[]
  | { [key: string]: AttributeValue };
export type Attributes = Record<string, AttributeValue>;

export interface Step {
  id: string;
  /** The step it runs in; `null` directly below the flow. */
  parentId: string | null;
  kind: StepKind;
  name: string;
  status: Status;
  attempt: number;
  optional: boolean;
  /** Its end, where its start has not arrived. */
  startedAt: Micros;
  endedAt: Micros | null;
  durationMs: number | null;
  service: string | null;
  attributes: Attributes;
  /** The id of the node of the flow's definition that it is the work of. */
  node: string | null;
  /** The id of the edge of the flow's definition over which that work came. */
  edge: string | null;
  error: FlowError | null;
}

/** A named point in time in a flow. */
export interface FlowEvent {
  name: string;
  at: Micros;
  attributes: Attributes;
}

export interface ChildFlow extends FlowKey {
  name: string;
  status: Status;
}

/** A flow with all that happened in it. Steps are in the order of their start. */
export interface FlowDetail extends FlowSummary {
  /** The trace in which it was opened, else that of its first step; `null` where none is known. */
  traceId: string | null;
  steps: Step[];
  events: FlowEvent[];
  children: ChildFlow[];
  /** The shape of its workflow; `null` where its service has sent none. */
  definition: Definition | null;
}

export interface TenantSummary {
  tenant: string;
  /** Flows that have not ended: `running` and `paused`. */
  running: number;
  failed: number;
  stalled: number;
  lost: number;
  lastActivityAt: Micros;
}

/** Milliseconds over the finished runs of a group; all `null` where none has finished. */
export interface DurationStats {
  min: number | null;
  avg: number | null;
  p50: number | null;
  p95: number | null;
  max: number | null;
  last: number | null;
}

export interface StatsGroup {
  /** What the group shares: the flow name, where grouped by name. */
  key: string;
  total: number;
  running: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  lastStatus: Status;
  lastStartedAt: Micros;
  durationMs: DurationStats;
}
