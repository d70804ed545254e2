/** A new project as a stranger has it: in a folder that knows nothing of this repository, with Weir from a registry. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { fitPnpm } from "../../scripts/toolchain.mjs";
import { type Running, startProgram } from "./processes.ts";

export type Manager = "npm" | "pnpm";

export interface NewProjectOptions {
  /** Address of the registry that has Weir's packages. */
  registry: string;
  manager: Manager;
  /** Path of the Node that everything runs on; by default this one. */
  node?: string;
}

export interface NewProject {
  readonly folder: string;
  /** Installs packages. What they would run meanwhile does not run. */
  install(packages: readonly string[]): Promise<void>;
  /**
   * Runs `node`, `npx` or a program of the project to its end.
   *
   * @returns what it printed on its stdout
   * @throws {Error} with what it printed on its stderr, where it ends with another exit code than 0
   */
  run(program: string, args: string[], env?: Record<string, string>): Promise<string>;
  /** Starts one that goes on. */
  start(program: string, args: string[], env?: Record<string, string>): Running;
  remove(): void;
}

const execute = promisify(execFile);

export async function newProject({
  registry,
  manager,
  node = process.execPath,
}: NewProjectOptions): Promise<NewProject> {
  const cwd = mkdtempSync(join(tmpdir(), `weir-${manager}-`));
  const pnpm = await fitPnpm(process.execPath);
  const path = [dirname(node), join(cwd, "node_modules", ".bin"), process.env["PATH"]].join(delimiter);
  const inFolder = (env: Record<string, string>) => ({ cwd, env: { ...process.env, ...env, PATH: path } });

  writeFileSync(join(cwd, ".npmrc"), `@weir:registry=${registry}\n`);
  // As `npm init -y` makes it.
  writeFileSync(join(cwd, "package.json"), '{ "name": "app", "version": "1.0.0", "type": "commonjs" }\n');
  // pnpm wants to be told for each package whether its scripts may run: none of these needs them.
  const builds = "allowBuilds: { protobufjs: false, msgpackr-extract: false, esbuild: false }\n";
  writeFileSync(join(cwd, "pnpm-workspace.yaml"), builds);

  return {
    folder: cwd,
    async install(packages) {
      if (manager === "npm") {
        const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"];
        await execute("npm", ["install", ...flags, ...packages], inFolder({}));
      } else await execute(pnpm.program, [...pnpm.first, "add", ...packages], inFolder({}));
    },
    async run(program, args, env = {}) {
      return (await execute(program, args, inFolder(env))).stdout;
    },
    start: (program, args, env = {}) => startProgram(program, args, inFolder(env).env, { cwd }),
    remove: () => rmSync(cwd, { recursive: true, force: true }),
  };
}
