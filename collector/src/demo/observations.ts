/** What the processes of a demo flow would have said up to a moment: straight to a store, without OTLP between. */
import type { Micros } from "../flow.ts";
import type { Observation } from "../observation.ts";
import type { DemoFlow, DemoStep, Process } from "./demo-flow.ts";

export function observationsOf(flow: DemoFlow, until: Micros): Observation[] {
  const { key, name, spanId, traceId, labels, parent, steps } = flow;
  const said: Observation[] = [];
  const saying = ({ service, instance }: Process, at: Micros, span: string) => ({
    flow: key,
    at,
    spanId: span,
    service,
    instance,
  });

  said.push({
    kind: "flow-opened",
    ...saying(flow.by, flow.startedAt, spanId),
    name,
    labels,
    parent,
    definition: flow.definition,
    copyOf: null,
    traceId,
  });
  for (const step of steps) {
    if (step.startedAt > until) continue;
    const { id, attempt, optional, attributes, startedAt, endedAt, by, status, error } = step;
    if (by.heartbeatMs !== null) said.push(heartbeatOf(by, by.heartbeatMs, startedAt));
    said.push({
      kind: "step-opened",
      ...saying(by, startedAt, id),
      flowName: name,
      stepId: id,
      name: step.name,
      stepKind: step.kind,
      attempt,
      attemptOf: null,
      optional,
      parent: parentOf(step),
      attributes,
      node: step.node,
      edge: step.edge,
      copyOf: null,
      traceId,
    });
    if (endedAt > until) continue;
    said.push({ kind: "step-ended", ...saying(by, endedAt, id), flowName: name, stepId: id, status, error });
  }
  for (const event of flow.events) {
    if (event.at > until) continue;
    const { at, attributes } = event;
    said.push({
      kind: "event-noted",
      ...saying(flow.by, at, event.spanId),
      flowName: name,
      name: event.name,
      attributes,
    });
  }
  if (flow.pausedAt <= until) {
    said.push({
      kind: "flow-paused",
      ...saying(flow.by, flow.pausedAt, pauseSpan(flow)),
      name,
      reason: null,
    });
  }
  if (flow.endedAt <= until) {
    const { status, error, endedBy, endedAt } = flow;
    said.push({ kind: "flow-ended", ...saying(endedBy, endedAt, spanId), name, status, error });
  }
  return said;
}

/** The span that puts a flow on hold: it has one at most. */
export function pauseSpan({ spanId }: DemoFlow): string {
  return spanId.slice(8) + spanId.slice(0, 8);
}

function parentOf({ parentId }: DemoStep): { stepId: string } | null {
  return parentId === null ? null : { stepId: parentId };
}

function heartbeatOf({ service, instance }: Process, intervalMs: number, at: Micros): Observation {
  return { kind: "heartbeat", instance, service, at, intervalMs };
}
