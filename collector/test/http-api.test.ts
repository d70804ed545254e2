import { afterEach, describe, expect, test } from "vitest";
import { WeirError } from "../src/errors.ts";
import type { FlowDetail } from "../src/flow.ts";
import { createLog } from "../src/log.ts";
import { type FlowQuery, noFlows } from "../src/store.ts";
import { type AppOptions, createApp } from "./created-app.ts";
import { aFlow, aStep, createFakeStore, START } from "./fake-store.ts";

const detail: FlowDetail = {
  ...aFlow({ error: { type: "ValueError", message: "bad row 7", stack: null } }),
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  steps: [aStep({ endedAt: START + 12_345, durationMs: 12.345, status: "succeeded" })],
  events: [{ name: "file opened", at: START + 1_999, attributes: { size: 9 } }],
  children: [{ tenant: "acme-corp", id: "child", name: "notify", status: "running" }],
  definition: { kind: "tree", name: "data_import", root: { id: "0", type: "run", name: "validate" } },
  usual: {
    flow: { p50: 10, p95: 20, runs: 9 },
    steps: [{ name: "validate", kind: "step", p50: 1, p95: 2, runs: 7 }],
  },
  runner: { instance: "pod-1", service: "import-api", heardAt: START },
};

const NO_FLOWS = { items: [], nextCursor: null, prevCursor: null, partial: false };

let store = createFakeStore();
let app = createApp({ store });
const logged: string[] = [];
const log = createLog("info", false, { write: (line) => void logged.push(line) });

function start(options: Partial<AppOptions> = {}): void {
  store = createFakeStore({ flow: detail });
  app = createApp({ store, log, ...options });
}

async function get(url: string, headers: Record<string, string> = {}) {
  const response = await app.inject({ url: url.startsWith("/") ? url : `/api/v1/${url}`, headers });
  return {
    status: response.statusCode,
    headers: response.headers,
    body: response.body,
    json: () => response.json(),
  };
}

afterEach(() => app.close());

