import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { flow, flush, health, type SetupOptions, shutdown, step } from "../src/index.ts";
import { type SetupParts, setupWith } from "../src/setup.ts";
import { type OtlpServer, otlpServer } from "./otlp-server.ts";

const IMPORT = { name: "data_import", tenant: "acme-corp" };

/** Sets up with the real exporter, towards `endpoint`, until the end of the test. */
function exportTo(endpoint: string, options: SetupOptions = {}, parts: SetupParts = {}): string[] {
  const said: string[] = [];
  setupWith({ endpoint, onDiagnostic: ({ code }) => said.push(code), ...options }, { env: {}, ...parts });
  onTestFinished(() => shutdown(100));
  return said;
}

async function serve(...args: Parameters<typeof otlpServer>): Promise<OtlpServer> {
  const server = await otlpServer(...args);
  onTestFinished(() => server.close());
  return server;
}

test("what is sent is part of no request that the process was busy with", async () => {
  const request = new AsyncLocalStorage<string>();
  const sentIn: unknown[] = [];
  const exporter: SetupParts["exporter"] = {
    export(_spans, done) {
      sentIn.push(request.getStore(), flow.current());
      done({ code: 0 });
    },
    shutdown: async () => {},
  };
  exportTo("http://127.0.0.1:1", {}, { exporter });
  await request.run("request 7", () => flow.start(IMPORT, () => step.start("validate", () => flush())));
  expect(sentIn).toEqual([undefined, undefined]);
});

test("flows and steps arrive as OTLP over HTTP, with key, headers and resource", async () => {
  const server = await serve();
  exportTo(server.url, { serviceName: "import-api", apiKey: "secret", headers: { "x-team": "data" } });
  flow.start(IMPORT, () => step.start("validate", () => {}));
  await flush();
  expect(server.spans.map((span) => span.name)).toEqual(["validate", "data_import"]);
  expect(server.requests[0]).toMatchObject({
    path: "/v1/traces",
    headers: { authorization: "Bearer secret", "x-team": "data", "content-type": "application/json" },
  });
  expect(server.spans[0]?.resource).toMatchObject({
    "service.name": "import-api",
    "service.instance.id": expect.any(String),
    "telemetry.sdk.language": "nodejs",
  });
  const age = Date.now() - Number(BigInt(server.spans[0]?.startTimeUnixNano ?? 0) / 1_000_000n);
  expect(Math.abs(age)).toBeLessThan(2000);
  expect(health()).toMatchObject({ exported: 2, queued: 0, dropped: 0, lastError: null });
});

test("a start is at the collector within 250 ms, by default", async () => {
  const server = await serve();
  exportTo(server.url);
  flow.open(IMPORT);
  await waitFor(() => server.spans.length > 0, 300);
  expect(server.spans[0]?.attributes["weir.pending"]).toBe(true);
});

test("with the collector down code goes on; when it comes up it is caught up with within seconds", async () => {
  const first = await otlpServer();
  const { port, url } = first;
  await first.close();
  const said: string[] = [];
  exportTo(url, { onDiagnostic: ({ code, message }) => said.push(`${code}: ${message}`) });
  for (let i = 0; i < 100; i++) flow.start(IMPORT, () => {});
  await waitFor(() => health().lastError !== null, 1000);
  await sleep(2000);
  expect(health()).toMatchObject({ queued: 100, dropped: 0 });
  expect(said).toEqual([
    expect.stringMatching(
      /^export-failed: .* takes no spans: .*ECONNREFUSED.*; weir doctor says what is wrong$/,
    ),
  ]);

  const server = await serve(undefined, port);
  await waitFor(() => server.spans.length === 100, 5000);
  await waitFor(() => health().exported === 100, 100);
  expect(health()).toMatchObject({ queued: 0, dropped: 0 });
});

test.each([429, 502, 503, 504])("%i is tried again", async (status) => {
  const server = await serve((response, request) => {
    response.statusCode = request === 1 ? status : 200;
    response.end();
  });
  exportTo(server.url);
  flow.start(IMPORT, () => {});
  await waitFor(() => server.spans.length === 1, 2000);
  expect(server.requests).toHaveLength(2);
});

test("400 is dropped, counted, and said", async () => {
  const server = await serve((response) => response.writeHead(400).end('{"message":"no such field"}'));
  const said = exportTo(server.url);
  flow.start(IMPORT, () => {});
  await flush();
  expect(health()).toMatchObject({ exported: 0, queued: 0, dropped: 1 });
  expect(health().lastError?.message).toContain("400 Bad Request");
  expect(health().lastError?.message).toContain("no such field");
  expect(said).toEqual(["spans-dropped"]);
  expect(server.requests).toHaveLength(1);
});

