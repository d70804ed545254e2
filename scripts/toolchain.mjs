// Plain JavaScript that Node 14 can run: this is what brings a modern Node.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "./lock.mjs";

const NODE = "24.21.0";
const PNPM = "12.21.0";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const FOLDER = join(ROOT, ".toolchain");
const PACKAGES = join(FOLDER, "node_modules");
const READY = join(FOLDER, "ready");
const INSTALLED = join(ROOT, "node_modules", ".weir-installed");
// Enough for the reason of any failure.
const OUTPUT_KEPT = 100000;
const IS_WINDOWS = process.platform === "win32";
const NODE_PACKAGE = `node-${IS_WINDOWS ? "win" : process.platform}-${process.arch}`;
const BROUGHT_NODE = join(PACKAGES, NODE_PACKAGE, "bin", IS_WINDOWS ? "node.exe" : "node");

/** A failure that says in its message what to do about it. */
export class ToolchainError extends Error {}

/**
 * The path of a Node that runs TypeScript in place: the running one, else one brought into `.toolchain/`.
 *
 * @returns {Promise<string>}
 * @throws {ToolchainError}
 */
export async function modernNode() {
  if (canStripTypes(process.versions.node)) return process.execPath;
  await bring([`${NODE_PACKAGE}@${NODE}`, `pnpm@${PNPM}`]);
  return BROUGHT_NODE;
}

/**
 * A pnpm that reads this workspace, as a program and its first arguments: the one on the PATH, else one brought
 * into `.toolchain/`.
 *
 * @param {string} node from `modernNode`
 * @returns {Promise<{ program: string, first: string[] }>}
 * @throws {ToolchainError}
 */
export async function fitPnpm(node) {
  const brought = { program: node, first: [join(PACKAGES, "pnpm", "bin", "pnpm.mjs")] };
  if (has([`pnpm@${PNPM}`])) return brought;
  const onPath = await run("pnpm", ["--version"], ROOT, environment(node));
  if (onPath.code === 0 && readsWorkspace(onPath.output)) return { program: "pnpm", first: [] };
  await bring([`pnpm@${PNPM}`]);
  return brought;
}

/**
 * Installs the workspace's packages as the lock file says, unless that was done already.
 *
 * @param {string} node from `modernNode`
 * @throws {ToolchainError}
 */
export async function installPackages(node) {
  const wanted = fingerprint(node);
  if (isInstalled(wanted)) return;
  await locked(async () => {
    if (isInstalled(wanted)) return;
    const pnpm = await fitPnpm(node);
    say("installing packages …");
    // `--prod=false`: the page is built here, so NODE_ENV=production must not leave out what builds it.
    const args = ["install", "--frozen-lockfile", "--prod=false", "--reporter=append-only"];
    const { code, output } = await run(pnpm.program, pnpm.first.concat(args), ROOT, environment(node));
    if (code !== 0) throw failure("pnpm could not install the packages", output, pnpmAdvice(output));
    writeFileSync(INSTALLED, wanted);
  });
}

/**
 * The environment of what runs on this toolchain: its Node is the `node` that children find.
 *
 * @param {string} node from `modernNode`
 * @returns {NodeJS.ProcessEnv}
 */
export function environment(node) {
  const env = Object.assign({}, process.env);
  // Windows spells it Path, and a plain object no longer ignores case.
  const key = Object.keys(env).find((name) => name.toUpperCase() === "PATH") || "PATH";
  const first = [dirname(node), join(PACKAGES, ".bin"), join(ROOT, "node_modules", ".bin")];
  env[key] = first.concat(env[key] || []).join(delimiter);
  return env;
}

/** @param {string} version */
function canStripTypes(version) {
  const [major, minor] = majorAndMinor(version);
  if (major === 22) return minor >= 18;
  if (major === 23) return minor >= 6;
  return major > 23;
}

/**
 * @param {string} version such as 24.21.0
 * @returns {[number, number]}
 */
function majorAndMinor(version) {
  const [major, minor] = version.trim().split(".");
  return [Number(major), Number(minor)];
}

/**
 * `allowBuilds` in pnpm-workspace.yaml is known since pnpm 10.26.
 *
 * @param {string} version
 */
function readsWorkspace(version) {
  const [major, minor] = majorAndMinor(version);
  return major > 10 || (major === 10 && minor >= 26);
}

/** @param {string[]} specs */
function has(specs) {
  if (!existsSync(READY) || !existsSync(PACKAGES)) return false;
  const ready = readFileSync(READY, "utf8").split("\n");
  return specs.every((spec) => ready.includes(spec));
}

/** @param {string[]} specs npm packages with their exact versions */
async function bring(specs) {
  if (has(specs)) return;
  await locked(async () => {
    if (has(specs)) return;
    const names = specs.map((spec) => (spec.startsWith("pnpm") ? `pnpm ${PNPM}` : `Node ${NODE}`));
    say(`bringing ${names.join(" and ")} into .toolchain/ …`);
    const { code, output } = await run("npm", npmInstall(specs), FOLDER, npmEnvironment());
    if (code === null) {
      throw new ToolchainError(
        "npm was not found on the PATH.\nInstall Node 22.18 or newer (it comes with npm), then try again.",
      );
    }
    if (code !== 0) throw failure(`npm could not bring ${names.join(" and ")}`, output, npmAdvice(output));
    for (const spec of specs) if (!spec.startsWith("pnpm")) await tryNode(spec);
    writeFileSync(READY, specs.join("\n"));
  });
}

