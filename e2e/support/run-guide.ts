/** Types what a guide has its reader type. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { freePort } from "../../scripts/free-port.ts";
import { findSystemPart, REDIS_SERVER } from "../../scripts/system-parts.ts";
import type { Guide } from "./guide.ts";
import type { ReaderFolder } from "./reader-folder.ts";

/** Those that guides name. */
const PORTS = /\b(3000|3001|3002|4318|6379)\b/g;

export interface RunOptions {
  folders: ReaderFolder;
  /** Of its folder. */
  name: string;
  /** The port of the collector that stands for the guide's at 4318. */
  collector: number;
  /** A folder of programs that go before the machine's. */
  bin?: string;
}

/**
 * Types the commands of a guide.
 *
 * @param seen is told when all were typed, while what goes on still does: which flows are expected, and what is printed
 * @throws where a command fails, with what it printed
 */
export async function runGuide(
  guide: Guide,
  { folders, name, collector, bin = "" }: RunOptions,
  seen: (flows: string, outputs: () => string) => Promise<void>,
): Promise<void> {
  const ports = new Map([["4318", String(collector)]]);
  for (const port of ["3000", "3001", "3002", "6379"]) ports.set(port, String(await freePort()));
  const here = (text: string) => text.replaceAll(PORTS, (port) => ports.get(port) ?? port);
  const programs = Object.entries(guide.programs).map(([file, text]) => [file, here(text)]);
  const cwd = folders.write(name, Object.fromEntries(programs));
  const path = [
    bin,
    dirname(process.execPath),
    join(folders.path, "node_modules/.bin"),
    dirname(findSystemPart(REDIS_SERVER) ?? ""),
    process.env["PATH"],
  ]
    .filter((folder) => folder !== "")
    .join(delimiter);
  const env = { ...process.env, PATH: path, ...addressOf(collector) };
  const running: Typed[] = [];
  try {
    for (const command of guide.commands) {
      const [, manager, packages = ""] = /^(npm|pip) install (.*)$/.exec(command) ?? [];
      if (manager === "npm") expectInstalled(packages, folders.path);
      else if (manager === "pip") continue;
      else if (command.endsWith("&")) {
        const typed = new Typed(here(command.slice(0, -1)), cwd, env);
        running.push(typed);
        await typed.up;
      } else await new Typed(here(command), cwd, env).success;
    }
    await seen(here(guide.flows), () =>
      running.map(({ command, output }) => `$ ${command} &\n${output}`).join("\n"),
    );
  } finally {
    await Promise.all(running.map((typed) => typed.stop()));
  }
}

/** For services, and for a collector that the guide starts. */
function addressOf(collector: number): Record<string, string> {
  return {
    WEIR_ENDPOINT: `http://127.0.0.1:${collector}`,
    WEIR_PORT: String(collector),
    WEIR_GRPC_PORT: "off",
    WEIR_LOG_LEVEL: "silent",
  };
}

function expectInstalled(packages: string, folder: string): void {
  for (const name of packages.split(/\s+/)) {
    if (!existsSync(join(folder, "node_modules", name)))
      throw new Error(`npm install: expected packages that the workspace has, got ${name}`);
  }
}

/** A command in a shell, with a group of processes of its own. */
class Typed {
  readonly command: string;
  output = "";
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;

  constructor(command: string, cwd: string, env: NodeJS.ProcessEnv) {
    this.command = command;
    this.#child = spawn("bash", ["-c", command], {
      cwd,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const note = (chunk: Buffer) => {
      this.output += chunk;
    };
    this.#child.stdout?.on("data", note);
    this.#child.stderr?.on("data", note);
    this.#ended = once(this.#child, "close").then(([code]) => code as number | null);
  }

  /** Resolves when it has printed something. */
  get up(): Promise<void> {
    const printed = Promise.race([
      once(this.#child.stdout as NodeJS.EventEmitter, "data").then(() => true),
      this.#ended.then(() => false),
    ]);
    return printed.then((is) => {
      if (!is) throw new Error(`$ ${this.command} &\nexpected it to go on, it ended:\n${this.output}`);
    });
  }

  get success(): Promise<void> {
    return this.#ended.then((code) => {
      if (code !== 0)
        throw new Error(`$ ${this.command}\nexpected exit code 0, got ${code}:\n${this.output}`);
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      process.kill(-Number(this.#child.pid));
    await this.#ended;
  }
}