test("spans that the collector refuses singly are counted", async () => {
  const server = await serve((response) =>
    response.end('{"partialSuccess":{"rejectedSpans":"1","errorMessage":"foreign tenant"}}'),
  );
  exportTo(server.url);
  flow.start(IMPORT, () => step.start("s", () => {}));
  await flush();
  expect(health()).toMatchObject({ exported: 1, dropped: 1 });
  expect(health().lastError?.message).toBe("foreign tenant");
});

test("answers that are wordy, but each within the bound, are read however many come on one connection", async () => {
  const server = await serve((response) => response.end(`{}${" ".repeat(40_000)}`));
  exportTo(server.url);
  for (let i = 0; i < 4; i++) {
    flow.start(IMPORT, () => {});
    await flush();
  }
  expect(health()).toMatchObject({ exported: 4, dropped: 0, lastError: null });
});

test.each(["<!doctype html><title>An application</title>", "ok", "null", '"{}"'])(
  "a 200 that says %j: whoever takes the spans is perhaps no collector, which is said",
  async (body) => {
    const server = await serve((response) => response.end(body));
    const said = exportTo(server.url);
    flow.start(IMPORT, () => {});
    await flush();
    expect(health()).toMatchObject({ exported: 1, dropped: 0 });
    expect(health().lastError?.message).toContain("no OTLP");
    expect(said).toEqual(["answer-unknown"]);
  },
);

test.each(["", "{}", '{"partialSuccess":null}', '{"partialSuccess":{"rejectedSpans":0}}'])(
  "a 200 that says %j is a collector's",
  async (body) => {
    const server = await serve((response) => response.end(body));
    const said = exportTo(server.url);
    flow.start(IMPORT, () => {});
    await flush();
    expect(health()).toMatchObject({ exported: 1, dropped: 0, lastError: null });
    expect(said).toEqual([]);
  },
);

test("413 sends the batch in halves", async () => {
  const server = await serve((response) => {
    const spans = server.requests.at(-1)?.spans ?? 0;
    response.writeHead(spans > 3 ? 413 : 200).end();
  });
  exportTo(server.url);
  for (let i = 0; i < 10; i++) flow.start(IMPORT, () => {});
  await flush();
  expect(server.spans).toHaveLength(10);
  expect(health()).toMatchObject({ exported: 10, dropped: 0 });
});

test("a collector that answers garbage or redirects without end changes nothing for the code", async () => {
  const server = await serve((response, request) => {
    if (request % 2 === 1) response.socket?.end("garbage\r\n\r\n");
    else response.writeHead(302, { location: server.url }).end();
  });
  exportTo(server.url);
  expect(flow.start(IMPORT, () => "fine")).toBe("fine");
  await waitFor(() => health().dropped === 1, 3000);
});

test("the queue is bounded, and what is over is counted", async () => {
  const server = await serve((response) => response.writeHead(503).end());
  exportTo(server.url, {}, { queue: { bound: 100 } });
  for (let i = 0; i < 250; i++) flow.start(IMPORT, () => {});
  expect(health()).toMatchObject({ queued: 100, dropped: 150 });
});

test("shutdown is bounded in time where the collector hangs, and counts what is left", async () => {
  const server = await serve(() => {});
  exportTo(server.url);
  flow.start(IMPORT, () => {});
  await shutdown(200);
  expect(health()).toMatchObject({ queued: 0, dropped: 1 });
});

test("after shutdown functions run, and nothing is recorded or said", async () => {
  const server = await serve();
  const said = exportTo(server.url);
  await shutdown();
  expect(flow.start(IMPORT, () => step.start("s", () => 1))).toBe(1);
  expect(said).toEqual([]);
  expect(health()).toMatchObject({ exported: 0, queued: 0, dropped: 0 });
});

test("20,000 steps at once arrive without loss", async () => {
  const server = await serve();
  exportTo(server.url);
  await flow.start(IMPORT, async () => {
    for (let i = 0; i < 20_000; i++) {
      step.start("s", () => {});
      if (i % 500 === 0) await sleep(0);
    }
  });
  await flush();
  expect(new Set(server.spans.map((span) => span.spanId)).size).toBe(20_001 + pendingIn(server));
  expect(health().dropped).toBe(0);
});

function pendingIn(server: OtlpServer): number {
  return server.spans.filter((span) => span.attributes["weir.pending"] === true).length;
}

async function waitFor(condition: () => boolean, timeoutMs: number): Promise<void> {
  const until = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > until) throw new Error(`not within ${timeoutMs} ms: ${condition}`);
    await sleep(5);
  }
}
