/** Real processes for tests and benchmarks: each on a free port of the loopback, each ended by its own id. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freePort } from "../../scripts/free-port.ts";
import { ROOT } from "../../scripts/run.ts";
import { findSystemPart, REDIS_SERVER } from "../../scripts/system-parts.ts";

export interface Running {
  pid: number;
  /** What it has printed so far, on both streams. */
  output(): string;
  /** The first match in what it prints; rejects when the process ends without it. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves with the exit code, `null` after a signal. */
  exited: Promise<number | null>;
  /** Sends a signal where it still runs, and waits for its end. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a TypeScript or JavaScript file, of the repository where its path is none from the root, by the Node that runs this. */
export function startNode(file: string, args: string[] = [], env: Record<string, string> = {}): Running {
  return startProgram(process.execPath, [resolve(ROOT, file), ...args], env);
}

/** Starts any program, in the top folder unless told otherwise; as another user where root says so. */
export function startProgram(
  command: string,
  args: string[],
  env: Record<string, string> = {},
  options: { cwd?: string; uid?: number; gid?: number } = {},
): Running {
  const child = spawn(command, args, {
    cwd: ROOT,
    ...options,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  const exited = once(child, "exit").then(([code]) => code as number | null);
  const name = [command, ...args].join(" ");
  return {
    pid: child.pid as number,
    output: () => output,
    printed: (pattern) => matchIn(child, () => output, pattern, name),
    exited,
    async stop(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
    },
  };
}

function matchIn(
  child: ChildProcess,
  output: () => string,
  pattern: RegExp,
  name: string,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const found = pattern.exec(output());
      if (found !== null) finish(() => resolve(found));
    };
    const end = () =>
      finish(() => reject(new Error(`${name}: expected ${pattern} before its end, got:\n${output()}`)));
    const finish = (settle: () => void) => {
      child.stdout?.off("data", look);
      child.stderr?.off("data", look);
      child.off("close", end);
      settle();
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    child.on("close", end);
    look();
  });
}

export interface RunningCollector extends Running {
  url: string;
  port: number;
}

export interface CollectorOptions {
  /** The database file; by default a new one that is deleted with the process. */
  path?: string;
  port?: number;
  /** The file behind the command; by default that of the checkout. */
  program?: string;
  /** Settings, as environment variables. */
  env?: Record<string, string>;
  /** More flags of `weir serve`. */
  args?: string[];
}

export async function startCollector(options: CollectorOptions = {}): Promise<RunningCollector> {
  const { path, port = 0, program = "collector/bin/weir.mjs", args = [], env } = options;
  const folder = path === undefined ? mkdtempSync(join(tmpdir(), "weir-")) : undefined;
  const store = `sqlite:${path ?? join(folder as string, "weir.db")}`;
  const fixed = ["serve", "--port", String(port), "--grpc-port", "off", "--store", store];
  const running = startNode(program, [...fixed, ...args], env);
  const remove = () => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  };
  const listening = running.printed(/^weir: listening on (http:\/\/\S+:(\d+))/m);
  const [, url = "", bound] = await listening.catch((error: unknown) => {
    remove();
    throw error;
  });
  return {
    ...running,
    url,
    port: Number(bound),
    async stop(signal) {
      await running.stop(signal);
      remove();
    },
  };
}

export interface RunningRedis extends Running {
  url: string;
  port: number;
}

export interface RedisServerOptions {
  /** Default: a free one. */
  port?: number;
  /** Added to its command line. */
  args?: string[];
}

/** A Redis of its own, that keeps nothing on the disk. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RunningRedis> {
  const command = findSystemPart(REDIS_SERVER);
  if (command === undefined)
    throw new Error("expected a redis-server on this machine: install it, or set WEIR_REDIS_SERVER");
  const port = options.port ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), "weir-redis-"));
  const args = [
    "--port",
    `${port}`,
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--appendonly",
    "no",
    "--dir",
    folder,
    ...(options.args ?? []),
  ];
  const running = startProgram(command, args);
  await running.printed(/Ready to accept connections/);
  return {
    ...running,
    url: `redis://127.0.0.1:${port}`,
    port,
    async stop(signal) {
      await running.stop(signal);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
