/**
 * The wire contract: attribute and baggage keys, and their closed sets of values.
 *
 * A leaf: it imports nothing. The collector and programs in other languages rely on these strings; adding one
 * is an extension, changing one breaks people.
 *
 * @example
 * span.setAttributes({ [ATTR.kind]: "step", [ATTR.flowId]: "order-17", [ATTR.flowName]: "checkout", [ATTR.tenant]: "acme-corp" });
 */

/** What a span says about its flow. */
export const KINDS = ["flow", "step", "event", "label", "end", "heartbeat"] as const;
export type Kind = (typeof KINDS)[number];

/** Where a flow or a step stands. `paused` is the only one besides `running` that is not an end. */
export const STATUSES = ["running", "succeeded", "failed", "cancelled", "paused"] as const;
export type Status = (typeof STATUSES)[number];

/** Statuses that end a flow or a step. */
export const END_STATUSES = ["succeeded", "failed", "cancelled"] as const;
export type EndStatus = (typeof END_STATUSES)[number];

/**
 * `queue`: work handed to a queue and not yet picked up. `sleep`: waits until a time. `wait`: waits for a message or a
 * change. `debounce`: waits until nothing has changed for a while. None of these is run by a process while it is open.
 */
export const STEP_KINDS = ["step", "queue", "sleep", "wait", "debounce"] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/** Span attribute keys. */
export const ATTR = {
  /** On all: what the span says of its flow: `flow`, `step`, `event`, `label`, `end` or `heartbeat`. */
  kind: "weir.kind",
  /** On all but heartbeats: the flow's id, unique for its tenant. */
  flowId: "weir.flow.id",
  /** On all but heartbeats: the kind of workflow, such as `data_import`. */
  flowName: "weir.flow.name",
  /** On all but heartbeats: the customer. With the id it makes the flow; a step that comes before its flow is placed by them. */
  tenant: "weir.tenant",
  /** On a step, and on the end of one: its id. Left out: the span's id. */
  stepId: "weir.step.id",
  /** On a step: the id of the step above it. Left out: the nearest span of Weir's above it in the trace, else the flow. */
  stepParentId: "weir.step.parent_id",
  /** On a step: `step` (where it is left out), `queue`, `sleep`, `wait` or `debounce`. */
  stepKind: "weir.step.kind",
  /** On a step: which attempt it is, from 1 (where it is left out). A later one that succeeds makes good for those before. */
  stepAttempt: "weir.step.attempt",
  /** On a later attempt: the id of the first. Without it attempts are told by parent and name. */
  stepAttemptOf: "weir.step.attempt_of",
  /** On a step: `true` where its failure does not fail the flow. */
  stepOptional: "weir.step.optional",
  /** On a flow or step: `true` on the copy sent at the start; its own span id, start = end. */
  pending: "weir.pending",
  /** On a flow or step: `true` on a span that ended without ending its flow or step. */
  open: "weir.open",
  /** On an end, a flow or a step: `succeeded`, `failed`, `cancelled` or `paused`. Left out: the span's status: ERROR is failed, else succeeded. */
  status: "weir.status",
  /** On what has a status: why a flow or step was cancelled or paused, in the caller's words. */
  reason: "weir.reason",
  /** On a flow: the id of the flow that it was opened in. */
  parentFlowId: "weir.parent_flow.id",
  /** On a flow: the tenant of the flow that it was opened in. */
  parentFlowTenant: "weir.parent_flow.tenant",
  /** On a flow: the shape of its workflow, a tree or a graph, as JSON. */
  definition: "weir.definition",
  /** On a step: the node of that shape which it is the work of. */
  stepNode: "weir.step.node",
  /** On a step: the edge of a graph over which its work came. */
  stepEdge: "weir.step.edge",
  /** On heartbeats, and on the resource: milliseconds between two of them; the process promises them while work is open. */
  heartbeatInterval: "weir.heartbeat.interval_ms",
} as const;

/** Prefix of label attributes and of label members in baggage: `weir.label.<key>`. */
export const LABEL_PREFIX = "weir.label.";

/** Every attribute of ours begins with this; all others are the user's own. */
export const PREFIX = "weir.";

/** Members that carry flow identity in W3C baggage, besides `weir.label.<key>`. */
export const BAGGAGE = {
  flowId: ATTR.flowId,
  flowName: ATTR.flowName,
  tenant: ATTR.tenant,
  stepId: ATTR.stepId,
} as const;

/** Resource attribute keys, OpenTelemetry's own. */
export const RESOURCE = {
  /** The service, as it is shown. */
  serviceName: "service.name",
  /** One per process: what heartbeats and open steps are matched by. */
  serviceInstance: "service.instance.id",
} as const;

/** The span event that carries an error, and its attributes; OpenTelemetry's own. */
export const EXCEPTION = {
  /** The event's name. */
  event: "exception",
  /** The error's class, such as `TypeError`. */
  type: "exception.type",
  /** What it said. */
  message: "exception.message",
  /** Its stack, with those of its causes. */
  stack: "exception.stacktrace",
} as const;

/** Bounds that SDK and collector share; longer or more is cut with a diagnostic. */
export const LIMITS = {
  /** Of a flow. */
  labels: 32,
  /** Characters of a label's key. */
  labelKey: 64,
  /** Characters of a label's value. */
  labelValue: 256,
  /** Characters of flow names, step names, event names, flow ids, tenants. */
  name: 256,
  /** Of a node or an edge; an id is of use whole or not at all, so a longer one is left out. */
  nodeId: 1024,
  /** Characters of a definition; a larger one is left out. */
  definition: 65_536,
} as const;
