/**
 * Runs a guide of `docs/` as its reader would: its programs are written to a folder, its commands are typed there, and
 * the flows that it promises are looked for in a collector.
 *
 * - A block of TypeScript or Go begins with the name of its file: `// server.ts`. So does one of Python that is run:
 *   `# charge.py`.
 * - A block of `sh` is commands, one a line. One that ends in `&` goes on until the guide is over; it is up when it has
 *   printed something. What `npm install` names must be there; nothing is installed, also not by `pip`.
 * - A block of `text` is flows, as `drawn` draws them.
 *
 * Ports are free ones in place of those that the guide names, so that guides run beside whatever runs here.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { FlowDetail } from "@weir/collector/schemas";
import { freePort } from "../../scripts/free-port.ts";
import { ROOT } from "../../scripts/run.ts";
import { findSystemPart, REDIS_SERVER } from "../../scripts/system-parts.ts";

const FENCED = /^```(\w*)\n(.*?)^```$/gms;
const PORTS = /\b(3000|3001|3002|4318|6379)\b/g;

export interface Guide {
  /** By file name. */
  programs: Record<string, string>;
  commands: string[];
  /** The flows that it promises, in the order of their start. */
  flows: string;
}

/**
 * @param path from the top folder
 * @throws where a program has no file name, or two have the same
 */
export function readGuide(path: string): Guide {
  const guide: Guide = { programs: {}, commands: [], flows: "" };
  const flows: string[] = [];
  for (const [, language = "", text = ""] of readFileSync(join(ROOT, path), "utf8").matchAll(FENCED)) {
    if (language === "ts" || language === "go" || language === "python") {
      const [, file] = /^(?:\/\/|#) (\S+\.(?:ts|go|py))\b/.exec(text) ?? [];
      if (file === undefined && language === "python") continue;
      if (file === undefined || file in guide.programs)
        throw new Error(
          `${path}: expected a file name of its own on the first line of a program, got:\n${text}`,
        );
      guide.programs[file] = text;
    } else if (language === "sh") guide.commands.push(...commandsOf(text));
    else if (language === "text") flows.push(text.trim());
  }
  guide.flows = flows.join("\n\n");
  return guide;
}

function commandsOf(text: string): string[] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.replace(/(^|\s)# .*$/, "").trim())
    .filter((line) => line !== "");
}

/** A folder as a reader has one: with the packages installed, and a folder in it for each guide. */
export class ReaderFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The programs of a guide, in a folder of its own. */
  write(name: string, programs: Record<string, string>): string {
    const folder = join(this.path, name);
    mkdirSync(folder);
    for (const [file, text] of Object.entries(programs)) writeFileSync(join(folder, file), text);
    return folder;
  }
}

/** One that has the packages of the workspace. */
export class GuideFolder extends ReaderFolder implements Disposable {
  constructor() {
    super(mkdtempSync(join(tmpdir(), "weir-guides-")));
    const modules = join(this.path, "node_modules");
    for (const from of ["sdk/node_modules", "node_modules"]) link(join(ROOT, from), modules);
    mkdirSync(join(modules, ".bin"));
    symlinkSync(join(ROOT, "collector/bin/weir.mjs"), join(modules, ".bin/weir"));
    writeFileSync(join(this.path, "package.json"), JSON.stringify({ private: true, type: "module" }));
    const compilerOptions = {
      strict: true,
      target: "es2024",
      module: "nodenext",
      noEmit: true,
      allowImportingTsExtensions: true,
      erasableSyntaxOnly: true,
      skipLibCheck: true,
      lib: ["es2024", "esnext.disposable", "esnext.collection", "esnext.iterator"],
      types: ["node"],
    };
    writeFileSync(join(this.path, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*/*.ts"] }));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function link(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (name.startsWith(".")) continue;
    if (name.startsWith("@")) link(join(from, name), join(to, name));
    else if (!existsSync(join(to, name))) symlinkSync(join(from, name), join(to, name));
  }
}

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

/**
 * A flow as guides draw it: its steps below it, and of each what is not as usual.
 *
 * @example
 * // order of acme-corp: failed
 * // ├─ charge · failed: card declined
 * // └─ charge · attempt 2
 */
export function drawn(flow: FlowDetail): string {
  const several = flow.services.length > 1;
  const below = (parentId: string | null, indent: string): string[] => {
    const steps = flow.steps.filter((step) => step.parentId === parentId);
    return steps.flatMap((step, i) => {
      const last = i === steps.length - 1;
      const said = [
        step.name,
        step.kind === "step" ? "" : step.kind,
        several ? `in ${step.service}` : "",
        step.attempt > 1 ? `attempt ${step.attempt}` : "",
        step.optional ? "optional" : "",
        step.error ? `${step.status}: ${step.error.message}` : step.status === "succeeded" ? "" : step.status,
      ];
      const line = `${indent}${last ? "└─" : "├─"} ${said.filter((word) => word !== "").join(" · ")}`;
      return [line, ...below(step.id, `${indent}${last ? "   " : "│  "}`)];
    });
  };
  return [`${flow.name} of ${flow.tenant}: ${flow.status}`, ...below(null, "")].join("\n");
}
