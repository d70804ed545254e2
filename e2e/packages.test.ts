/** What users install: both packages from their tarballs, in a folder that knows nothing of this repository. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData, type Problem } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Packed, packPackages } from "../scripts/packages.ts";
import { type Manager, type NewProject, newProject } from "./support/new-project.ts";
import { followReadme } from "./support/readme.ts";
import { type Registry, startRegistry } from "./support/registry.ts";

const TYPES = "@types/node@24";
const TSC = join(import.meta.dirname, "../node_modules/.bin/tsc");

/** Types that are lost would be `any`, and take everything. */
const TYPED = `
const result: number = entry0.flow.start({ name: "a", tenant: "b" }, () => 1);
// @ts-expect-error: a flow has a tenant
entry0.flow.start({ name: "a" }, () => result);
`;

const tarballs = mkdtempSync(join(tmpdir(), "weir-packages-"));
let packed: Packed;
let registry: Registry;
const projects: NewProject[] = [];

beforeAll(async () => {
  packed = await packPackages(tarballs);
  registry = await startRegistry(Object.values(packed));
}, 300_000);

afterAll(() => {
  for (const project of projects) project.remove();
  registry.stop();
  rmSync(tarballs, { recursive: true, force: true });
});

async function install(manager: Manager, packages: string[]): Promise<NewProject> {
  const project = await newProject({ registry: registry.url, manager });
  projects.push(project);
  await project.install(packages);
  return project;
}

// The other versions of Node: npm run packages.
test.each(["npm", "pnpm"] as const)(
  "with %s, what the README says to type shows flows on the page",
  async (manager) => {
    await followReadme(await install(manager, ["@weir/sdk", "@weir/collector", "express"]));
  },
  120_000,
);

test("every entry is imported by a program and by the compiler, where no peer of it is installed", async () => {
  const { folder, run } = await install("pnpm", ["@weir/sdk", TYPES]);
  const { exports } = JSON.parse(readFileSync(join(folder, "node_modules/@weir/sdk/package.json"), "utf8"));
  const entries = Object.keys(exports).filter((entry) => entry !== "./package.json");
  expect(entries).toContain("./express");
  const imports = entries
    .map((entry, i) => `import * as entry${i} from "@weir/sdk${entry.slice(1)}";`)
    .join("\n");
  writeFileSync(join(folder, "entries.mts"), `${imports}\n${TYPED}`);
  await run(TSC, ["--ignoreConfig", "--strict", "--module", "nodenext", "--target", "es2024", "entries.mts"]);
  await run("node", ["entries.mjs"]);
});

test("publint and arethetypeswrong find nothing", async () => {
  for (const file of [packed.sdk, packed.collector]) {
    const tarball = new Uint8Array(readFileSync(file)).buffer;
    const { messages } = await publint({ pack: { tarball }, strict: true });
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)));
    const problems = analysis.types === false ? ["it has no types"] : analysis.problems.filter(isOfModules);
    expect([messages, problems], file).toEqual([[], []]);
  }
});

/** We publish modules only. */
function isOfModules(problem: Problem): boolean {
  const kinds = ["node16-cjs", "node10"];
  return (
    problem.kind !== "CJSResolvesToESM" &&
    !("resolutionKind" in problem && kinds.includes(problem.resolutionKind))
  );
}
