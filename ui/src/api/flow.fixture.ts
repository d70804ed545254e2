import type { FlowDetail, FlowSummary, Step } from "@weir/collector/schemas";

/** A flow for tests, with what matters to the test written over it. */
export function aFlow(over: Partial<FlowSummary> = {}): FlowSummary {
  return {
    tenant: "acme-corp",
    id: "f1",
    name: "data_import",
    status: "running",
    health: "ok",
    startedAt: "2026-11-22T10:00:00.000Z",
    endedAt: null,
    durationMs: null,
    currentSteps: [],
    currentSince: null,
    failedStep: null,
    stepNames: [],
    error: null,
    labels: {},
    services: ["import-api"],
    stepCounts: { total: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 },
    parent: null,
    pause: null,
    incomplete: [],
    updatedAt: "2026-11-22T10:00:00.000Z",
    ...over,
  };
}

export function aDetail(over: Partial<FlowDetail> = {}): FlowDetail {
  const usual = { flow: null, steps: [] };
  const beside = { children: [], definition: null, usual, runner: null };
  return { ...aFlow(), traceId: null, steps: [], events: [], ...beside, ...over };
}

export function aStep(over: Partial<Step> = {}): Step {
  return {
    id: "s1",
    parentId: null,
    kind: "step",
    name: "validate",
    status: "succeeded",
    attempt: 1,
    attemptOf: null,
    optional: false,
    startedAt: "2026-11-22T10:00:00.000Z",
    endedAt: "2026-11-22T10:00:01.000Z",
    durationMs: 1000,
    service: "import-api",
    attributes: {},
    node: null,
    edge: null,
    error: null,
    ...over,
  };
}
