/** Whatever the collector does, the service goes on: real programs, and collectors that mean no good. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { type OtlpServer, otlpServer } from "./otlp-server.ts";

// Real processes, on machines that have other things to do.
vi.setConfig({ testTimeout: 30_000 });

const SDK = new URL("../src/index.ts", import.meta.url).href;

/** A service that is set up towards `endpoint`; `source` says `say(value)` to the test. */
function program(
  endpoint: string,
  source: string,
): { child: ChildProcess; said: Promise<unknown[]>; ended: Promise<unknown[]> } {
  const text = `import { flow, flush, health, setup, shutdown, step } from ${JSON.stringify(SDK)};
    import { writeSync } from "node:fs";
    const say = (value) => writeSync(1, JSON.stringify(value) + "\\n");
    setup({ endpoint: ${JSON.stringify(endpoint)}, onDiagnostic() {} });
    const many = (count) => { for (let i = 0; i < count; i++) flow.start({ name: "f", tenant: "t" }, () => {}); };
    ${source}`;
  const child = spawn(process.execPath, ["--expose-gc", "--input-type=module", "--eval", text], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let printed = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    printed += chunk;
  });
  const lines = (): unknown[] =>
    printed
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as unknown);
  const ended = once(child, "close");
  return { child, ended, said: ended.then(lines) };
}

async function serve(...args: Parameters<typeof otlpServer>): Promise<OtlpServer> {
  const server = await otlpServer(...args);
  onTestFinished(() => server.close());
  return server;
}

