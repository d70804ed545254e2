/** What users install: both packages from their tarballs, in a folder that knows nothing of this repository. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData, type Problem } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Packed, packPackages } from "../scripts/packages.ts";
import { flowsOf } from "./support/api.ts";
import { type Running, startProgram } from "./support/processes.ts";

const execute = promisify(execFile);

const TYPES = "@types/node@24";
const TSC = join(import.meta.dirname, "../node_modules/.bin/tsc");

/** Types that are lost would be `any`, and take everything. */
const TYPED = `
const result: number = entry0.flow.start({ name: "a", tenant: "b" }, () => 1);
// @ts-expect-error: a flow has a tenant
entry0.flow.start({ name: "a" }, () => result);
`;

let folder: string;
let packed: Packed;
let collector: Running | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "weir-packages-"));
  packed = await packPackages(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await inFolder("npm", [
    "install",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    TYPES,
    packed.sdk,
    packed.collector,
  ]);
}, 300_000);

afterAll(async () => {
  await collector?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("the README's first program, as it stands there, is seen by the collector of the package", async () => {
  expect(await inFolder("npx", ["--no-install", "weir", "serve", "--help"])).toContain("--port");
  // Not by npx: a signal to that one does not reach the collector.
  const weir = join(folder, "node_modules/.bin/weir");
  const args = ["serve", "--port", "0", "--grpc-port", "0", "--store", `sqlite:${join(folder, "weir.db")}`];
  collector = startProgram(weir, args);
  const [, url = ""] = await collector.printed(/listening on (http:[\w./:]+)/);

  const program = /```ts\n(import { flow, setup, step }.*?)```/s.exec(readFileSync("README.md", "utf8"))?.[1];
  writeFileSync(
    join(folder, "program.mjs"),
    `${program}\nfunction validateData() {}\nfunction processData() {}`,
  );
  await inFolder(process.execPath, ["program.mjs"], { WEIR_ENDPOINT: url });

  const [flow] = await flowsOf(url);
  expect(flow).toMatchObject({ tenant: "acme-corp", name: "data_import", status: "succeeded" });
  const page = await fetch(url);
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
});

test("every entry is imported by a program and by the compiler, where no peer of it is installed", async () => {
  const { exports } = JSON.parse(readFileSync(join(folder, "node_modules/@weir/sdk/package.json"), "utf8"));
  const entries = Object.keys(exports).filter((entry) => entry !== "./package.json");
  expect(entries).toContain("./express");
  const imports = entries
    .map((entry, i) => `import * as entry${i} from "@weir/sdk${entry.slice(1)}";`)
    .join("\n");
  writeFileSync(join(folder, "entries.mts"), `${imports}\n${TYPED}`);
  await inFolder(TSC, [
    "--ignoreConfig",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2024",
    "entries.mts",
  ]);
  await inFolder(process.execPath, ["entries.mjs"]);
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

async function inFolder(program: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await execute(program, args, { cwd: folder, env: { ...process.env, ...env } });
  return stdout;
}
