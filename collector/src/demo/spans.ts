/** What the processes of a demo flow send while it runs, as OTLP in JSON. */
import { ATTR, EXCEPTION, LABEL_PREFIX, RESOURCE } from "@weir/sdk/attributes";
import type { Attributes, AttributeValue, EndStatus, FlowError, Micros } from "../flow.ts";
import type { DemoFlow, DemoStep, Process } from "./demo-flow.ts";
import { pauseSpan } from "./observations.ts";

/** A span, and whose it is. */
export interface SentSpan {
  by: Process;
  span: object;
}

/** Kinds of OTLP's status. */
const ERROR = { code: 2 };

/**
 * What is sent after one moment and up to another: a copy of what has begun and not ended, and what has ended.
 *
 * @example spansBetween(flow, 0, now) // all that would have been sent by now
 */
export function spansBetween(flow: DemoFlow, after: Micros, upTo: Micros): SentSpan[] {
  const sent: SentSpan[] = [];
  const isNow = (at: Micros) => at > after && at <= upTo;
  const { startedAt, endedAt, status, error, steps, events } = flow;

  if (isNow(endedAt)) {
    const about = { id: flow.spanId, parentId: null, name: flow.name, startedAt, endedAt };
    sent.push({ by: flow.endedBy, span: spanOf(flow, about, flowAttributes(flow), { status, error }) });
  } else if (isNow(startedAt)) {
    const about = { id: flow.spanId, parentId: null, name: flow.name, startedAt };
    sent.push({ by: flow.by, span: copyOf(flow, about, flowAttributes(flow)) });
  }
  for (const step of steps) {
    const { id, parentId, name, by } = step;
    const about = { id, parentId: parentId ?? flow.spanId, name, startedAt: step.startedAt };
    if (isNow(step.endedAt)) {
      const ended = { ...about, endedAt: step.endedAt };
      sent.push({ by, span: spanOf(flow, ended, stepAttributes(step), step) });
    } else if (isNow(step.startedAt)) {
      sent.push({ by, span: copyOf(flow, about, stepAttributes(step)) });
    }
  }
  for (const { spanId, name, at, attributes } of events) {
    if (!isNow(at)) continue;
    const about = { id: spanId, parentId: flow.spanId, name, startedAt: at, endedAt: at };
    sent.push({ by: flow.by, span: spanOf(flow, about, { ...attributes, [ATTR.kind]: "event" }) });
  }
  if (isNow(flow.pausedAt)) {
    const at = flow.pausedAt;
    const about = { id: pauseSpan(flow), parentId: flow.spanId, name: "pause", startedAt: at, endedAt: at };
    sent.push({ by: flow.by, span: spanOf(flow, about, { [ATTR.kind]: "end", [ATTR.status]: "paused" }) });
  }
  return sent;
}

/** An export request, a resource for each process. */
export function requestOf(sent: readonly SentSpan[]): object {
  const byProcess = new Map<Process, object[]>();
  for (const { by, span } of sent) {
    const spans = byProcess.get(by);
    if (spans === undefined) byProcess.set(by, [span]);
    else spans.push(span);
  }
  return {
    resourceSpans: [...byProcess].map(([process, spans]) => ({
      resource: { attributes: pairs(resourceOf(process)) },
      scopeSpans: [{ spans }],
    })),
  };
}

interface About {
  id: string;
  parentId: string | null;
  name: string;
  startedAt: Micros;
  endedAt?: Micros;
}

function spanOf(
  flow: DemoFlow,
  { id, parentId, name, startedAt, endedAt = startedAt }: About,
  attributes: Attributes,
  { status, error }: { status: EndStatus; error: FlowError | null } = { status: "succeeded", error: null },
): object {
  return {
    traceId: flow.traceId,
    spanId: id,
    ...(parentId !== null && { parentSpanId: parentId }),
    name,
    startTimeUnixNano: nanos(startedAt),
    endTimeUnixNano: nanos(endedAt),
    attributes: pairs({
      [ATTR.flowId]: flow.key.id,
      [ATTR.flowName]: flow.name,
      [ATTR.tenant]: flow.key.tenant,
      ...(status === "cancelled" && { [ATTR.status]: status }),
      ...attributes,
    }),
    ...(status === "failed" && {
      status: ERROR,
      events: error === null ? [] : [exceptionOf(error, endedAt)],
    }),
  };
}

/** What tells of a span while it is open: a span of its own. */
function copyOf(flow: DemoFlow, about: About, attributes: Attributes): object {
  const id = [...about.id].reverse().join("");
  return spanOf(flow, { ...about, id, parentId: about.id }, { ...attributes, [ATTR.pending]: true });
}

function flowAttributes({ labels, parent, definition }: DemoFlow): Attributes {
  const attributes: Attributes = { [ATTR.kind]: "flow" };
  if (definition !== null) attributes[ATTR.definition] = definition;
  for (const [key, value] of Object.entries(labels)) attributes[LABEL_PREFIX + key] = value;
  if (parent !== null) {
    attributes[ATTR.parentFlowId] = parent.id;
    attributes[ATTR.parentFlowTenant] = parent.tenant;
  }
  return attributes;
}

function stepAttributes(step: DemoStep): Attributes {
  const { id, parentId, kind, attempt, optional, attributes, node, edge } = step;
  return {
    ...attributes,
    [ATTR.kind]: "step",
    [ATTR.stepId]: id,
    ...(parentId !== null && { [ATTR.stepParentId]: parentId }),
    ...(kind !== "step" && { [ATTR.stepKind]: kind }),
    ...(attempt > 1 && { [ATTR.stepAttempt]: attempt }),
    ...(optional && { [ATTR.stepOptional]: true }),
    ...(node !== null && { [ATTR.stepNode]: node }),
    ...(edge !== null && { [ATTR.stepEdge]: edge }),
  };
}

function resourceOf({ service, instance, heartbeatMs }: Process): Attributes {
  return {
    [RESOURCE.serviceName]: service,
    [RESOURCE.serviceInstance]: instance,
    ...(heartbeatMs !== null && { [ATTR.heartbeatInterval]: heartbeatMs }),
  };
}

function exceptionOf({ type, message, stack }: FlowError, at: Micros): object {
  const attributes = { [EXCEPTION.type]: type, [EXCEPTION.message]: message, [EXCEPTION.stack]: stack };
  return { name: EXCEPTION.event, timeUnixNano: nanos(at), attributes: pairs(attributes) };
}

function nanos(at: Micros): string {
  return `${Math.floor(at)}000`;
}

function pairs(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: AttributeValue): object {
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value !== "number") return { stringValue: String(value) };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
