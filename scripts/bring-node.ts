import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

export interface BroughtNode {
  /** Of the program. */
  path: string;
  version: string;
}

const execute = promisify(execFile);

/**
 * Brings a Node from npm's registry, which has one package for each system.
 *
 * @param version a major such as 22, for its newest
 * @param folder made for it
 * @example const { path } = await bringNode("22", "/tmp/node-22");
 */
export async function bringNode(version: string, folder: string): Promise<BroughtNode> {
  const isWindows = process.platform === "win32";
  const name = `node-${isWindows ? "win" : process.platform}-${process.arch}`;
  mkdirSync(folder, { recursive: true });
  const flags = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"];
  await execute("npm", ["install", ...flags, "--prefix", folder, `${name}@${version}`]);
  const path = join(folder, "node_modules", name, "bin", isWindows ? "node.exe" : "node");
  const { stdout } = await execute(path, ["--version"]);
  return { path, version: stdout.trim().slice(1) };
}
