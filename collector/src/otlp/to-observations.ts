/**
 * What a span says about its flow: one raw span → zero or more observations, or the reason why not. Pure, and the
 * only place that knows the meaning of `weir.*` attributes.
 */
import { ATTR, type EndStatus, KINDS, type Kind, STEP_KINDS, type Status } from "@weir/sdk/attributes";
import type { AttributeValue, FlowError, FlowKey, Micros } from "../flow.ts";
import type { Heartbeat, Observation, StepParent } from "../observation.ts";
import { BOUNDS, cut } from "./bounds.ts";
import { definitionOf } from "./definition.ts";
import { intervalOf, type RawSpan, textOf } from "./raw-span.ts";
import type { Reason, Rejection } from "./rejection.ts";
import { readSaid, type Said } from "./said.ts";
import { attributesOf, labelsOf } from "./user-data.ts";

export type LeaveOut = (why: string) => void;

const DEFAULT_HEARTBEAT_MS = 10_000;

/**
 * Adds what the span says to `out`.
 *
 * @param leaveOut hears what of a span that is taken is not, and why
 * @returns `"taken"`, `"ignored"` when it has no `weir.*` attribute, or why it is rejected; `out` is as it was then.
 */
export function addObservations(
  span: RawSpan,
  out: Observation[],
  leaveOut: LeaveOut = () => {},
): "taken" | "ignored" | Rejection {
  if (span.malformed !== null) return { reason: "malformed", message: span.malformed };
  const said = readSaid(span);
  if (!said.any) return ignore(span, out);
  return checkSpan(span, said) ?? addByKind(span, said, out, leaveOut) ?? "taken";
}

/**
 * Any span of a process that promises heartbeats is one: so it is known when to expect the next, also of a process
 * that is gone before its first.
 */
export function signOfLife(span: RawSpan): Heartbeat | undefined {
  const intervalMs = span.resource.heartbeatMs;
  const instance = instanceOf(span);
  if (intervalMs === null || instance === null) return undefined;
  return { kind: "heartbeat", instance, service: serviceOf(span), at: span.start, intervalMs };
}

/** Nothing of it is kept but what it hangs below: it may lie between two steps. */
function ignore({ spanId, parentSpanId, start }: RawSpan, out: Observation[]): "ignored" {
  if (spanId !== "" && parentSpanId !== "" && isTime(start)) {
    out.push({ kind: "span-linked", spanId, parentSpanId, at: start });
  }
  return "ignored";
}

/** What holds for every kind. */
function checkSpan(span: RawSpan, { kind }: Said): Rejection | undefined {
  if (kind === undefined)
    return no("no-kind", `${ATTR.kind}: expected one of ${KINDS.join(", ")}, got nothing`);
  if (!KINDS.includes(kind as Kind)) {
    return no("bad-kind", `${ATTR.kind}: expected one of ${KINDS.join(", ")}, got ${shown(kind)}`);
  }
  if (span.traceId === "") return no("bad-trace-id", "trace id: expected 16 bytes that are not all zero");
  if (span.spanId === "") return no("bad-span-id", "span id: expected 8 bytes that are not all zero");
  if (!(span.start > 0) || !isTime(span.start) || !isTime(span.end)) {
    return no("bad-time", "start and end time: expected nanoseconds since 1970, after 0 and before 2255");
  }
}

function addByKind(span: RawSpan, said: Said, out: Observation[], leaveOut: LeaveOut): Rejection | undefined {
  if (said.kind === "heartbeat") return addHeartbeat(span, said, out);

  const id = identity(said.flowId);
  const tenant = identity(said.tenant);
  const name = identity(said.flowName);
  if (id === "" || tenant === "" || name === "") return noIdentity(id, tenant, name);
  const flow: FlowKey = { tenant, id };

  switch (said.kind as Exclude<Kind, "heartbeat">) {
    case "flow":
      return addFlow(span, said, flow, name, out, leaveOut);
    case "step":
      return addStep(span, said, flow, name, out, leaveOut);
    case "end":
      return addEnd(span, said, flow, name, out);
    case "event":
      out.push({
        kind: "event-noted",
        flow,
        at: span.start,
        spanId: span.spanId,
        service: serviceOf(span),
        instance: instanceOf(span),
        flowName: name,
        name: nameOf(span),
        attributes: attributesOf(span),
      });
      return;
    case "label":
      out.push({
        kind: "labels-set",
        flow,
        at: span.start,
        spanId: span.spanId,
        service: serviceOf(span),
        instance: instanceOf(span),
        flowName: name,
        labels: labelsOf(span),
      });
      return;
  }
}