describe("answers", () => {
  const summary = {
    tenant: "acme-corp",
    id: "order-17",
    name: "data_import",
    status: "running",
    health: "ok",
    startedAt: "2026-11-22T10:00:00.000Z",
    endedAt: null,
    durationMs: null,
    currentSteps: ["validate"],
    currentSince: "2026-11-22T10:00:01.000Z",
    failedStep: null,
    stepNames: ["validate"],
    error: { type: "ValueError", message: "bad row 7", stack: null },
    labels: { env: "production" },
    services: ["import-api"],
    stepCounts: { total: 1, running: 1, succeeded: 0, failed: 0, cancelled: 0 },
    parent: null,
    pause: null,
    incomplete: [],
    updatedAt: "2026-11-22T10:00:04.300Z",
  };

  test("a list of flows", async () => {
    start();
    const page = { flows: [summary], nextCursor: "next", prevCursor: null, partial: false };
    expect((await get("flows")).json()).toEqual(page);
    expect((await get("tenants/acme-corp/flows")).json()).toEqual(page);
  });

  test("a count of flows", async () => {
    start();
    store.count = async () => ({ ...noFlows(), total: 10_000, complete: false });
    expect((await get("flows/count?status=failed")).json()).toEqual({
      total: 10_000,
      status: { running: 0, paused: 0, succeeded: 0, failed: 0, cancelled: 0 },
      health: { ok: 0, stalled: 0, lost: 0 },
      complete: false,
    });
  });

  test("a flow with all that happened in it", async () => {
    start();
    expect((await get("tenants/acme-corp/flows/order-17")).json()).toEqual({
      ...summary,
      traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
      steps: [
        {
          id: "00f067aa0ba902b7",
          parentId: null,
          kind: "step",
          name: "validate",
          status: "succeeded",
          attempt: 1,
          attemptOf: null,
          optional: false,
          startedAt: "2026-11-22T10:00:00.000Z",
          endedAt: "2026-11-22T10:00:00.012Z",
          durationMs: 12.345,
          service: "import-api",
          attributes: { rows: 120 },
          node: null,
          edge: null,
          error: null,
        },
      ],
      events: [{ name: "file opened", at: "2026-11-22T10:00:00.001Z", attributes: { size: 9 } }],
      children: [{ tenant: "acme-corp", id: "child", name: "notify", status: "running" }],
      definition: { kind: "tree", name: "data_import", root: { id: "0", type: "run", name: "validate" } },
      usual: detail.usual,
      runner: { instance: "pod-1", service: "import-api", heardAt: "2026-11-22T10:00:00.000Z" },
    });
  });

  test("a flow in stages: its outline, and the whole behind it where that leaves steps out", async () => {
    start();
    const path = "tenants/acme-corp/flows/order-17";
    const whole = async () => (await get(path)).json();
    const lines = async () => {
      const { headers, body } = await get(`${path}/stages`);
      expect(headers["content-type"]).toBe("application/x-ndjson; charset=utf-8");
      expect(headers["cache-control"]).toBe("no-store");
      expect(body.endsWith("\n")).toBe(true);
      return body
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
    };
    expect(await lines()).toEqual([{ ...(await whole()), below: [0] }]);

    const steps = Array.from({ length: 502 }, (_, n) => aStep({ id: `${n}` }));
    store.flow = async () => ({ ...detail, steps });
    const [outline, rest, ...more] = await lines();
    expect(rest).toEqual(await whole());
    expect(more).toEqual([]);
    expect(outline).toMatchObject({ name: "data_import", children: detail.children });
    // The first of them, and the last that is open.
    expect(outline.steps).toHaveLength(501);
    expect((await get(`${path}/stages?x=1`)).status).toBe(400);
    expect((await get("tenants/acme-corp/flows/other/stages")).status).toBe(200);
  });

  test("tenants, statistics, names, labels", async () => {
    start();
    const day = { succeeded: 7, failed: 2, cancelled: 1, running: 1 };
    const tenant = { tenant: "acme-corp", running: 1, failed: 2, stalled: 3, lost: 4 };
    const failingMore = { failed: 2, finished: 10, usualRate: 0.01 };
    store.tenants = async () => ({
      items: [{ ...tenant, lastActivityAt: START, history: [{ day: START, ...day }], failingMore }],
      nextCursor: null,
      complete: true,
    });
    const durations = { min: null, avg: null, p50: null, p90: null, p95: null, p99: null, max: null };
    const group = {
      key: "data_import",
      label: null,
      stepKind: null,
      total: 1,
      running: 1,
      succeeded: 0,
      failed: 0,
      cancelled: 0,
      failureRate: null,
      lastStatus: "running" as const,
      durationMs: { ...durations, last: null },
    };
    const counted = { from: START, to: null, complete: false };
    store.stats = async () => ({ groups: [{ ...group, lastStartedAt: START }], ...counted });
    const error = { type: "ValueError", message: "bad row #", count: 3 };
    const example = { tenant: "acme-corp", id: "order-17" };
    store.errors = async () => ({ errors: [{ ...error, example, lastAt: START }], ...counted });
    const bucket = { running: 1, paused: 0, succeeded: 2, failed: 0, cancelled: 0 };
    store.histogram = async () => ({ bucketMs: 60_000, buckets: [{ at: START, ...bucket }], ...counted });
    const usual = { p50: 10, p95: 20, runs: 9 };
    const step = { id: "s", name: "validate", kind: "step" as const, attempt: 2, usual };
    const runner = { instance: "pod-1", service: null, heardAt: null };
    const stuck = { ...aFlow(), usual, runner, earlierError: null };
    store.stuck = async () => ({
      items: [{ ...stuck, stuckSince: START, step: { ...step, startedAt: START } }],
      nextCursor: null,
      counts: { lost: 0, stalled: 1 },
    });
    const at = "2026-11-22T10:00:00.000Z";
    const window = { from: at, to: null, complete: false };
    expect((await get("tenants")).json()).toEqual({
      tenants: [{ ...tenant, lastActivityAt: at, history: [{ day: at, ...day }], failingMore }],
      nextCursor: null,
      complete: true,
    });
    expect((await get("stats?groupBy=name")).json()).toEqual({
      groups: [{ ...group, lastStartedAt: at }],
      ...window,
    });
    expect((await get("stats/errors")).json()).toEqual({
      errors: [{ ...error, example, lastAt: at }],
      ...window,
    });
    expect((await get("flows/histogram")).json()).toEqual({
      bucketMs: 60_000,
      buckets: [{ at, ...bucket }],
      ...window,
    });
    expect((await get("stuck")).json()).toEqual({
      flows: [
        {
          ...summary,
          status: "running",
          error: null,
          stuckSince: at,
          step: { ...step, startedAt: at },
          usual,
          runner,
          earlierError: null,
        },
      ],
      counts: { lost: 0, stalled: 1 },
      nextCursor: null,
    });
    expect((await get("names")).json()).toEqual({ names: ["data_import"], complete: true });
    expect((await get("labels")).json()).toEqual({
      labels: [{ key: "env", values: ["production"] }],
      complete: true,
    });
  });

  test("hostile keys and values come out as the text that they are", async () => {
    start();
    const labels = JSON.parse('{"__proto__":"<script>","line\\nbreak":"\\u0000","constructor":"x"}');
    store.flows = async () => ({ ...NO_FLOWS, items: [aFlow({ labels, name: "</script>" })] });
    const { body } = await get("flows");
    expect(body).toContain('"labels":{"__proto__":"<script>","line\\nbreak":"\\u0000","constructor":"x"}');
  });
});

