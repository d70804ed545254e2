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
  kind: "weir.kind",
  flowId: "weir.flow.id",
  flowName: "weir.flow.name",
  tenant: "weir.tenant",
  stepId: "weir.step.id",
  stepParentId: "weir.step.parent_id",
  stepKind: "weir.step.kind",
  stepAttempt: "weir.step.attempt",
  /** On a later attempt: the id of the first. Without it attempts are told by parent and name. */
  stepAttemptOf: "weir.step.attempt_of",
  stepOptional: "weir.step.optional",
  /** `true` on the copy sent at the start; its own span id, start = end. */
  pending: "weir.pending",
  /** `true` on a flow or step span that ended without ending its flow or step. */
  open: "weir.open",
  status: "weir.status",
  /** Why a flow or step was cancelled or paused, in the caller's words. */
  reason: "weir.reason",
  parentFlowId: "weir.parent_flow.id",
  parentFlowTenant: "weir.parent_flow.tenant",
  /** On a flow: the shape of its workflow, a tree or a graph, as JSON. */
  definition: "weir.definition",
  /** On a step: the node of that shape which it is the work of. */
  stepNode: "weir.step.node",
  /** On a step: the edge of a graph over which its work came. */
  stepEdge: "weir.step.edge",
  /** Milliseconds between two heartbeats, on these and on the resource: the process promises them while work is open. */
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
  serviceName: "service.name",
  /** One per process: what heartbeats and open steps are matched by. */
  serviceInstance: "service.instance.id",
} as const;

/** The span event that carries an error, and its attributes; OpenTelemetry's own. */
export const EXCEPTION = {
  event: "exception",
  type: "exception.type",
  message: "exception.message",
  stack: "exception.stacktrace",
} as const;

/** Bounds that SDK and collector share; longer or more is cut with a diagnostic. */
export const LIMITS = {
  labels: 32,
  labelKey: 64,
  labelValue: 256,
  /** Flow names, step names, event names, flow ids, tenants. */
  name: 256,
  /** Of a node or an edge; an id is of use whole or not at all, so a longer one is left out. */
  nodeId: 1024,
  /** Characters of a definition; a larger one is left out. */
  definition: 65_536,
} as const;
