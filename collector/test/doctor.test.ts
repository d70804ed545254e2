/** `weir doctor` as a real process. Its queue hop, which wants a Redis, is in e2e/doctor.test.ts. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { openSqliteStore } from "../src/sqlite/index.ts";
import { createApp } from "./created-app.ts";

const BIN = fileURLToPath(new URL("../bin/weir.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weir-doctor-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function doctor(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [BIN, "doctor", ...args], {
    env: { PATH: process.env["PATH"], ...env },
    cwd: folder,
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output.stderr += chunk;
  });
  const [code] = await once(child, "close");
  const lines = output.stdout.trimEnd().split("\n");
  return {
    code,
    ...output,
    words: lines.filter((line) => !line.startsWith(" ")).map((line) => line.slice(0, 20)),
  };
}

async function collector(): Promise<string> {
  const store = openSqliteStore({ path: join(mkdtempSync(join(folder, "store-")), "weir.db") });
  const app = createApp({ store });
  onTestFinished(async () => {
    await app.close();
    await store.close();
  });
  return app.listen({ host: "127.0.0.1", port: 0 });
}

async function server(listener: RequestListener): Promise<string> {
  const made = createServer((request, response) => {
    request.resume();
    listener(request, response);
  });
  made.listen(0, "127.0.0.1");
  await once(made, "listening");
  onTestFinished(() => void made.close());
  return `http://127.0.0.1:${(made.address() as { port: number }).port}`;
}

/** Alive, and behind its door the status that `statusOf` gives. */
function guarded(statusOf: (path: string, key: string | undefined) => number): Promise<string> {
  return server(({ url = "", headers }, response) => {
    const alive = url === "/healthz";
    response.writeHead(alive ? 200 : statusOf(url, headers.authorization), {
      "content-type": "application/json",
    });
    response.end(alive ? '{"status":"ok"}' : "{}");
  });
}

const ALL_OK = [
  "ok       endpoint   ",
  "ok       key        ",
  "ok       flow       ",
  "ok       http hop   ",
];
const NOTHING_SENT = ["skipped  flow       ", "ok       http hop   "];

test("all is well", async () => {
  const url = await collector();
  const { code, stdout, stderr, words } = await doctor([url]);
  expect([words, stderr, code]).toEqual([ALL_OK, "", 0]);
  expect(stdout).toContain(`a collector answers at ${url}\n`);
  expect(stdout).toContain("none needed: the collector is open to this machine");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no terminal, no colours
  expect(stdout).not.toMatch(/\u001b/);

  const answer = await fetch(`${url}/api/v1/tenants/weir-doctor/flows`);
  expect(await answer.json()).toMatchObject({
    flows: [
      { name: "doctor: http hop", status: "succeeded", stepCounts: { total: 2 }, incomplete: [] },
      { name: "doctor: flow", status: "succeeded", stepCounts: { total: 1 }, incomplete: [] },
    ],
  });
});

test("without an address it goes where the service's spans go", async () => {
  const url = await collector();
  expect((await doctor([], { WEIR_ENDPOINT: url })).words).toEqual(ALL_OK);
  expect((await doctor([], { OTEL_EXPORTER_OTLP_ENDPOINT: url })).words).toEqual(ALL_OK);
});

test("a collector that is down: what to do, exit 1, and the local hop is tried all the same", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const url = `http://127.0.0.1:${(other.address() as { port: number }).port}`;
  other.close();
  await once(other, "close");
  const { code, stdout, stderr, words } = await doctor([url]);
  expect([words, stderr, code]).toEqual([
    ["failed   endpoint   ", "skipped  key        ", ...NOTHING_SENT],
    "",
    1,
  ]);
  expect(stdout).toContain(`nothing listens at ${url}\n`);
  expect(stdout).toMatch(/^ {21}→ start a collector there \(weir serve\)/m);
});

test("a server that is no collector is said to be none", async () => {
  const url = await server((_request, response) =>
    response.writeHead(200, { "content-type": "text/html" }).end("<h1>shop</h1>"),
  );
  const { code, stdout, words } = await doctor([url]);
  expect([words[0], code]).toEqual(["failed   endpoint   ", 1]);
  expect(stdout).toContain("it is no Weir collector: /healthz gave 200 text/html");
});

