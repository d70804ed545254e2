/** Processes beside the one that measures. */
import { execFile } from "node:child_process";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Running, startNode } from "../e2e/support/processes.ts";
import { ROOT } from "../scripts/run.ts";

const SINK = fileURLToPath(new URL("./sink.ts", import.meta.url));
const run = promisify(execFile);

export interface Sink {
  url: string;
  /** Takes everything at once. */
  good: string;
  stop(): Promise<void>;
}

/** Starts a file that goes on until it is stopped. */
export function startWorker(file: string, args: string[] = []): Running {
  return startNode(relative(ROOT, file), args);
}

/** Starts sink.ts. */
export async function startSink(): Promise<Sink> {
  const running = startWorker(SINK);
  const [url] = await running.printed(/http:\/\/\S+/);
  return { url, good: `${url}/good`, stop: () => running.stop() };
}

/** What a worker prints that measures one thing and ends. */
export async function measureIn(worker: string, args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, ["--expose-gc", worker, ...args], { cwd: ROOT });
  return stdout;
}
