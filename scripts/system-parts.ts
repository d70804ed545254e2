import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, globSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A program that tests and examples need, and that no npm package brings. */
export interface SystemPart {
  /** The names it goes by, the likeliest first. */
  readonly commands: readonly string[];
  /** The environment variable that holds the path of another one. */
  readonly variable: string;
  /** What Debian calls the package. */
  readonly debianPackage: string;
  /** Folders off the PATH where that package puts it, the best first. */
  readonly folders?: () => readonly string[];
}

export const REDIS_SERVER: SystemPart = {
  commands: ["redis-server"],
  variable: "WEIR_REDIS_SERVER",
  debianPackage: "redis-server",
};

export const CHROMIUM: SystemPart = {
  commands: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
  variable: "WEIR_CHROMIUM",
  debianPackage: "chromium",
};

export const POSTGRES: SystemPart = {
  commands: ["postgres"],
  variable: "WEIR_POSTGRES",
  debianPackage: "postgresql",
  // One for each version that is installed.
  folders: () => globSync("/usr/lib/postgresql/*/bin").toSorted().toReversed(),
};

/**
 * Where a part is on this machine: the path in its variable when that is set, else the first on the PATH or where
 * its package puts it.
 *
 * @returns an absolute path, or `undefined` when there is none
 * @example const chromium = findSystemPart(CHROMIUM);
 */
export function findSystemPart(part: SystemPart, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const chosen = env[part.variable];
  if (chosen) return isProgram(chosen) ? chosen : undefined;
  const onPath = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const folders = [...onPath, ...(part.folders?.() ?? [])];
  for (const command of part.commands) {
    const found = folders.map((folder) => join(folder, command)).find(isProgram);
    if (found) return found;
  }
  return undefined;
}

/**
 * Finds parts, and installs the missing ones with apt-get where this process is root on a Debian-like system.
 * What stays missing is named in one line on stderr.
 *
 * @returns the paths in the order asked for; `undefined` for a part that stays missing
 * @example const [redis, chromium] = await getSystemParts([REDIS_SERVER, CHROMIUM]);
 */
export async function getSystemParts(parts: readonly SystemPart[]): Promise<(string | undefined)[]> {
  const missing = parts.filter((part) => !findSystemPart(part) && !process.env[part.variable]);
  if (missing.length > 0 && canInstall()) await install(missing.map((part) => part.debianPackage));
  return parts.map((part) => findSystemPart(part) ?? explain(part));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
}

async function install(packages: string[]): Promise<void> {
  process.stderr.write(`weir: installing ${packages.join(" and ")} with apt-get …\n`);
  // A package index that cannot be brought up to date may still be good enough to install from.
  await aptGet(["update"]);
  await aptGet(["install", "-y", "--no-install-recommends", ...packages]);
}

/** Its failure shows in what is missing afterwards. */
async function aptGet(args: string[]): Promise<void> {
  const child = spawn("/usr/bin/apt-get", ["-qq", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: "ignore",
  });
  await new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("exit", () => resolve());
  });
}

function explain(part: SystemPart): undefined {
  const chosen = process.env[part.variable];
  const line = chosen
    ? `${part.variable} should be the path of ${part.commands[0]}, but ${chosen} is no program that can be run`
    : `${part.commands[0]} is missing: install it, or set ${part.variable} to its path`;
  process.stderr.write(`weir: ${line}\n`);
  return undefined;
}
