/** `weir` as a real process. */
import { type ChildProcess, execFileSync, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { freePort } from "../../scripts/free-port.ts";
import { aSpan, jsonBody, protobufBody } from "./otlp-support.ts";
import { frame, outcomeOf, RawGrpc } from "./raw-grpc.ts";

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

function logged(stderr: string): Record<string, unknown>[] {
  const lines = stderr.trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
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
  expect(result).toEqual({ code: 0, stdout: expect.stringMatching(GRPC_LINE) });
  const entries = logged(stderr);
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
  const { code, stdout, stderr } = await run(["serve", "--port", String(port), "--store", store]);
  other.close();
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(new RegExp(`^weir: port ${port} on 127\\.0\\.0\\.1 is in use: [^\\n]+\\n$`));
});

/** Of the line after the first. */
const GRPC_LINE = /^weir: listening on \S+\nweir: gRPC on (127\.0\.0\.1:\d+)\n$/;

test("takes gRPC beside HTTP, and answers calls under way on SIGTERM", async () => {
  const { child, exited, output, url } = await serve(["--grpc-port", "0"]);
  const client = new RawGrpc(`http://${GRPC_LINE.exec(output.stdout)?.[1]}`);
  const message = protobufBody([aSpan({ attributes: { "weir.flow.id": "over-grpc" } })]);
  expect(outcomeOf(await client.call({ message }))).toMatchObject({ is: "taken" });
  const flow = await fetch(`${url}/api/v1/tenants/acme-corp/flows/over-grpc`);
  expect(flow.status).toBe(200);

  const underWay = client.begin(frame(message));
  await underWay.written;
  // So that the server has seen it: answers come in the order of what was sent.
  await client.call({ message });
  child.kill("SIGTERM");
  const answer = await underWay.finish();
  expect(outcomeOf(answer)).toMatchObject({ is: "taken" });
  expect((await exited).code).toBe(0);
  client.close();
});

test("gRPC can be off, by flag or variable", async () => {
  for (const [args, env] of [
    [["--grpc-port", "off"], {}],
    [[], { WEIR_GRPC_PORT: "off" }],
  ] as const) {
    const { child, exited, url } = await serve([...args], env);
    child.kill("SIGTERM");
    expect(await exited).toMatchObject({ code: 0, stdout: `weir: listening on ${url}\n` });
  }
});

test("a gRPC port in use that nobody asked for is one line, and HTTP is served", async () => {
  const other = createServer().listen(4317, "127.0.0.1");
  // Someone else's will do as well.
  await Promise.race([once(other, "listening"), once(other, "error").catch(() => {})]);
  const { child, exited, output, url } = await serve(["--port", `${await freePort()}`]);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  child.kill("SIGTERM");
  other.close();
  expect((await exited).code).toBe(0);
  expect(output.stdout).toBe(`weir: listening on ${url}\n`);
  const warnings = logged(output.stderr).filter(({ level }) => level === "warn");
  expect(warnings).toMatchObject([
    { msg: expect.stringMatching(/^port 4317 on 127\.0\.0\.1 is in use: .*; going on without gRPC$/) },
  ]);
});