describe("parameters", () => {
  test.each<[string, string, unknown]>([
    ["flows", "flows", { limit: 50, order: "newest" }],
    ["flows?limit=500&order=oldest&cursor=abc", "flows", { limit: 500, order: "oldest", cursor: "abc" }],
    ["flows?tenant=a&tenant=b&name=n&step=s", "flows", { tenant: ["a", "b"], name: ["n"], step: ["s"] }],
    [
      "flows?status=failed&status=paused&health=lost",
      "flows",
      { status: ["failed", "paused"], health: ["lost"] },
    ],
    [
      "flows?label.env=production&label.env=test&label.a.b=1",
      "flows",
      { labels: { env: ["production", "test"], "a.b": ["1"] } },
    ],
    ["flows?from=1795341600000&to=2026-11-22T10:00:01.5Z", "flows", { from: START, to: START + 1_500_000 }],
    ["flows?from=2026-11-22T12:00:00%2B02:00", "flows", { from: START }],
    ["flows?from=2026-11-22T12:00:00+02:00", "flows", { from: START }],
    ["flows?q=bad%20row", "flows", { q: "bad row" }],
    ["flows?q=", "flows", { q: "" }],
    ["flows?order=last-ended&service=api&service=w", "flows", { order: "last-ended", service: ["api", "w"] }],
    ["flows/count?tenant=a&label.env=x&q=bad", "count", { tenant: ["a"], labels: { env: ["x"] }, q: "bad" }],
    ["tenants/a%2Fb%20c/flows?status=failed", "flows", { tenant: ["a/b c"], status: ["failed"] }],
    ["tenants?q=acme&limit=1", "tenants", { q: "acme", limit: 1 }],
    ["tenants?order=attention&history=14", "tenants", { order: "attention", history: 14, limit: 50 }],
    [
      "stats?tenant=a&name=n&label.env=x&from=0&groupBy=step",
      "stats",
      { tenant: ["a"], name: ["n"], labels: { env: ["x"] }, from: 0, groupBy: "step" },
    ],
    ["stats", "stats", { groupBy: "name" }],
    ["stats/errors?tenant=a&limit=3", "errors", { tenant: ["a"], limit: 3 }],
    ["stats/errors", "errors", { limit: 10 }],
    ["flows/histogram?status=failed&buckets=1000", "histogram", { status: ["failed"], buckets: 1000 }],
    ["flows/histogram", "histogram", { buckets: 60 }],
    [
      "stuck?tenant=a&name=n&limit=1&cursor=c",
      "stuck",
      { tenant: ["a"], name: ["n"], limit: 1, cursor: "c" },
    ],
    ["names?tenant=a", "names", "a"],
    ["names", "names", undefined],
    ["labels?tenant=a", "labels", "a"],
  ])("%s", async (url, question, query) => {
    start();
    expect((await get(url)).status).toBe(200);
    const [asked, asWhat] = store.asked[0] ?? [];
    expect(asked).toBe(question);
    if (typeof query === "object") expect(asWhat).toMatchObject(query as object);
    else expect(asWhat).toBe(query);
  });

  test("a label may have any name", async () => {
    start();
    await get("flows?label.__proto__=x");
    const query = store.asked[0]?.[1] as FlowQuery;
    expect(Object.entries(query.labels ?? {})).toEqual([["__proto__", ["x"]]]);
  });

  test("ids and tenants may be long, and hold anything", async () => {
    start();
    const id = "🌊/%".repeat(300);
    await get(`tenants/${encodeURIComponent("t".repeat(1000))}/flows/${encodeURIComponent(id)}`);
    expect(store.asked).toEqual([["flow", { tenant: "t".repeat(1000), id }]]);
  });

  test.each([
    ["flows?limit=0", 'limit: expected one whole number from 1 to 500, got "0"'],
    ["flows?limit=501", "limit: expected"],
    ["flows?limit=1.5", "limit: expected"],
    ["flows?limit=", 'limit: expected one whole number from 1 to 500, got ""'],
    ["flows?limit=1&limit=2", 'got "1", "2"'],
    [
      "flows?status=done",
      'status: expected any of running, succeeded, failed, cancelled, paused, got "done"',
    ],
    ["flows?status=failed&status=", "status: expected"],
    ["flows?health=dead", "health: expected any of ok, stalled, lost"],
    [
      "flows?order=up",
      "order: expected one of newest, oldest, last-ended, first-ended, longest, shortest, last-active, first-active",
    ],
    ["flows?from=yesterday", "from: expected one time as RFC 3339"],
    ["flows?from=2026-11-22", "from: expected"],
    ["flows?to=2026-13-99T10:00:00Z", "to: expected"],
    ["flows?tenant=", "tenant: expected text of 1 to 1024 characters"],
    ["flows?cursor=", "cursor: expected"],
    ["flows?q=a&q=b", "q: expected one text"],
    [
      "flows?customer=a",
      'unknown parameter "customer": expected tenant, name, status, health, q, from, to, step, service, cursor, limit, order, label.<key>',
    ],
    ["flows?label.=x", 'unknown parameter "label."'],
    ["flows?__proto__=x", 'unknown parameter "__proto__"'],
    ["flows?constructor=x", 'unknown parameter "constructor"'],
    ["flows/count?limit=1", 'unknown parameter "limit"'],
    ["flows/count?order=newest", 'unknown parameter "order"'],
    ["flows?service=", "service: expected text"],
    ["tenants?tenant=a", 'unknown parameter "tenant": expected q, order, history, cursor, limit'],
    ["tenants/a/flows?tenant=b", 'unknown parameter "tenant"'],
    ["tenants/a/flows/b?x=1", "expected no parameters"],
    ["stats?groupBy=week", 'groupBy: expected one of name, labels, day, hour, step, got "week"'],
    ["stats/errors?limit=0", "limit: expected one whole number from 1 to 500"],
    ["flows/histogram?buckets=1001", "buckets: expected one whole number from 1 to 1000"],
    ["flows/histogram?buckets=60&cursor=x", 'unknown parameter "cursor"'],
    ["stuck?status=failed", 'unknown parameter "status": expected tenant, name, cursor, limit'],
    ["tenants?order=worst", "order: expected one of attention, name, activity"],
    ["tenants?history=91", "history: expected one whole number from 0 to 90"],
    ["tenants?history=-1", "history: expected one whole number"],
    [
      "stats?status=failed",
      'unknown parameter "status": expected tenant, name, from, to, groupBy, label.<key>',
    ],
    ["names?tenant=a&tenant=b", "tenant: expected one text"],
    ["stream?limit=5", 'unknown parameter "limit"'],
    ["stream?status=x", "status: expected"],
  ])("%s is 400", async (url, message) => {
    start();
    const { status, json } = await get(url);
    expect(status).toBe(400);
    expect(json()).toEqual({
      error: { code: "invalid_argument", message: expect.stringContaining(message) },
    });
    expect(store.asked).toEqual([]);
  });
});

