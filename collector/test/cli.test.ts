/** `weir` as a real process. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, expect, test } from "vitest";
import { aSpan, jsonBody } from "./otlp-support.ts";

const BIN = fileURLToPath(new URL("../bin/weir.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weir-cli-"));
const store = `sqlite:${join(folder, "weir.db")}`;
const running: ChildProcess[] = [];

afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

function start(args: string[], env: Record<string, string> = {}, node = process.execPath) {
  const child = spawn(node, [BIN, ...args], { env: { PATH: process.env.PATH, ...env }, cwd: folder });
  running.push(child);
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output.stderr += chunk;
  });
  const exited = once(child, "close").then(([code]): Result => ({ code, ...output }));
  return { child, output, exited };
}

function run(args: string[], env: Record<string, string> = {}, node?: string): Promise<Result> {
  return start(args, env, node).exited;
}

async function serve(args: string[] = [], env: Record<string, string> = {}) {
  const process = start(["serve", "--port", "0", "--store", store, ...args], env);
  await Promise.race([once(process.child.stdout, "data"), process.exited]);
  const url = /^weir: listening on (http:\/\/\S+:\d+)\n/.exec(process.output.stdout)?.[1];
  if (url === undefined) throw new Error(`it did not start: ${process.output.stderr}`);
  return { ...process, url };
}

test("serves, keeps what it was given, and goes away on SIGTERM with readers still there", async () => {
  const first = await serve();
  expect(first.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  const headers = { "content-type": "application/json" };
  const sent = await fetch(`${first.url}/v1/traces`, {
    method: "POST",
    body: jsonBody([aSpan()]).toString(),
    headers,
  });
  expect(sent.status).toBe(200);
  const reader = await fetch(`${first.url}/api/v1/stream`);
  expect(reader.status).toBe(200);
  first.child.kill("SIGTERM");
  expect((await first.exited).code).toBe(0);

  const second = await serve();
  const listed = await fetch(`${second.url}/api/v1/flows`);
  expect(await listed.json()).toMatchObject({ flows: [{ tenant: "acme-corp", id: "order-17" }] });
  second.child.kill("SIGINT");
  const { stderr, ...result } = await second.exited;
  expect(result).toEqual({ code: 0, stdout: `weir: listening on ${second.url}\n` });
  const entries = stderr
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(entries).toContainEqual({
    level: "info",
    time: expect.any(String),
    msg: `listening on ${second.url}, open to this machine: no keys are asked for`,
  });
  expect(entries).toContainEqual(expect.objectContaining({ signal: "SIGINT" }));
});

test("a port in use is one line, exit 1", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  const args = ["serve", "--port", String(port), "--store", store, "--log-level", "silent"];
  const { code, stdout, stderr } = await run(args);
  other.close();
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(new RegExp(`^weir: port ${port} on 127\\.0\\.0\\.1 is in use: [^\\n]+\\n$`));
});

test("a store that can't be opened is one line, exit 1", async () => {
  const { code, stderr } = await run(["serve", "--port", "0", "--store", `sqlite:${folder}`]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^weir: [^\n]+\n$/);
});

test.each<[string[], Record<string, string>, string]>([
  [["serve", "--port", "abc"], {}, '--port: expected a whole number from 0 to 65535, got "abc"'],
  [["serve", "--port", "65536"], {}, '--port: expected a whole number from 0 to 65535, got "65536"'],
  [["serve", "--port=-1"], {}, '--port: expected a whole number from 0 to 65535, got "-1"'],
  [["serve", "--port"], {}, "--port: expected a value, got nothing"],
  [["serve"], { WEIR_PORT: "http" }, 'WEIR_PORT: expected a whole number from 0 to 65535, got "http"'],
  [
    ["serve", "--store", "mysql://x"],
    {},
    '--store: expected sqlite:PATH, such as sqlite:./data/weir.db, got "mysql://x"',
  ],
  [["serve"], { WEIR_STORE: "sqlite:" }, "WEIR_STORE: expected sqlite:PATH"],
  [["serve", "--host", "a b\nc"], {}, '--host: expected a host name or an IP address, got "a b\\nc"'],
  [["serve", "--host", "0.0.0.0"], {}, "or --insecure-open (WEIR_INSECURE_OPEN=1) to let everyone in"],
  [["serve"], { WEIR_HOST: "::" }, "--insecure-open"],
  [["serve"], { WEIR_INSECURE_OPEN: "yes" }, 'WEIR_INSECURE_OPEN: expected 1 or 0, got "yes"'],
  [["serve", "--prot", "1"], {}, 'got "--prot"'],
  [["serve", "4318"], {}, 'got "4318"'],
  [
    ["serve", "--stalled-after", "import"],
    {},
    "--stalled-after: expected NAME=DURATION, such as data_import=10m",
  ],
  [["serve", "--stalled-after=a=1m", "--stalled-after=b=soon"], {}, 'got "a=1m,b=soon"'],
  [
    ["serve", "--log-level", "loud"],
    {},
    '--log-level: expected one of debug, info, warn, error, silent, got "loud"',
  ],
  [
    ["serve"],
    { WEIR_LIMIT_OPEN_FLOWS: "-1" },
    "WEIR_LIMIT_OPEN_FLOWS: expected a whole number, 0 for no limit",
  ],
  [["serve"], { WEIR_STALLED_AFTER: "a=1m,=2m" }, "WEIR_STALLED_AFTER: expected NAME=DURATION"],
  [["servee"], {}, 'expected serve, doctor, --help, --version, got "servee"'],
  [["constructor"], {}, 'got "constructor"'],
  [[], {}, "got nothing"],
])("%j with %j is one line, exit 2", async (args, env, message) => {
  const { code, stdout, stderr } = await run(args, env);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^weir: [^\n]+\n$/);
  expect(stderr).toContain(message);
});

test("flags win over the environment; an empty variable is none", async () => {
  const { url, child, exited } = await serve([], {
    WEIR_PORT: "99999",
    WEIR_HOST: "",
    WEIR_STORE: "nonsense",
  });
  expect(url).toContain("127.0.0.1");
  child.kill("SIGTERM");
  await exited;
});

test("with --insecure-open it listens for all, and under any name", async () => {
  const { url, child, exited } = await serve(["--host", "0.0.0.0", "--insecure-open"]);
  expect(url).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/);
  expect((await fetch(`http://127.0.0.1:${new URL(url).port}/healthz`)).status).toBe(200);
  child.kill("SIGTERM");
  expect((await exited).code).toBe(0);
});

test("--help and --version", async () => {
  const help = await run(["--help"]);
  expect([help.code, help.stderr]).toEqual([0, ""]);
  expect(help.stdout).toContain("weir serve [--host 127.0.0.1]");
  expect(await run(["--version"])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
});

const oldNode = findOldNode();

test.skipIf(oldNode === undefined)("an old Node is one line, exit 1", async () => {
  const { code, stdout, stderr } = await run(["serve"], {}, oldNode);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^weir: expected Node 22\.18 or newer, got \d+\.\d+\.\d+\n$/);
});

test("a Node that says it is old is one line, exit 1", async () => {
  const pretend = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'22.17.1'})";
  const child = spawn(process.execPath, ["--import", pretend, BIN, "--help"]);
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, "close");
  expect([code, stderr]).toEqual([1, "weir: expected Node 22.18 or newer, got 22.17.1\n"]);
});

/** A Node of the system's own, where it is too old for Weir. */
function findOldNode(): string | undefined {
  try {
    const version = execFileSync("/usr/bin/node", ["--version"], { encoding: "utf8" });
    const [major = 0, minor = 0] = version.slice(1).split(".").map(Number);
    return major < 22 || (major === 22 && minor < 18) ? "/usr/bin/node" : undefined;
  } catch {
    return undefined;
  }
}
