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

/** Since when a flow is on hold, and why. */
export interface Pause {
  at: Micros;
  /** In the service's words; `null` where it gives none. */
  reason: string | null;
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
  /** While its status is `paused`, else `null`. */
  pause: Pause | null;
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
  /** The id of its first attempt, where it is a later one and says so; else attempts are told by parent, kind and name. */
  attemptOf: string | null;
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

/** How long something usually takes: milliseconds over so many finished runs of one customer. */
export interface Usual {
  p50: number;
  p95: number;
  runs: number;
}

export interface StepUsual extends Usual {
  name: string;
  kind: StepKind;
}

/** What is usual for the flows of one customer and name. */
export interface FlowUsual {
  /** Of the last finished runs; `null` where none has finished. */
  flow: Usual | null;
  /** Of the runs of the last days: the steps of that name, sorted by it. */
  steps: StepUsual[];
}

/** The process that must be alive for a flow to go on. */
export interface Runner {
  /** As `service.instance.id` names it. */
  instance: string;
  service: string | null;
  /** When anything was last heard of it, by the collector's clock; `null` where that is forgotten. */
  heardAt: Micros | null;
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
  usual: FlowUsual;
  /** Who runs the last of the open steps; `null` where nobody does, or nobody said. */
  runner: Runner | null;
}

/** An open flow that is lost, or open longer than usual. */
export interface StuckFlow extends FlowSummary {
  /** Since when it is: when it had taken too long, or when its process should have been heard of again. */
  stuckSince: Micros;
  /** How long its kind usually takes; `null` where nothing is known of it. */
  usual: Usual | null;
  /** Where it hangs: the last of the open steps. */
  step: StuckStep | null;
  runner: Runner | null;
  /** Of the attempt before, or of the last step that failed. */
  earlierError: FlowError | null;
}

export interface StuckStep {
  id: string;
  name: string;
  kind: StepKind;
  attempt: number;
  startedAt: Micros;
  usual: Usual | null;
}

/** Flows of one day by how they stand now. */
export interface DayCounts {
  /** The day of their start, UTC. */
  day: Micros;
  succeeded: number;
  failed: number;
  cancelled: number;
  /** Not ended: running and paused. */
  running: number;
}

/** Today and yesterday more flows failed than chance would have, by what was usual in the days before. */
export interface FailingMore {
  failed: number;
  /** How many ended in whatever way. */
  finished: number;
  /** Share of those that failed in the days before: 0 to 1. */
  usualRate: number;
}

export interface TenantSummary {
  tenant: string;
  /** Flows that have not ended: `running` and `paused`. */
  running: number;
  failed: number;
  stalled: number;
  lost: number;
  lastActivityAt: Micros;
  /** The oldest day first, today last; as many as were asked for. */
  history: DayCounts[];
  /** `null` where not, and where neither history nor the order of attention is asked for. */
  failingMore: FailingMore | null;
}

/** Milliseconds over the finished runs of a group; all `null` where none has finished. All but `last` within 1 %. */
export interface DurationStats {
  min: number | null;
  avg: number | null;
  p50: number | null;
  p90: number | null;
  p95: number | null;
  p99: number | null;
  max: number | null;
  last: number | null;
}

export interface StatusCounts {
  /** Not ended: running and paused. */
  running: number;
  succeeded: number;
  failed: number;
  cancelled: number;
}

export interface StatsGroup extends StatusCounts {
  /** What the group shares: a name, a label as `key=value`, a step's name, or the begin of the day or hour in RFC 3339. */
  key: string;
  label: { key: string; value: string } | null;
  stepKind: StepKind | null;
  total: number;
  /** Of those that finished, how many failed: 0 to 1; `null` where none has. */
  failureRate: number | null;
  /** Of the newest run, as is `durationMs.last`; `null` of hours and steps. */
  lastStatus: Status | null;
  lastStartedAt: Micros | null;
  durationMs: DurationStats;
}

/** What an answer was counted over. */
export interface Counted {
  /** As asked for, or wider: whole hours, where a part of one holds too many flows to look at each. */
  from: Micros | null;
  to: Micros | null;
  /** `false`: there is more than was counted, for looking at all of it would take too long. */
  complete: boolean;
}

export interface Stats extends Counted {
  groups: StatsGroup[];
}

/** Errors alike in type and, numbers and ids aside, in message. */
export interface ErrorGroup {
  type: string;
  message: string;
  count: number;
  /** The newest flow that failed with it; `null` where it is not found again. */
  example: FlowKey | null;
  /** When that flow began. */
  lastAt: Micros;
}

export interface ErrorStats extends Counted {
  /** The most frequent first. */
  errors: ErrorGroup[];
}

/** Flows that began within one bar of a histogram, by how they stand now. */
export type HistogramBucket = Record<Status, number> & { at: Micros };

export interface FlowHistogram extends Counted {
  /** How long a bucket is. They begin at whole multiples of it since the epoch. */
  bucketMs: number;
  /** In the order of time; those without flows are left out. */
  buckets: HistogramBucket[];
}