describe("errors", () => {
  test.each([
    ["/api", 404],
    ["/api/", 404],
    ["/api/v1", 404],
    ["/api/v2/flows", 404],
    ["/assets/gone.js", 404],
    ["/api/v1/tenants/acme-corp/flows/unknown", 404],
    ["/api/v1/tenants/acme-corp/flows/", 404],
    ["/api/v1/tenants/%zz/flows", 400],
  ])("%s is %d in JSON", async (url, code) => {
    start();
    const { status, json, headers } = await get(url);
    expect(status).toBe(code);
    expect(headers["content-type"]).toContain("application/json");
    expect(json()).toEqual({ error: { code: expect.any(String), message: expect.any(String) } });
  });

  test("other methods are 405 with Allow, whatever their body", async () => {
    start();
    for (const path of ["/api/v1/flows", "/api/v1/tenants/a/flows/b", "/api/v1/stream", "/healthz"]) {
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"]) {
        const headers = { "content-type": "application/json" };
        const response = await app.inject({ method: method as "POST", url: path, payload: "{", headers });
        expect([path, method, response.statusCode]).toEqual([path, method, 405]);
        expect(response.headers.allow).toBe("GET, HEAD");
        expect(response.json().error.code).toBe("method_not_allowed");
      }
    }
    const unknown = await app.inject({ method: "POST", url: "/api/v1/nothing", payload: "{" });
    expect(unknown.statusCode).toBe(404);
  });

  test("the store's own errors keep their message; unforeseen ones keep it to the log", async () => {
    start();
    store.flows = () => Promise.reject(new WeirError("invalid_argument", "cursor: expected one of ours"));
    expect((await get("flows?cursor=x")).json().error.message).toBe("cursor: expected one of ours");
    store.flows = () => Promise.reject(new WeirError("unavailable", "the database is locked"));
    const busy = await get("flows");
    expect([busy.status, busy.headers["retry-after"]]).toEqual([503, "1"]);
    store.flows = () => Promise.reject(new Error("SECRET"));
    const broken = await get("flows");
    expect(broken.status).toBe(500);
    expect(broken.body).not.toContain("SECRET");
    expect(logged.join()).toContain("SECRET");
  });
});

