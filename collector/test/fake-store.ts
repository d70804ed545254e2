/** A store for the doors' tests: keeps what it is given, answers what it was told to. */
import type { FlowDetail, FlowSummary, Step } from "../src/flow.ts";
import type { Observation } from "../src/observation.ts";
import { type FlowChange, noFlows, type Store, type StoreFigures } from "../src/store.ts";

export interface FakeStore extends Store {
  /** Everything that was appended, in order. */
  taken: Observation[];
  /** Each question, with what it was asked with. */
  asked: [question: string, query: unknown][];
  /** Tells the listeners. */
  change(...changes: FlowChange[]): void;
  /** Tells them that they missed some. */
  miss(): void;
  listeners: number;
  closed: boolean;
}

export function createFakeStore(canned: { flow?: FlowDetail; appendError?: Error } = {}): FakeStore {
  const listeners = new Map<(changes: FlowChange[]) => void, () => void>();
  const asked: FakeStore["asked"] = [];
  const ask = <T>(question: string, query: unknown, answer: T): Promise<T> => {
    asked.push([question, query]);
    return Promise.resolve(answer);
  };
  const flows = canned.flow === undefined ? [] : [canned.flow];
  return {
    taken: [],
    asked,
    closed: false,
    get listeners() {
      return listeners.size;
    },
    change: (...changes) => {
      for (const listener of listeners.keys()) listener(changes);
    },
    miss: () => {
      for (const missed of listeners.values()) missed();
    },
    async append(observations) {
      if (canned.appendError !== undefined) throw canned.appendError;
      this.taken.push(...observations);
    },
    tenants: (query) => ask("tenants", query, { items: [], nextCursor: null, complete: true }),
    flows: (query) =>
      ask("flows", query, { items: flows, nextCursor: "next", prevCursor: null, partial: false }),
    count: (filter) => ask("count", filter, noFlows()),
    flow: (key) =>
      ask(
        "flow",
        key,
        flows.find(({ id, tenant }) => id === key.id && tenant === key.tenant),
      ),
    stats: (query) => ask("stats", query, { groups: [], ...COUNTED }),
    errors: (query) => ask("errors", query, { errors: [], ...COUNTED }),
    histogram: (query) => ask("histogram", query, { bucketMs: 60_000, buckets: [], ...COUNTED }),
    stuck: (query) => ask("stuck", query, { items: [], nextCursor: null, counts: { lost: 0, stalled: 0 } }),
    names: (tenant) => ask("names", tenant, { items: ["data_import"], complete: true }),
    labels: (tenant) =>
      ask("labels", tenant, { items: [{ key: "env", values: ["production"] }], complete: true }),
    has: (key) => ask("has", key, flows.length > 0),
    usage: (tenant) => ask("usage", tenant, { openFlows: 0, names: [], labelKeys: [] }),
    figures: () => ask("figures", undefined, FIGURES),
    checkWritable: () => ask("checkWritable", undefined, undefined),
    onChange(listener, missed = () => {}) {
      listeners.set(listener, missed);
      return () => void listeners.delete(listener);
    },
    prune: (query) => ask("prune", query, 0),
    async close() {
      this.closed = true;
    },
  };
}

const COUNTED = { from: null, to: null, complete: true };

export const FIGURES: StoreFigures = {
  flows: { running: 3, paused: 1, succeeded: 40, failed: 5, cancelled: 2 },
  health: { ok: 2, stalled: 1, lost: 1 },
  commitSeconds: { bounds: [0.01, 0.1], counts: [7, 2, 1], sum: 1.5 },
  failedCommits: 4,
  observations: 900,
  sizeBytes: { database: 4096, wal: 512 },
};

/** 2026-11-22T10:00:00.000Z */
export const START = 1_795_341_600_000_000;

export function aFlow(changed: Partial<FlowSummary> = {}): FlowSummary {
  return {
    tenant: "acme-corp",
    id: "order-17",
    name: "data_import",
    status: "running",
    health: "ok",
    startedAt: START,
    endedAt: null,
    durationMs: null,
    currentSteps: ["validate"],
    currentSince: START + 1_000_000,
    failedStep: null,
    stepNames: ["validate"],
    error: null,
    labels: { env: "production" },
    services: ["import-api"],
    stepCounts: { total: 1, running: 1, succeeded: 0, failed: 0, cancelled: 0 },
    parent: null,
    pause: null,
    incomplete: [],
    updatedAt: START + 4_300_000,
    ...changed,
  };
}

export function aStep(changed: Partial<Step> = {}): Step {
  return {
    id: "00f067aa0ba902b7",
    parentId: null,
    kind: "step",
    name: "validate",
    status: "running",
    attempt: 1,
    attemptOf: null,
    optional: false,
    startedAt: START,
    endedAt: null,
    durationMs: null,
    service: "import-api",
    attributes: { rows: 120 },
    node: null,
    edge: null,
    error: null,
    ...changed,
  };
}