/** A collector that answers each request as it likes; gives its address. */
async function hostile(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    request.resume();
    answer(request, response);
  });
  server.on("connection", (socket) => sockets.add(socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const GARBAGE: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  "no HTTP at all": (_request, response) => void response.socket?.end("\0\xff garbage\r\n\r\n"),
  "a body that is no JSON": (_request, response) => void response.end("\0".repeat(1000)),
  "JSON of the wrong form": (_request, response) =>
    void response.end('{"partialSuccess":{"rejectedSpans":"-9e99"}}'),
  "a broken length": (_request, response) =>
    void response.socket?.end("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nshort"),
  "an endless body": (_request, response) => pour(response),
  "endless headers": (_request, response) => {
    const { socket } = response;
    if (socket === null) return;
    socket.write("HTTP/1.1 200 OK\r\n");
    pour(socket, `x: ${"y".repeat(64_000)}\r\n`);
  },
  "redirects without end": (request, response) =>
    void response.writeHead(307, { location: request.url }).end(),
  "a reset": (_request, response) => void response.socket?.resetAndDestroy(),
  "no answer": () => {},
};

/** Writes for as long as the other end takes it. */
function pour(to: ServerResponse | Socket, part = "x".repeat(64_000)): void {
  const more = (): void => {
    while (!to.destroyed && to.write(part));
  };
  to.on("drain", more).on("error", () => {});
  more();
}

test.each(Object.keys(GARBAGE))(
  "a collector that answers with %s: nothing is thrown, memory and the queue stay bounded",
  async (what) => {
    const url = await hostile(GARBAGE[what] as (typeof GARBAGE)[string]);
    const { said } = program(
      url,
      `process.on("uncaughtException", (error) => say({ uncaught: String(error) }));
     process.on("unhandledRejection", (error) => say({ unhandled: String(error) }));
     many(1000);
     await flush(300);
     many(30_000);
     await flush(300);
     const { exported, queued, dropped } = health();
     await shutdown(100);
     gc();
     say({ exported, queued, dropped, heapMb: process.memoryUsage().heapUsed / 2 ** 20 });
     process.exit();`,
    );
    const [answer, ...others] = (await said) as {
      exported: number;
      queued: number;
      dropped: number;
      heapMb: number;
    }[];
    expect(others).toEqual([]);
    expect(answer).toEqual({
      exported: expect.any(Number),
      queued: expect.any(Number),
      dropped: expect.any(Number),
      heapMb: expect.any(Number),
    });
    if (answer === undefined) return;
    expect(answer.queued).toBeLessThanOrEqual(20_000);
    expect(answer.exported + answer.queued + answer.dropped).toBe(31_000);
    expect(answer.heapMb).toBeLessThan(100);
  },
);

test.each([true, false])(
  "a collector that answers without end, as long as it is asked (it says 200 at first: %s): little of it is read",
  async (good) => {
    let answered = 0;
    const url = await hostile((_request, response) => {
      // What was kept open for the next request is bounded anew.
      if (good && answered++ === 0) response.end("{}");
      else pour(response);
    });
    const { said } = program(
      url,
      `import { subscribe } from "node:diagnostics_channel";
     const sockets = [];
     subscribe("net.client.socket", ({ socket }) => sockets.push(socket));
     many(400); await flush();
     many(400); await flush();
     say({ counts: health(), read: sockets.map((socket) => socket.bytesRead) });
     process.exit();`,
    );
    const [answer] = (await said) as { counts: Record<string, unknown>; read: number[] }[];
    expect(answer?.counts["exported"]).toBe(good ? 400 : 0);
    expect(answer?.counts["dropped"]).toBe(good ? 400 : 800);
    expect(answer?.counts["lastError"]).toMatchObject({
      message: expect.stringContaining("at most 65536 bytes"),
    });
    expect(answer?.read).toHaveLength(good ? 1 : 2);
    // The bound, and what was read at one go when it was reached.
    for (const bytes of answer?.read ?? []) expect(bytes).toBeLessThan(256 * 1024);
  },
);

test("a collector that never answers: 300,000 flows more than the queue holds leave no growth", async () => {
  const url = await hostile(() => {});
  const { said } = program(
    url,
    `many(25_000);
     const heap = () => { gc(); gc(); return process.memoryUsage().heapUsed / 2 ** 20; };
     await flush(50);
     const before = heap();
     for (let i = 0; i < 30; i++) { many(10_000); await new Promise(setImmediate); }
     const { queued, dropped } = health();
     say({ queued, dropped, grownMb: heap() - before });
     process.exit();`,
  );
  const [answer] = (await said) as { queued: number; dropped: number; grownMb: number }[];
  expect(answer).toMatchObject({ queued: 20_000, dropped: 305_000 });
  expect(answer?.grownMb).toBeLessThan(20);
});

test("SIGTERM with shutdown(): what is queued is sent, what is open is announced, and the process ends", async () => {
  const server = await serve();
  const { child, ended, said } = program(
    server.url,
    `process.on("SIGTERM", async () => { await shutdown(); say(health()); process.exit(0); });
     const open = flow.open({ name: "open", tenant: "t" });
     many(2000);
     say("ready");
     setInterval(() => {}, 1000);`,
  );
  await once(child.stdout as NodeJS.ReadableStream, "data");
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
  expect((await said).at(-1)).toMatchObject({ exported: 2001, queued: 0, dropped: 0 });
  expect(server.spans.filter((span) => span.name === "f")).toHaveLength(2000);
  expect(server.spans.find((span) => span.name === "open")?.attributes["weir.pending"]).toBe(true);
});

test("SIGTERM with shutdown() while the collector hangs: ends within the bound, and counts what is lost", async () => {
  const url = await hostile(() => {});
  const { child, ended, said } = program(
    url,
    `process.on("SIGTERM", async () => { await shutdown(200); say(health()); process.exit(0); });
     many(2000);
     say("ready");
     setInterval(() => {}, 1000);`,
  );
  await once(child.stdout as NodeJS.ReadableStream, "data");
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
  expect((await said).at(-1)).toMatchObject({ exported: 0, queued: 0, dropped: 2000 });
});

test("process.exit in user code loses at most what health() said was queued", async () => {
  const server = await serve();
  const { said } = program(
    server.url,
    `for (let i = 0; i < 20; i++) { many(500); await new Promise((done) => setTimeout(done, 10)); }
     many(700);
     const { exported, queued, dropped } = health();
     say({ exported, queued, dropped });
     process.exit(0);`,
  );
  const [answer] = (await said) as { exported: number; queued: number; dropped: number }[];
  if (answer === undefined) throw new Error("expected the program to say something");
  expect(answer.exported + answer.queued).toBe(10_700);
  expect(answer.queued).toBeGreaterThanOrEqual(700);
  expect(answer.dropped).toBe(0);
  const arrived = new Set(server.spans.map((span) => span.spanId)).size;
  expect(arrived).toBeGreaterThanOrEqual(answer.exported);
});

test("an error that nobody catches ends the process as it would have, with its own message and code", async () => {
  const server = await serve();
  const text = `import { flow, setup } from ${JSON.stringify(SDK)};
    setup({ endpoint: ${JSON.stringify(server.url)} });
    flow.start({ name: "f", tenant: "t" }, () => { throw new RangeError("mine"); });`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", text], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let printed = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    printed += chunk;
  });
  expect(await once(child, "close")).toEqual([1, null]);
  expect(printed).toContain("RangeError: mine");
});