describe("health", () => {
  test("alive, ready, and not", async () => {
    start();
    expect((await get("/healthz")).json()).toEqual({ status: "ok" });
    expect((await get("/readyz")).json()).toEqual({ status: "ready" });
    await app.close();

    start();
    const reason = new WeirError("unavailable", "the store can't be written: the disk is full");
    store.checkWritable = () => Promise.reject(reason);
    expect((await get("/readyz")).json()).toEqual({
      error: { code: "unavailable", message: "the store can't be written: the disk is full" },
    });
    // Tried once a second, however often one asks.
    store.checkWritable = () => Promise.resolve();
    expect((await get("/readyz")).status).toBe(503);
    expect((await get("/healthz")).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await get("/readyz")).status).toBe(200);
  });
});

describe("security", () => {
  test("every answer says what may be done with it", async () => {
    start();
    for (const url of ["/", "/api/v1/flows", "/api/v1/nothing", "/healthz"]) {
      const { headers } = await get(url);
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["content-security-policy"]).toContain("default-src 'none'; script-src 'self'");
      expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
      expect(headers["access-control-allow-origin"]).toBeUndefined();
    }
  });

  test.each([
    ["localhost:4318", 200],
    ["LOCALHOST", 200],
    ["weir.localhost:4318", 200],
    ["127.0.0.1:4318", 200],
    ["[::1]:4318", 200],
    ["evil.example", 403],
    ["127.0.0.1.evil.example:4318", 403],
    ["localhost.evil.example", 403],
  ])("bound to loopback, a request to %j is %d", async (host, status) => {
    start({ ownHost: "127.0.0.1" });
    expect((await get("flows", { host })).status).toBe(status);
    const traces = await app.inject({
      method: "POST",
      url: "/v1/traces",
      payload: "{}",
      headers: { host, "content-type": "application/json" },
    });
    expect(traces.statusCode).toBe(status);
  });
});