test("the port of gRPC is told from that of HTTP", async () => {
  const settingsFrame = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  const grpc = createTcpServer((socket) => socket.on("error", () => {}).write(settingsFrame));
  await once(grpc.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void grpc.close());
  const { stdout, words } = await doctor([`http://127.0.0.1:${(grpc.address() as { port: number }).port}`]);
  expect(words[0]).toBe("failed   endpoint   ");
  expect(stdout).toContain("not gRPC, which is at 4317 where OTLP over HTTP is at 4318");
});

test.each<[string, Record<string, string>, number, string]>([
  ["no key", {}, 401, "the collector wants a key (401), and none is set"],
  ["a wrong key", { WEIR_API_KEY: "k" }, 401, "the key is not accepted (401): mistyped, revoked or expired"],
  ["a key to read with", { WEIR_API_KEY: "k" }, 403, "the key is known, but may not send (403)"],
])("%s", async (_name, env, status, message) => {
  const { code, stdout, words } = await doctor([await guarded(() => status)], env);
  expect([words, code]).toEqual([["ok       endpoint   ", "failed   key        ", ...NOTHING_SENT], 1]);
  expect(stdout).toContain(message);
  expect(stdout).toContain("→ ");
});

test("a key that may send and not read: what was taken counts", async () => {
  const url = await guarded((path, key) => (key !== "Bearer k" ? 401 : path === "/v1/traces" ? 200 : 403));
  const { code, stdout, words } = await doctor([url], { WEIR_API_KEY: "k" });
  expect([words, code]).toEqual([ALL_OK, 0]);
  expect(stdout).toContain("it can't be looked up, as the key may only send");
});

test("a key among OpenTelemetry's headers is one too", async () => {
  const url = await guarded((path, key) => (key !== "Bearer k 1" ? 401 : path === "/v1/traces" ? 200 : 403));
  const { words } = await doctor([url], { OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20k%201" });
  expect(words).toEqual(ALL_OK);
});

test("spans that are refused are no flow that arrived", async () => {
  const url = await server(({ url = "" }, response) => {
    const refused = {
      partialSuccess: { rejectedSpans: 2, errorMessage: "this key is for tenant acme-corp" },
    };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(url === "/healthz" ? { status: "ok" } : refused));
  });
  const { code, stdout, words } = await doctor([url]);
  expect([words[2], code]).toEqual(["failed   flow       ", 1]);
  expect(stdout).toContain("the collector refused the doctor's spans: this key is for tenant acme-corp");
});

test("settings that the service would not go by are named", async () => {
  const { code, stdout } = await doctor([], { WEIR_ENDPOINT: "weir:4318" });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^failed {3}settings {4}setup: expected WEIR_ENDPOINT to be an address/);
  const disabled = await doctor([], { OTEL_SDK_DISABLED: "true" });
  expect(disabled).toMatchObject({ code: 1, words: ["failed   settings   "] });
});

test("a queue hop without bullmq in the folder says so", async () => {
  const { code, stdout } = await doctor([await collector(), "--redis", "redis://127.0.0.1:1"]);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^failed {3}queue hop {3}bullmq can't be imported from \S+: the queue hop was not tried$/m,
  );
});

test.each<[string[], string]>([
  [["localhost"], 'doctor: expected an address such as http://127.0.0.1:4318, got "localhost"'],
  [["ftp://x"], 'got "ftp://x"'],
  [["http://a", "http://b"], 'doctor: expected one address, got "http://b" too'],
  [["--redis", "6379"], '--redis: expected an address such as redis://127.0.0.1:6379, got "6379"'],
  [["--rediss", "x"], 'expected one of --redis, got "--rediss"'],
])("%j is one line, exit 2", async (args, message) => {
  const { code, stdout, stderr } = await doctor(args);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^weir: [^\n]+\n$/);
  expect(stderr).toContain(message);
});

test("--help tells of it", async () => {
  const { code, stdout } = await doctor(["--help"]);
  expect(code).toBe(0);
  expect(stdout).toContain("weir doctor [URL] [--redis redis://127.0.0.1:6379]");
});