function addHeartbeat(span: RawSpan, said: Said, out: Observation[]): Rejection | undefined {
  const instance = instanceOf(span);
  if (instance === null) return no("no-instance", "a heartbeat needs service.instance.id in its resource");
  const intervalMs = intervalOf(said.interval) ?? span.resource.heartbeatMs ?? DEFAULT_HEARTBEAT_MS;
  out.push({ kind: "heartbeat", instance, service: serviceOf(span), at: span.start, intervalMs });
}

function addFlow(
  span: RawSpan,
  said: Said,
  flow: FlowKey,
  name: string,
  out: Observation[],
  leaveOut: LeaveOut,
): Rejection | undefined {
  const status = statusOf(span, said);
  if (status === undefined) return badStatus(said);
  const { spanId, start } = span;
  const service = serviceOf(span);
  const instance = instanceOf(span);
  out.push({
    kind: "flow-opened",
    flow,
    at: start,
    spanId,
    service,
    instance,
    name,
    labels: labelsOf(span),
    parent: parentFlowOf(said, flow),
    definition: definitionOf(said.definition, leaveOut),
    copyOf: copyOf(span, said),
    traceId: span.traceId,
  });
  if (said.pending) return;
  const at = endOf(span);
  if (said.open || status === "running") {
    out.push({ kind: "flow-left", flow, at, spanId, service, instance, name });
  } else if (status === "paused") {
    out.push({ kind: "flow-paused", flow, at, spanId, service, instance, name, reason: reasonOf(said) });
  } else {
    const error = errorOf(span, said, status);
    out.push({ kind: "flow-ended", flow, at, spanId, service, instance, name, status, error });
  }
}

function addStep(
  span: RawSpan,
  said: Said,
  flow: FlowKey,
  flowName: string,
  out: Observation[],
  leaveOut: LeaveOut,
): Rejection | undefined {
  const status = statusOf(span, said);
  if (status === undefined) return badStatus(said);
  const stepKind = STEP_KINDS.find((kind) => kind === (said.stepKind ?? "step"));
  if (stepKind === undefined) {
    return no(
      "bad-step-kind",
      `${ATTR.stepKind}: expected one of ${STEP_KINDS.join(", ")}, got ${shown(said.stepKind)}`,
    );
  }
  const attempt = attemptOf(said.attempt);
  if (attempt === undefined) {
    return no(
      "bad-attempt",
      `${ATTR.stepAttempt}: expected a whole number from 1, got ${shown(said.attempt)}`,
    );
  }
  const { spanId, start } = span;
  const service = serviceOf(span);
  const instance = instanceOf(span);
  const copied = copyOf(span, said);
  const stepId = identity(said.stepId) || (copied ?? spanId);
  out.push({
    kind: "step-opened",
    flow,
    at: start,
    spanId,
    service,
    instance,
    flowName,
    stepId,
    name: nameOf(span),
    stepKind,
    attempt,
    attemptOf: identity(said.attemptOf) || null,
    optional: said.optional,
    parent: stepParentOf(span, said),
    attributes: attributesOf(span),
    node: nodeIdOf(ATTR.stepNode, said.stepNode, leaveOut),
    edge: nodeIdOf(ATTR.stepEdge, said.stepEdge, leaveOut),
    copyOf: copied,
    traceId: span.traceId,
  });
  if (said.pending || said.open || status === "running" || status === "paused") return;
  const at = endOf(span);
  const error = errorOf(span, said, status);
  out.push({ kind: "step-ended", flow, at, spanId, service, instance, flowName, stepId, status, error });
}

/** Ends from anywhere: of a step where it names one, else of the flow. */
function addEnd(
  span: RawSpan,
  said: Said,
  flow: FlowKey,
  flowName: string,
  out: Observation[],
): Rejection | undefined {
  const status = statusOf(span, said);
  if (status === undefined || status === "running") return badStatus(said);
  const { spanId, start: at } = span;
  const service = serviceOf(span);
  const instance = instanceOf(span);
  const stepId = identity(said.stepId);
  if (status === "paused") {
    // A step has no pause of its own: it stays open.
    if (stepId !== "") return;
    const reason = reasonOf(said);
    out.push({ kind: "flow-paused", flow, at, spanId, service, instance, name: flowName, reason });
    return;
  }
  const error = errorOf(span, said, status);
  if (stepId === "") {
    out.push({ kind: "flow-ended", flow, at, spanId, service, instance, name: flowName, status, error });
  } else {
    out.push({ kind: "step-ended", flow, at, spanId, service, instance, flowName, stepId, status, error });
  }
}

