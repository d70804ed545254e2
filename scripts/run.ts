import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the whole repository. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

interface RunOptions {
  /** A package's folder, relative to the repository; by default the repository itself. */
  readonly folder?: string;
  /** Added to this process's own environment. */
  readonly env?: Record<string, string>;
}

/**
 * Runs a command in the repository, without standard input, its output going where ours goes.
 *
 * @param name what is in the folder's node_modules/.bin, or `node`
 * @returns the exit code; 1 when a signal ended it
 * @throws when the command cannot be started
 * @example const code = await run("biome", ["check", "."]);
 */
export async function run(
  name: string,
  args: string[],
  { folder = ".", env }: RunOptions = {},
): Promise<number> {
  const isWindows = process.platform === "win32";
  const cwd = join(ROOT, folder);
  const command = name === "node" ? process.execPath : join(cwd, "node_modules", ".bin", name);
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    // Windows runs the .cmd files of node_modules/.bin only through its shell.
    shell: isWindows && name !== "node",
    stdio: ["ignore", "inherit", "inherit"],
  });
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