/**
 * Run inside `.toolchain/`, which has a package.json of its own, rather than with `--prefix`: that would also
 * move npm's global settings file, and with it a company's certificates and proxy, out of sight.
 *
 * @param {string[]} specs
 */
function npmInstall(specs) {
  writeFileSync(join(FOLDER, "package.json"), '{ "private": true }\n');
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--no-update-notifier"];
  const impatient = ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"];
  return ["install", "--no-save", "--ignore-scripts"].concat(quiet, impatient, specs);
}

/** `npm run` hands its own place and mode down; here they would point npm at another folder. */
function npmEnvironment() {
  const env = Object.assign({}, process.env);
  for (const name of [
    "prefix",
    "local_prefix",
    "global_prefix",
    "global",
    "location",
    "dry_run",
    "workspace",
  ]) {
    delete env[`npm_config_${name}`];
  }
  return env;
}

/** @param {string} spec */
async function tryNode(spec) {
  const { code, output } = await run(BROUGHT_NODE, ["--version"], ROOT, process.env);
  if (code !== 0) {
    throw failure(
      `${spec} does not run on this system`,
      output,
      "Install Node 22.18 or newer by hand, then try again.",
    );
  }
}

/** What decides whether the installed packages are the wanted ones. @param {string} node */
function fingerprint(node) {
  const hash = createHash("sha256");
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml"].concat(manifests())) {
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(ROOT, file)))
      .update("\0");
  }
  const major = node === process.execPath ? process.versions.node.split(".")[0] : NODE.split(".")[0];
  return hash.update(`node ${major}`).digest("hex");
}

/** Every package.json of the workspace: packages are at most two folders deep. */
function manifests() {
  const found = [];
  for (const folder of [""].concat(subfolders(""), ...subfolders("").map(subfolders))) {
    const file = join(folder, "package.json");
    if (existsSync(join(ROOT, file))) found.push(file);
  }
  return found.sort();
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function subfolders(folder) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "node_modules" && !entry.name.startsWith("."))
    .map((entry) => join(folder, entry.name));
}

/** @param {string} wanted */
function isInstalled(wanted) {
  return existsSync(INSTALLED) && readFileSync(INSTALLED, "utf8") === wanted;
}

let holding = false;

/** @param {() => Promise<void>} work */
async function locked(work) {
  if (holding) return work();
  const waiting = () => say("waiting for another start of Weir that installs …");
  return withLock(
    join(FOLDER, "lock"),
    async () => {
      holding = true;
      try {
        await work();
      } finally {
        holding = false;
      }
    },
    waiting,
  );
}

/**
 * Runs a command without standard input.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {string} cwd
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ code: number | null, output: string }>} code `null`: there is no such command
 */
function run(program, args, cwd, env) {
  return new Promise((resolve) => {
    // Windows finds pnpm.cmd and npm.cmd only through its shell.
    const shell = IS_WINDOWS && !program.includes("\\");
    const child = spawn(program, args, { cwd, env, shell, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (/** @type {Buffer} */ chunk) => {
      output = (output + chunk).slice(-OUTPUT_KEPT);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", (error) =>
      resolve({ code: "code" in error && error.code === "ENOENT" ? null : 1, output: error.message }),
    );
    child.once("close", (code) => resolve({ code: code === null ? 1 : code, output }));
  });
}

/** @param {string} output */
function npmAdvice(output) {
  if (/ENOSPC/.test(output)) return "The disk is full: free about 500 MB, then try again.";
  if (/EACCES|EPERM|EROFS/.test(output)) return `This user may not write here: check who owns ${ROOT}.`;
  return "Check the network and npm's registry settings, or install Node 22.18 or newer by hand, then try again.";
}

/** @param {string} output */
function pnpmAdvice(output) {
  if (/OUTDATED_LOCKFILE/.test(output)) {
    return "A package.json changed without the lock file: run `node scripts/with-toolchain.mjs --bin pnpm install`.";
  }
  if (/ENOSPC/.test(output)) return "The disk is full: free about 500 MB, then try again.";
  if (/EACCES|EPERM|EROFS/.test(output)) return `This user may not write here: check who owns ${ROOT}.`;
  return "Check the network and the registry settings, then try again.";
}

/**
 * @param {string} what
 * @param {string} output of the command that failed
 * @param {string} advice
 */
function failure(what, output, advice) {
  const lines = output
    .split("\n")
    .filter((line) => /\berr(or)?\b|ERR_|^ERROR/i.test(line) && !/A complete log/.test(line));
  const reason =
    lines.length > 0 ? lines.join(" ").replace(/\s+/g, " ").trim().slice(0, 300) : "no reason was given";
  return new ToolchainError(`${what}: ${reason}\n${advice}`);
}

/** On stderr: stdout belongs to the command that runs afterwards. @param {string} text */
function say(text) {
  process.stderr.write(`weir: ${text}\n`);
}