/** `undefined` when `weir.status` is not a status. */
function statusOf(span: RawSpan, { status }: Said): Status | undefined {
  switch (status) {
    case undefined:
      return span.failed ? "failed" : "succeeded";
    case "running":
    case "succeeded":
    case "failed":
    case "cancelled":
    case "paused":
      return status;
    default:
      return undefined;
  }
}

/** Of what failed or was cancelled. An exception that was caught, in what succeeded, is no error of it. */
function errorOf(span: RawSpan, said: Said, status: EndStatus): FlowError | null {
  if (status === "succeeded") return null;
  const { exception } = span;
  if (exception !== null) {
    return {
      type: cut(exception.type, BOUNDS.name) || "Error",
      message: cut(exception.message, BOUNDS.errorMessage),
      stack: exception.stack === null ? null : cut(exception.stack, BOUNDS.errorStack),
    };
  }
  const message = textOf(said.reason) || span.statusMessage;
  if (message === "") return null;
  const type = status === "cancelled" ? "Cancelled" : "Error";
  return { type, message: cut(message, BOUNDS.errorMessage), stack: null };
}

function reasonOf({ reason }: Said): string | null {
  return cut(textOf(reason), BOUNDS.errorMessage) || null;
}

function endOf({ start, end }: RawSpan): Micros {
  return end < start ? start : end;
}

function parentFlowOf(said: Said, flow: FlowKey): FlowKey | null {
  const id = identity(said.parentFlowId);
  return id === "" ? null : { tenant: identity(said.parentFlowTenant) || flow.tenant, id };
}

function stepParentOf(span: RawSpan, said: Said): StepParent {
  const stepId = identity(said.stepParentId);
  if (stepId !== "") return { stepId };
  return span.parentSpanId === "" ? null : { spanId: span.parentSpanId };
}

/** A pending copy is a child of the span that it announces. */
function copyOf(span: RawSpan, { pending }: Said): string | null {
  return pending ? span.parentSpanId || span.spanId : null;
}

function attemptOf(value: AttributeValue | undefined): number | undefined {
  if (value === undefined) return 1;
  const number = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) && (number as number) >= 1 ? (number as number) : undefined;
}

/** Identity as text; numbers are common as ids. Empty when it is nothing of the kind. */
function identity(value: AttributeValue | undefined): string {
  if (typeof value === "string") return cut(value, BOUNDS.name);
  return typeof value === "number" ? String(value) : "";
}

/** Cut it would be the id of nothing, or of another. */
function nodeIdOf(key: string, value: AttributeValue | undefined, leaveOut: LeaveOut): string | null {
  if (value === undefined) return null;
  const id = typeof value === "number" ? String(value) : value;
  if (typeof id === "string" && id !== "" && id.length <= BOUNDS.nodeId) return id.toWellFormed();
  leaveOut(`${key} is left out: expected text of 1 to ${BOUNDS.nodeId} characters`);
  return null;
}

function nameOf({ name }: RawSpan): string {
  return name === "" ? "unnamed" : cut(name, BOUNDS.name);
}

function serviceOf({ resource: { service } }: RawSpan): string | null {
  return service === null ? null : cut(service, BOUNDS.name);
}

function instanceOf({ resource: { instance } }: RawSpan): string | null {
  return instance === null ? null : cut(instance, BOUNDS.name);
}

function isTime(at: Micros): boolean {
  return Number.isSafeInteger(at);
}

function badStatus({ status, kind }: Said): Rejection {
  const expected = kind === "end" ? "succeeded, failed, cancelled or paused" : "a status";
  return no("bad-status", `${ATTR.status}: expected ${expected}, got ${shown(status)}`);
}

function noIdentity(id: string, tenant: string, name: string): Rejection {
  const missing = [id === "" && ATTR.flowId, tenant === "" && ATTR.tenant, name === "" && ATTR.flowName];
  return no("no-identity", `expected non-empty text as ${missing.filter(Boolean).join(", ")}`);
}

function no(reason: Reason, message: string): Rejection {
  return { reason, message };
}

function shown(value: AttributeValue | undefined): string {
  const json = JSON.stringify(value) ?? "nothing";
  return json.length > 80 ? `${cut(json, 80)}…` : json;
}
