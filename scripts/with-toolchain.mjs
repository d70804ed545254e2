// Runs one command of this repository with the Node and the packages that it needs, and brings what is missing.
//
//   node scripts/with-toolchain.mjs FILE.ts [args…]
//   node scripts/with-toolchain.mjs --bin NAME [args…]      NAME is in node_modules/.bin, or is pnpm
//
// Plain JavaScript that Node 14 can run: a bare machine has an old Node.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { environment, fitPnpm, installPackages, modernNode, ToolchainError } from "./toolchain.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PARENT_CHECK_MS = 250;

main(process.argv.slice(2)).catch((error) => {
  const known = error instanceof ToolchainError || error?.code;
  process.stderr.write(`weir: ${known ? error.message : error.stack}\n`);
  process.exit(1);
});

/** @param {string[]} args */
async function main(args) {
  const isBin = args[0] === "--bin";
  const [target, ...rest] = args.slice(isBin ? 1 : 0);
  if (!target)
    throw new ToolchainError(
      "expected FILE.ts or --bin NAME; example: node scripts/with-toolchain.mjs scripts/check.ts",
    );

  const node = await modernNode();
  const env = environment(node);
  if (isBin && target === "pnpm") {
    // How a dependency gets added: it must run where the lock file does not fit yet.
    const { program, first } = await fitPnpm(node);
    return handOver(program, first.concat(rest), env);
  }
  await installPackages(node);
  if (isBin) return handOver(join(ROOT, "node_modules", ".bin", target), rest, env);
  return handOver(node, ["--disable-warning=ExperimentalWarning", resolve(ROOT, target), ...rest], env);
}

/**
 * The command becomes what this process is: its streams, its signals, its exit code.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
function handOver(program, args, env) {
  const shell = process.platform === "win32" && !program.endsWith(".exe");
  const child = spawn(program, args, { env, shell, stdio: "inherit" });
  child.once("error", (error) => {
    process.stderr.write(`weir: cannot run ${program}: ${error.message}\n`);
    process.exit(1);
  });
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole group: passed on again, it would count as the second one.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  endWithNpm(() => child.kill("SIGTERM"));
  child.once("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code || 0));
}

/**
 * `npm run` puts a shell between itself and this process. A SIGTERM to npm ends that shell and is heard by nobody
 * below it, so a server would go on without its parent.
 *
 * @param {() => void} end
 */
function endWithNpm(end) {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    end();
  }, PARENT_CHECK_MS);
}
