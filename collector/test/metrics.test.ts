/** `/metrics`, read by a strict parser of the text format; the log; the id of a request. */
import { connect } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WeirError } from "../src/errors.ts";
import { createLog } from "../src/log.ts";
import { createGrpcDoor } from "../src/otlp/grpc.ts";
import { type AppOptions, createApp } from "./created-app.ts";
import { createFakeStore, FIGURES } from "./fake-store.ts";
import { accepting } from "./otlp.contract.ts";
import { aSpan, jsonBody, protobufBody } from "./otlp-support.ts";
import { parseMetrics } from "./prometheus.ts";
import { RawGrpc } from "./raw-grpc.ts";

let store = createFakeStore();
let app = createApp({ store });
let logged: Record<string, unknown>[] = [];

function start(options: Partial<AppOptions> = {}, level: "debug" | "info" = "info"): void {
  logged = [];
  const log = createLog(level, false, { write: (line) => void logged.push(JSON.parse(line)) });
  store = createFakeStore();
  app = createApp({ store, log, ...options });
}

afterEach(() => app.close());

function send(body: Buffer, contentType = "application/json") {
  return app.inject({
    method: "POST",
    url: "/v1/traces",
    payload: body,
    headers: { "content-type": contentType },
  });
}

async function scrape() {
  const response = await app.inject({ url: "/metrics" });
  expect(response.statusCode).toBe(200);
  expect(response.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  return parseMetrics(response.body);
}

describe("metrics", () => {
  test("are well formed, with help, in base units, and name no tenant", async () => {
    start();
    await send(jsonBody([aSpan()]));
    const metrics = await scrape();
    const ours = [...metrics.values()].filter(({ name }) => name.startsWith("weir_"));
    expect(ours.length).toBeGreaterThan(15);
    for (const { name, type, help, samples } of ours) {
      expect(help).toMatch(/^[A-Z].*\.$/);
      expect(name.endsWith("_total")).toBe(type === "counter");
      expect(name).not.toMatch(/_(ms|millis|microseconds|kb|count|sum)$/);
      for (const { labels } of samples) expect(Object.keys(labels)).not.toContain("tenant");
    }
    for (const name of ["process_cpu_seconds_total", "nodejs_eventloop_lag_p99_seconds"]) {
      expect(metrics.get(name)?.samples).toHaveLength(1);
    }
    expect(metrics.get("weir_build_info")?.samples).toEqual([
      { name: "weir_build_info", labels: { version: "0.1.0", node: process.versions.node }, value: 1 },
    ]);
  });

  test("count spans by what became of them, by door and encoding", async () => {
    start();
    const bad = aSpan({ attributes: { "weir.kind": "nonsense" } });
    const foreign = { ...aSpan(), attributes: { "http.route": "/" } };
    await send(jsonBody([aSpan(), aSpan(), bad, foreign]));
    await send(protobufBody([aSpan()]), "application/x-protobuf");
    const metrics = await scrape();
    const accepted = metrics.value("weir_spans_accepted_total");
    expect(accepted({ door: "http", encoding: "json" })).toBe(2);
    expect(accepted({ door: "http", encoding: "protobuf" })).toBe(1);
    expect(accepted({ door: "grpc", encoding: "protobuf" })).toBe(0);
    expect(metrics.value("weir_spans_ignored_total")({ door: "http", encoding: "json" })).toBe(1);
    const rejected = { door: "http", encoding: "json", reason: "bad-kind" };
    expect(metrics.value("weir_spans_rejected_total")(rejected)).toBe(1);
  });

  test("count requests by route and code, and those that were sent back", async () => {
    start(accepting(() => Promise.reject(new WeirError("overloaded", "too much"))));
    await send(jsonBody([aSpan()]));
    await send(Buffer.from("{"));
    await app.inject("/api/v1/tenants/acme-corp/flows/secret-id");
    await app.inject("/nowhere/at-all?token=secret");
    const metrics = await scrape();
    const requests = metrics.value("weir_http_requests_total");
    expect(requests({ method: "POST", route: "/v1/traces", code: "429" })).toBe(1);
    expect(requests({ method: "POST", route: "/v1/traces", code: "400" })).toBe(1);
    const detail = "/api/v1/tenants/:tenant/flows/:id";
    expect(requests({ method: "GET", route: detail, code: "404" })).toBe(1);
    expect(requests({ method: "GET", route: "other", code: "200" })).toBe(1);
    expect(metrics.value("weir_requests_refused_total")({ door: "http", code: "overloaded" })).toBe(1);
    expect(metrics.value("weir_queue_requests")({})).toBe(0);
    expect(metrics.value("weir_queue_bytes")({})).toBe(0);
  });

  test("count calls over gRPC, whoever answers them, and their spans", async () => {
    start();
    const door = createGrpcDoor(app.intake, {
      async tenantOf(metadata) {
        if (metadata.get("authorization").length === 0) return null;
        throw new WeirError("unauthenticated", "expected a key");
      },
    });
    const client = new RawGrpc(`http://127.0.0.1:${await door.listen("127.0.0.1:0")}`);
    await client.call({ message: protobufBody([aSpan(), aSpan()]) });
    await client.call({ message: Buffer.from("no protobuf") });
    await client.call({ message: protobufBody([aSpan()]), headers: { authorization: "Bearer x" } });
    client.close();
    await door.close();
    const metrics = await scrape();
    const calls = metrics.value("weir_grpc_requests_total");
    expect(calls({ code: "OK" })).toBe(1);
    expect(calls({ code: "INVALID_ARGUMENT" })).toBe(1);
    expect(calls({ code: "UNAUTHENTICATED" })).toBe(1);
    expect(metrics.value("weir_spans_accepted_total")({ door: "grpc", encoding: "protobuf" })).toBe(2);
  });

  test("show what is in hand, and how long it has waited; what is over the bound is counted as refused", async () => {
    const committed = Promise.withResolvers<void>();
    start({ ...accepting(() => committed.promise), otlp: { inHandLimit: 1_000 } });
    const queue = async () => {
      const metrics = await scrape();
      return ["requests", "bytes", "wait_seconds"].map((each) => metrics.value(`weir_queue_${each}`)({}));
    };
    expect(await queue()).toEqual([0, 0, 0]);
    const body = jsonBody([aSpan()]);
    const first = send(body);
    await vi.waitFor(async () => expect((await queue())[2]).toBeGreaterThan(0));
    expect((await queue()).slice(0, 2)).toEqual([1, body.length]);
    expect((await send(Buffer.concat([body, Buffer.alloc(1_000, " ")]))).statusCode).toBe(429);
    committed.resolve();
    expect((await first).statusCode).toBe(200);
    expect(await queue()).toEqual([0, 0, 0]);
    expect((await scrape()).value("weir_requests_refused_total")({ door: "http", code: "overloaded" })).toBe(
      1,
    );
  });

  test("who promises much and sends nothing, or goes away, holds nothing", async () => {
    start({ otlp: { inHandLimit: 1_000 } });
    const { port, hostname } = new URL(await app.listen({ port: 0, host: "127.0.0.1" }));
    const queue = async () => {
      const metrics = await scrape();
      return [metrics.value("weir_queue_requests")({}), metrics.value("weir_queue_bytes")({})];
    };
    const sockets = Array.from({ length: 5 }, () => {
      const socket = connect(Number(port), hostname);
      socket.write(
        "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
      );
      return socket;
    });
    await vi.waitFor(async () => expect(await queue()).toEqual([5, 5]));
    expect((await send(jsonBody([aSpan()]))).statusCode).toBe(200);
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(async () => expect(await queue()).toEqual([0, 0]));
  });

  test("show what the store says of itself, asked once a scrape", async () => {
    start();
    const metrics = await scrape();
    expect(metrics.value("weir_flows")({ status: "succeeded" })).toBe(FIGURES.flows.succeeded);
    expect(metrics.value("weir_open_flows")({ health: "lost" })).toBe(1);
    expect(metrics.value("weir_store_size_bytes")({ part: "wal" })).toBe(512);
    expect(metrics.value("weir_store_failed_commits_total")({})).toBe(4);
    expect(metrics.get("weir_store_commit_seconds")).toEqual({
      name: "weir_store_commit_seconds",
      type: "histogram",
      help: "How long commits took.",
      samples: [
        { name: "weir_store_commit_seconds_bucket", labels: { le: "0.01" }, value: 7 },
        { name: "weir_store_commit_seconds_bucket", labels: { le: "0.1" }, value: 9 },
        { name: "weir_store_commit_seconds_bucket", labels: { le: "+Inf" }, value: 10 },
        { name: "weir_store_commit_seconds_sum", labels: {}, value: 1.5 },
        { name: "weir_store_commit_seconds_count", labels: {}, value: 10 },
      ],
    });
    expect(store.asked.filter(([question]) => question === "figures")).toHaveLength(1);
    store.figures = async () => ({ ...FIGURES, failedCommits: 5 });
    expect((await scrape()).value("weir_store_failed_commits_total")({})).toBe(5);
  });
});

describe("the log", () => {
  const answered = () => logged.filter(({ msg }) => msg === "answered");

  test("has a line for each request that is no routine, by its route, with its id, and nothing of what it said", async () => {
    start();
    await send(jsonBody([aSpan()]));
    await app.inject("/healthz");
    const secret = "a-secret-token";
    const url = `/api/v1/flows?q=${secret}`;
    await app.inject({ url, headers: { "x-request-id": "mine-1", authorization: `Bearer ${secret}` } });
    expect(answered()).toEqual([
      {
        level: "info",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        requestId: "mine-1",
        method: "GET",
        route: "/api/v1/flows",
        code: 200,
        ms: expect.any(Number),
        msg: "answered",
      },
    ]);
    expect(JSON.stringify(logged)).not.toContain(secret);
  });

  test("has routine requests too at debug", async () => {
    start({}, "debug");
    await send(jsonBody([aSpan()]));
    expect(answered()).toMatchObject([{ level: "debug", route: "/v1/traces", code: 200 }]);
    expect(JSON.stringify(logged)).not.toContain("acme-corp");
  });

  test("has the cause of what went wrong; of what is sent back, one line in ten seconds", async () => {
    start(accepting(() => Promise.reject(new Error("disk I/O error"))));
    for (let i = 0; i < 3; i++) expect((await send(jsonBody([aSpan()]))).statusCode).toBe(503);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatchObject({ level: "warn", msg: "spans were sent back, to be sent again" });
    expect(JSON.stringify(logged)).toContain("disk I/O error");
  });
});

test("a request's id is the sender's where it is sensible, and always sent back", async () => {
  start();
  const idOf = async (headers: Record<string, string>) =>
    (await app.inject({ url: "/healthz", headers })).headers["x-request-id"];
  expect(await idOf({ "x-request-id": "0197-abc" })).toBe("0197-abc");
  const own = await idOf({});
  expect(own).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
  expect(await idOf({ "x-request-id": "two words" })).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
  expect(await idOf({ "x-request-id": "x".repeat(129) })).not.toBe(own);
});
