// What `npm run packages` runs: the packages as strangers install them, with npm and with pnpm, on each Node that they promise.
// There all that the README and the guides have their readers type must do what they say. `npm run packages -- --node 26`: one.
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { bringNode } from "../scripts/bring-node.ts";
import { packPackages } from "../scripts/packages.ts";
import { ROOT } from "../scripts/run.ts";
import { CHROMIUM, getSystemParts, REDIS_SERVER } from "../scripts/system-parts.ts";
import { followGuide, GUIDES, packagesOfGuides } from "./support/guide-flows.ts";
import { type Manager, type NewProject, newProject } from "./support/new-project.ts";
import { ReaderFolder } from "./support/reader-folder.ts";
import { followReadme } from "./support/readme.ts";
import { startRegistry } from "./support/registry.ts";

const MANAGERS: Manager[] = ["npm", "pnpm"];
const NODES = ["22", "24", "26"];

/** The guides that stand in tests, line by line, and what these import besides. */
const GUIDE_TESTS = "sdk/test/*/guide.test.ts";
const BESIDE_TESTS = ["sdk/test/guide.ts", "e2e/support", "scripts", "docs", "README.md"];
const OF_GUIDE_TESTS = ["vitest", "zod", "express", "bullmq", "ioredis", "better-sqlite3"];

const { node: nodes } = parseArgs({
  options: { node: { type: "string", multiple: true, default: NODES } },
}).values;
await getSystemParts([REDIS_SERVER, CHROMIUM]);
const folder = mkdtempSync(join(tmpdir(), "weir-packages-"));
const failed: string[] = [];
try {
  const packed = await packPackages(join(folder, "packed"));
  const registry = await startRegistry(Object.values(packed));
  for (const version of nodes) {
    const node = await bringNode(version, join(folder, `node-${version}`));
    for (const manager of MANAGERS) {
      const project = await newProject({ registry: registry.url, manager, node: node.path });
      await tryIn(project, node.path, `Node ${node.version}, ${manager}`).finally(() => project.remove());
    }
  }
  registry.stop();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(failed.length === 0 ? "packages: ok" : `packages: failed at ${failed.join(" · ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function tryIn(project: NewProject, node: string, where: string): Promise<void> {
  await project.install(["@weir/sdk", "@weir/collector", "express"]);
  await told(`${where}: README`, () => followReadme(project));
  await project.install(packagesOfGuides());
  writeFileSync(join(project.folder, "package.json"), asModule(project.folder));
  const collector = project.start("weir", [
    "serve",
    "--port",
    "0",
    "--grpc-port",
    "off",
    "--store",
    "memory:",
  ]);
  const [, port] = await collector.printed(/listening on http:\S+:(\d+)/);
  const options = { folders: new ReaderFolder(project.folder), collector: Number(port), bin: dirname(node) };
  for (const path of GUIDES) await told(`${where}: ${path}`, () => followGuide(path, options));
  await collector.stop();
  await told(`${where}: guides in tests`, () => runGuideTests(project));
}

/** As the guides have it: `npm pkg set type=module`. */
function asModule(path: string): string {
  return JSON.stringify({ ...JSON.parse(readFileSync(join(path, "package.json"), "utf8")), type: "module" });
}

/** In the project's folder they find its packages, and nothing of this repository's. */
async function runGuideTests(project: NewProject): Promise<void> {
  for (const path of [...globSync(GUIDE_TESTS, { cwd: ROOT }), ...BESIDE_TESTS]) {
    const to = join(project.folder, path);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(ROOT, path), to, { recursive: true });
  }
  await project.install(OF_GUIDE_TESTS);
  await project.run("node", [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--dir",
    "sdk",
    "--testTimeout",
    "30000",
  ]);
}

async function told(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    console.log(`ok      ${what}`);
  } catch (error) {
    failed.push(what);
    const { message, stdout = "" } = error as Error & { stdout?: string };
    console.log(`FAILED  ${what}\n${message}\n${stdout}`);
  }
}
