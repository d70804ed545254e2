/**
 * From spans to flows, by the rules of the collector:
 *
 * - The state depends on what was said and when, never on the order of arrival.
 * - The first end in time counts. Where it is a success and a step failed, the flow has failed, also where the code
 *   caught the error; not where the step is optional or a later attempt of it (same parent, same name, higher number)
 *   succeeded.
 * - A label that was set wins over one given at the start; of two the later.
 * - A step hangs below the one it names, else below the nearest step above it in the trace, else directly in the flow.
 * - A paused flow runs again when anything in it opens.
 */
import type { Status, StepKind } from "../attributes.ts";
import { readSpan, type Said, type SpanSource, type TestFlowError } from "./spans.ts";
import { type End, firstEnd, type Links, type Step, stepsIn } from "./steps.ts";

export type { TestFlowError } from "./spans.ts";

/**
 * A flow as the REST API shows it, with its steps nested. Times are RFC 3339 with milliseconds; durations are whole
 * milliseconds, the difference of the times shown. Left out is what one process can't know: `health` and `services`.
 */
export interface TestFlow {
  tenant: string;
  id: string;
  name: string;
  status: Status;
  startedAt: string;
  endedAt: string | null;
  durationMs: number | null;
  /** Names of the steps that are open now. */
  currentSteps: string[];
  failedStep: string | null;
  error: TestFlowError | null;
  labels: Record<string, string>;
  /** The flow that it was opened in. */
  parent: { tenant: string; id: string } | null;
  /** `start-missing` where the flow came from elsewhere, `end-missing` where a step outlived it, unless a later attempt took over. */
  incomplete: ("start-missing" | "end-missing" | "step-start-missing")[];
  /** Those directly in the flow, by their start. */
  steps: TestStep[];
  events: TestEvent[];
  /** The flows that were opened in it. */
  children: { tenant: string; id: string; name: string; status: Status }[];
}

/** A step of a flow, as the collector would tell it. */
export interface TestStep {
  id: string;
  kind: StepKind;
  name: string;
  status: Status;
  attempt: number;
  optional: boolean;
  startedAt: string;
  endedAt: string | null;
  durationMs: number | null;
  attributes: Record<string, unknown>;
  error: TestFlowError | null;
  /** Those inside it, by their start. */
  steps: TestStep[];
}

/** An event of a flow, as the collector would tell it. `at` is RFC 3339. */
export interface TestEvent {
  name: string;
  at: string;
  attributes: Record<string, unknown>;
}

/**
 * The flows that were recorded up to now, by their start; those that still run are there too.
 *
 * @example
 * expect(flowsOf(weir.exporter)).toMatchObject([{ name: "order", status: "failed", failedStep: "charge" }]);
 */
export function flowsOf(exporter: SpanSource): TestFlow[] {
  const said: Said[] = [];
  const links: Links = new Map();
  for (const span of exporter.getFinishedSpans()) {
    const read = readSpan(span);
    if (read !== undefined) said.push(read);
    else links.set(span.spanContext().spanId, span.parentSpanContext?.spanId);
  }
  said.sort((a, b) => a.start - b.start || (a.spanId < b.spanId ? -1 : 1));
  const groups = Map.groupBy(said, ({ tenant, flowId }) => keyText(tenant, flowId));
  const flows = new Map([...groups].map(([key, own]) => [key, flowFrom(own, links)]));
  for (const { tenant, id, name, status, parent } of flows.values()) {
    if (parent === null) continue;
    flows.get(keyText(parent.tenant, parent.id))?.children.push({ tenant, id, name, status });
  }
  // The groups came into being in the order of their first span.
  return [...flows.values()];
}