test("a gRPC port in use that was asked for is one line, exit 1", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  const { code, stdout, stderr } = await run([
    "serve",
    "--port",
    "0",
    "--grpc-port",
    `${port}`,
    "--store",
    store,
  ]);
  other.close();
  expect([code, stdout]).toEqual([1, ""]);
  const line = `weir: port ${port} on 127.0.0.1 is in use: stop the other program, or choose another with --grpc-port\n`;
  expect(stderr).toBe(line);
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
  [["serve", "--port"], {}, "--port: expected a value, got nothing (see weir serve --help)\n"],
  [
    ["serve", "--grpc-port", "on"],
    {},
    '--grpc-port: expected a whole number from 0 to 65535, or off, got "on"',
  ],
  [["serve"], { WEIR_GRPC_PORT: "70000" }, "WEIR_GRPC_PORT: expected a whole number from 0 to 65535, or off"],
  [["serve"], { WEIR_PORT: "http" }, 'WEIR_PORT: expected a whole number from 0 to 65535, got "http"'],
  [
    ["serve", "--store", "mysql://x"],
    {},
    '--store: expected sqlite:PATH, such as sqlite:./data/weir.db, or memory:, got "mysql://x"',
  ],
  [["serve"], { WEIR_STORE: "sqlite:" }, "WEIR_STORE: expected sqlite:PATH"],
  [["serve", "--host", "a b\nc"], {}, '--host: expected a host name or an IP address, got "a b\\nc"'],
  [["serve"], { WEIR_INSECURE_OPEN: "yes" }, 'WEIR_INSECURE_OPEN: expected 1 or 0, got "yes"'],
  [
    ["serve", "--prot", "1"],
    {},
    "expected one of --host, --port, --grpc-port, --store, --cors-origin, --trusted-proxy, --durability, --log-level, --retention, --retention-of, --insecure-open, --stalled-after, --trace-link, --limit-spans-per-second, --limit-open-flows, --limit-flow-names, --limit-label-keys, got",
  ],
  [["serve", "4318"], {}, 'got "4318"'],
  [
    ["serve", "--cors-origin", "app.example"],
    {},
    "--cors-origin: expected origins such as https://app.example.com",
  ],
  [["serve", "--cors-origin", "https://a.example/x"], {}, "--cors-origin: expected origins"],
  [["serve"], { WEIR_TRUSTED_PROXY: "10.0.0.0/33" }, "WEIR_TRUSTED_PROXY: expected addresses or networks"],
  [["keys"], {}, "keys: expected create, list, revoke, got nothing"],
  [["keys", "make"], {}, 'keys: expected create, list, revoke, got "make"'],
  [["keys", "create"], {}, "--role: expected one of admin, ingest, read, got nothing"],
  [["keys", "create", "--role", "root"], {}, '--role: expected one of admin, ingest, read, got "root"'],
  [["keys", "create", "read"], {}, 'keys create: expected flags only, got "read"'],
  [
    ["keys", "create", "--role", "read", "--expires", "soon"],
    {},
    "--expires: expected a time such as 30m, 12h, 90d",
  ],
  [
    ["keys", "create", "--role=read", "--tenant="],
    {},
    '--tenant: expected text of 1 to 256 characters, got ""',
  ],
  [["keys", "create"], { WEIR_ROLE: "x" }, 'WEIR_ROLE: expected one of admin, ingest, read, got "x"'],
  [["keys", "list", "--role", "read"], {}, 'expected one of --store, got "--role"'],
  [["keys", "revoke"], {}, "keys revoke: expected the id of a key, got nothing"],
  [
    ["keys", "revoke", "nonsense", "--store", store],
    {},
    "expected the id of a key, as weir keys list shows it",
  ],
  [
    ["keys", "list", "--store", "sqlite:gone.db"],
    {},
    'expected the store of a collector (--store), there is none at "gone.db"',
  ],
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
  [
    ["servee"],
    {},
    'expected serve, keys, prune, backup, restore, export, import, doctor, demo, --help, --version, got "servee" (see weir --help)\n',
  ],
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

test("where others can reach it, it makes one admin's key, tells it once, and is closed", async () => {
  const own = `sqlite:${join(folder, "closed.db")}`;
  const first = await serve(["--host", "0.0.0.0", "--grpc-port", "off", "--store", own]);
  const { port } = new URL(first.url);
  const ask = (key?: string) =>
    fetch(`http://127.0.0.1:${port}/api/v1/flows`, {
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    });
  expect((await ask()).status).toBe(401);
  await until(() => first.output.stdout.split("\n").length > 3);
  const [, told, key, ...rest] = first.output.stdout.split("\n");
  expect([told, rest]).toEqual([expect.stringContaining("there was no key yet"), [""]]);
  expect((await ask(key)).status).toBe(200);
  first.child.kill("SIGTERM");
  expect((await first.exited).code).toBe(0);

  const second = await serve(["--host", "0.0.0.0", "--grpc-port", "off", "--store", own]);
  second.child.kill("SIGTERM");
  expect((await second.exited).stdout).toBe(`weir: listening on ${second.url}\n`);
  const list = await run(["keys", "list", "--store", own]);
  expect(list.stdout).toMatch(/^ID +ROLE .*\n[0-9a-z]{8} +admin +- +first .*Z +20\S+Z +works\n$/);
}, 30_000);

test("keys are made, listed and revoked beside a server that runs, and hold at once", async () => {
  const own = ["--store", `sqlite:${join(folder, "keys.db")}`];
  const { url, child, exited } = await serve(own);
  const ask = (key?: string) =>
    fetch(`${url}/api/v1/flows`, { headers: key === undefined ? {} : { authorization: `Bearer ${key}` } });
  expect((await ask()).status).toBe(200);

  const wish = ["--role", "read", "--tenant", "acme corp", "--expires", "90d", "--name", "a\u001b[31m"];
  const made = await run(["keys", "create", ...wish, ...own]);
  expect(made.code).toBe(0);
  expect(made.stdout).toMatch(/^weir_read_[0-9a-z]{8}_[0-9a-z]{50}\n$/);
  expect(made.stderr).toMatch(
    /^weir: made key [0-9a-z]{8}, read, bound to tenant "acme corp", until 20\S+Z, in [^\n]+\.db; [^\n]+\n$/,
  );
  const key = made.stdout.trim();
  expect([(await ask()).status, (await ask(key)).status]).toEqual([401, 200]);

  const id = key.split("_")[2] as string;
  const list = await run(["keys", "list", ...own]);
  expect(list.stdout).toContain(`${id}  read  "acme corp"  "a\\u001b[31m"`);
  expect(list.stdout).not.toContain(key);
  expect((await run(["keys", "revoke", id, ...own])).code).toBe(0);
  expect((await ask(key)).status).toBe(401);
  const again = await run(["keys", "revoke", id, ...own]);
  expect([again.code, again.stderr]).toEqual([0, expect.stringMatching(/is revoked since 20/)]);
  child.kill("SIGTERM");
  await exited;
}, 30_000);

test("weir NAME --help tells of that command alone", async () => {
  const { code, stdout } = await run(["keys", "--help"]);
  expect(code).toBe(0);
  expect(stdout).toContain("weir keys create --role");
  expect(stdout).not.toContain("weir serve [");
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

describe("as a package", () => {
  const installed = join(folder, "package");
  const bin = join(installed, "bin/weir.mjs");
  const says = "console.log(JSON.stringify([process.pid, process.execArgv, process.argv.slice(2)]))";
  mkdirSync(join(installed, "bin"), { recursive: true });
  mkdirSync(join(installed, "dist"));
  copyFileSync(BIN, bin);
  writeFileSync(join(installed, "package.json"), '{ "type": "module" }');
  writeFileSync(join(installed, "dist/cli.js"), says);

  /** What a process was told that began as `node ...options bin ...args`. */
  async function told(options: string[], args: string[], env = {}, stdio: StdioOptions = "pipe") {
    const child = spawn(process.execPath, [...options, bin, ...args], {
      env: { PATH: process.env.PATH, ...env },
      stdio,
    });
    let output = "";
    for (const from of [child.stdout, child.stderr]) from?.on("data", (chunk) => (output += chunk));
    const [code] = await once(child, "close");
    expect(code).toBe(0);
    const [pid, nodes, weirs] = JSON.parse(output);
    expect([pid, weirs]).toEqual([child.pid, args]);
    return nodes;
  }

  const BOUND = "--max-semi-space-size=8";
  const SERVE = ["serve", "--store", "a b"];

  test.runIf("execve" in process)(
    "`serve` bounds what dies young, in the process that was started",
    async () => {
      expect(await told([], SERVE)).toEqual([BOUND]);
      expect(await told(["--no-warnings"], SERVE)).toEqual([BOUND, "--no-warnings"]);
    },
  );

  test("it leaves who chose a bound with that, and a parent with its channel; other commands need none", async () => {
    expect(await told(["--max-semi-space-size=2"], SERVE)).toEqual(["--max-semi-space-size=2"]);
    expect(await told([], SERVE, { NODE_OPTIONS: "--max_semi_space_size=2" })).toEqual([]);
    expect(await told([], SERVE, {}, ["ignore", "pipe", "pipe", "ipc"])).toEqual([]);
    expect(await told([], ["prune"])).toEqual([]);
  });
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
