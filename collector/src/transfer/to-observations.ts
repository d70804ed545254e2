/**
 * From an exported flow to what must have been said of it, so that the fold draws the same picture. Pure; the ids of
 * the spans follow from what they say, so that a flow may be imported twice, or in two states, and nothing doubles.
 */
import { createHash } from "node:crypto";
import type { FlowKey } from "../flow.ts";
import { fold, picture, UNKNOWN_STEP } from "../fold/index.ts";
import type { FlowObservation } from "../observation.ts";
import type { ImportedFlow, ImportedStep } from "./read-line.ts";

/** A parent of which nothing has arrived, and nothing will. */
const MISSING_PARENT = "(parent that did not arrive)";
const SPAN_ID = /^[0-9a-f]{16}$/;

/** First digits of span ids: of two steps that failed at the same moment, the smaller is held to have failed the flow. */
const ENDS = { first: "1", usual: "5", last: "9" } as const;

export function observationsOf(flow: ImportedFlow): FlowObservation[] {
  if (!hasTiedFailures(flow)) return sayAll(flow, new Set(), ENDS.first);
  const named = flow.steps.filter(({ status, name }) => status === "failed" && name === flow.failedStep);
  // The end of a flow may have an error of its own.
  const same = named.filter(({ error }) => JSON.stringify(error) === JSON.stringify(flow.error));
  // Of attempts that were given up it is the last that counts.
  for (const first of [ENDS.first, ENDS.last]) {
    for (const failing of [same, named]) {
      const said = sayAll(flow, new Set(failing), first);
      if (agrees(said, flow)) return said;
    }
  }
  return sayAll(flow, new Set(same), ENDS.first);
}

/** @param failing steps whose ends get this first digit, for one of them failed the flow. */
function sayAll(flow: ImportedFlow, failing: ReadonlySet<ImportedStep>, digit: string): FlowObservation[] {
  const { name, labels, startedAt, endedAt, status, updatedAt } = flow;
  const traceId = flow.traceId ?? undefined;
  const key: FlowKey = { tenant: flow.tenant, id: flow.id };
  const by = { flow: key, service: null, instance: null };
  const said: FlowObservation[] = [];
  const say = (at: number, service: string | null, set: Record<string, string>) =>
    said.push({
      kind: "labels-set",
      ...by,
      service,
      at,
      spanId: spanOf("labels", at, service),
      flowName: name,
      labels: set,
    });

  if (flow.incomplete.includes("start-missing")) {
    say(startedAt, null, labels);
  } else {
    const { parent } = flow;
    const spanId = spanOf("opened", startedAt);
    const definition = flow.definition && JSON.stringify(flow.definition);
    said.push({
      kind: "flow-opened",
      ...by,
      at: startedAt,
      spanId,
      name,
      labels,
      parent,
      definition,
      copyOf: null,
      traceId,
    });
  }
  for (const service of flow.services) say(startedAt, service, {});
  // Whatever was the latest that was said of it.
  say(updatedAt, null, {});

  const orphan = orphanOf(flow);
  for (const step of flow.steps) {
    const { attempt, attemptOf, optional, attributes, node, edge } = step;
    const about = { ...by, service: step.service, flowName: name, stepId: step.id };
    if (!isEndOnly(step, flow)) {
      said.push({
        kind: "step-opened",
        ...about,
        at: step.startedAt,
        // Without the SDK a step's id is its span's, and steps below it know it by that.
        spanId: SPAN_ID.test(step.id) ? step.id : spanOf("step", step.id),
        name: step.name,
        stepKind: step.kind,
        attempt,
        attemptOf,
        optional,
        parent: step === orphan ? { stepId: MISSING_PARENT } : parentOf(step),
        attributes,
        node,
        edge,
        copyOf: null,
        traceId,
      });
    }
    if (step.endedAt === null || !isEnd(step.status)) continue;
    const first = failing.has(step) ? digit : ENDS.usual;
    said.push({
      kind: "step-ended",
      ...about,
      at: step.endedAt,
      spanId: first + spanOf("step-ended", step.id).slice(1),
      status: step.status,
      error: step.error,
    });
  }

  const places = new Map<number, number>();
  for (const { name: eventName, at, attributes } of flow.events) {
    // Of those at the same moment the span ids keep the order.
    const place = places.get(at) ?? 0;
    places.set(at, place + 1);
    const first = Math.min(place, 0xffff).toString(16).padStart(4, "0");
    said.push({
      kind: "event-noted",
      ...by,
      at,
      spanId: first + spanOf("event", at, eventName, attributes).slice(4),
      flowName: name,
      name: eventName,
      attributes,
    });
  }

  if (endedAt !== null && isEnd(status)) {
    const spanId = spanOf("ended", endedAt);
    said.push({ kind: "flow-ended", ...by, at: endedAt, spanId, name, status, error: flow.error });
  } else if (status === "paused") {
    // An export of before pauses were kept does not tell when that was.
    const { at, reason } = flow.pause ?? { at: updatedAt, reason: null };
    said.push({ kind: "flow-paused", ...by, at, spanId: spanOf("paused", at), name, reason });
  }
  return said;
}

/** Only its end had arrived, so nothing is known of it but when that was. */
function isEndOnly(step: ImportedStep, { incomplete }: ImportedFlow): boolean {
  return (
    incomplete.includes("step-start-missing") &&
    step.name === UNKNOWN_STEP &&
    step.endedAt === step.startedAt &&
    step.parentId === null &&
    step.service === null &&
    step.attempt === 1 &&
    step.attemptOf === null &&
    step.node === null &&
    step.edge === null &&
    Object.keys(step.attributes).length === 0
  );
}

/** Where steps have all begun and one is missing all the same, it is the parent of one that hangs below the flow. */
function orphanOf(flow: ImportedFlow): ImportedStep | undefined {
  if (!flow.incomplete.includes("step-start-missing")) return undefined;
  if (flow.steps.some((step) => isEndOnly(step, flow))) return undefined;
  return flow.steps.find((step) => step.parentId === null);
}

function parentOf({ parentId }: ImportedStep): { stepId: string } | null {
  return parentId === null ? null : { stepId: parentId };
}

function hasTiedFailures({ steps }: ImportedFlow): boolean {
  const ends = steps.flatMap(({ status, endedAt }) => (status === "failed" ? [endedAt] : []));
  return new Set(ends).size < ends.length;
}

function agrees(said: FlowObservation[], { failedStep, error }: ImportedFlow): boolean {
  const { summary } = picture(fold(said));
  return summary.failedStep === failedStep && JSON.stringify(summary.error) === JSON.stringify(error);
}

function isEnd<T extends string>(status: T): status is Exclude<T, "running" | "paused"> {
  return status !== "running" && status !== "paused";
}

function spanOf(...parts: unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}