/** `said`, of one flow and not empty, is in the order of time. */
function flowFrom(said: readonly Said[], links: Links): TestFlow {
  const first = said[0] as Said;
  const opened = said.find((span) => span.kind === "flow");
  const ofFlow = said.filter(
    ({ kind, stepId }) => kind === "flow" || (kind === "end" && stepId === undefined),
  );
  const steps = stepsIn(said, links);
  const open = steps.filter((step) => step.end === undefined && !step.superseded);
  const end = firstEnd(ofFlow);
  const failure = failureIn(steps);
  return {
    tenant: first.tenant,
    id: first.flowId,
    name: (opened ?? first).flowName,
    status: statusOf(said, ofFlow, end, failure),
    ...times((opened ?? first).start, end),
    currentSteps: open.map(nameOf),
    failedStep: failure === undefined ? null : nameOf(failure),
    error: end?.error ?? failure?.end?.error ?? null,
    labels: labelsIn(said),
    parent: ofFlow.find((span) => span.parentFlow !== null)?.parentFlow ?? null,
    incomplete: [
      ...(opened === undefined ? (["start-missing"] as const) : []),
      ...(end !== undefined && open.length > 0 ? (["end-missing"] as const) : []),
      ...(steps.some((step) => step.said === undefined || step.parentMissing)
        ? (["step-start-missing"] as const)
        : []),
    ],
    steps: nested(steps),
    events: said
      .filter((span) => span.kind === "event")
      .map(({ name, start, attributes }) => ({ name, at: time(start), attributes })),
    children: [],
  };
}

function statusOf(
  said: readonly Said[],
  ofFlow: readonly Said[],
  end: End | undefined,
  failure: Step | undefined,
): Status {
  if (end !== undefined) return end.status === "succeeded" && failure !== undefined ? "failed" : end.status;
  const paused = ofFlow.filter((span) => span.status === "paused").map((span) => span.end);
  const opened = said.filter(({ kind }) => kind === "flow" || kind === "step").map((span) => span.start);
  return paused.length > 0 && Math.max(...paused) >= Math.max(0, ...opened) ? "paused" : "running";
}

/** The failed step that fails the flow: the innermost, of several the earliest, of attempts the last. */
function failureIn(steps: readonly Step[]): Step | undefined {
  const failing = steps.filter((step) => step.end?.status === "failed" && !step.excused);
  const last = failing.filter((step) => !step.superseded);
  return last.length > 0 ? innermost(last)[0] : innermost(failing).at(-1);
}

function innermost(failing: readonly Step[]): Step[] {
  const outer = new Set(failing.map((step) => step.parent));
  return failing.filter((step) => !outer.has(step)).sort((a, b) => (a.end as End).at - (b.end as End).at);
}

function labelsIn(said: readonly Said[]): Record<string, string> {
  const atStart = said.filter((span) => span.kind === "flow");
  const set = said.filter((span) => span.kind === "label");
  return Object.assign({}, ...[...atStart, ...set].map((span) => span.labels));
}

function nested(steps: readonly Step[]): TestStep[] {
  const byParent = Map.groupBy(steps, ({ parent }) => parent);
  const below = (parent: Step | undefined): TestStep[] =>
    (byParent.get(parent) ?? []).map((step) => ({
      id: step.id,
      kind: step.said?.stepKind ?? "step",
      name: nameOf(step),
      status: step.end?.status ?? "running",
      attempt: step.said?.attempt ?? 1,
      optional: step.said?.optional ?? false,
      ...times(step.startedAt, step.end),
      attributes: step.said?.attributes ?? {},
      error: step.end?.error ?? null,
      steps: below(step),
    }));
  return below(undefined);
}

function nameOf(step: Step): string {
  return step.said?.name ?? "(unknown step)";
}

function times(start: number, end: End | undefined): Pick<TestStep, "startedAt" | "endedAt" | "durationMs"> {
  return {
    startedAt: time(start),
    endedAt: end === undefined ? null : time(end.at),
    durationMs: end === undefined ? null : Math.max(0, Math.floor(end.at) - Math.floor(start)),
  };
}

function time(ms: number): string {
  return new Date(Math.floor(ms)).toISOString();
}

function keyText(tenant: string, id: string): string {
  return JSON.stringify([tenant, id]);
}
