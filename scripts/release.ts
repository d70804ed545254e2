// Makes a release of what `npx changeset` has gathered: `npm run release`, then `npm run release -- --publish`.
//
// The first raises the versions, also of the container's image, dates the changelog and commits, once every test has passed: to
// be looked at, and put on main as any other change. The second, on main, tags that commit and publishes the packages that are
// built of it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { datedChangelog } from "./dated-changelog.ts";
import { IMAGE_FILES } from "./image-files.ts";
import { isPublished } from "./is-published.ts";
import { packPackages } from "./packages.ts";
import { ROOT, run } from "./run.ts";
import { type Named, unnamed } from "./unnamed.ts";

/** In the order in which they are published: the collector depends on the SDK of its version. */
const PACKAGES = ["sdk", "collector"] as const;
const CHANGELOG = join(ROOT, "CHANGELOG.md");

const { publish } = parseArgs({ options: { publish: { type: "boolean", default: false } } }).values;
try {
  const changed = git("status", "--porcelain");
  if (changed !== "")
    throw new Error(`expected nothing that is not committed; commit these, or git restore them:\n${changed}`);
  const missing = unnamed(
    readFileSync(join(ROOT, ".github", "CODEOWNERS"), "utf8"),
    Object.fromEntries(PACKAGES.map((folder) => [folder, manifest(folder)])),
  );
  if (missing.length > 0) throw new Error(missing.join("\nrelease: "));
  await (publish ? publishRelease() : prepareRelease());
} catch (error) {
  console.error(`release: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

async function prepareRelease(): Promise<void> {
  const before = version();
  await must("changeset", ["version"]);
  const now = version();
  if (now === before)
    throw new Error("there is nothing to release: npx changeset says what a change means for users");
  const today = new Date().toISOString().slice(0, 10);
  writeFileSync(CHANGELOG, datedChangelog(readFileSync(CHANGELOG, "utf8"), now, today));
  for (const file of IMAGE_FILES.map((name) => join(ROOT, name)))
    writeFileSync(file, readFileSync(file, "utf8").replaceAll(`weir:${before}`, `weir:${now}`));
  await must("node", ["scripts/test.ts"]);
  git("add", "--all");
  git("commit", "--message", `Release ${now}`);
  console.log(`release: ${now} is committed. Once it is on main: npm run release -- --publish`);
}

async function publishRelease(): Promise<void> {
  const tag = `v${version()}`;
  if (git("tag", "--list", tag) !== "")
    throw new Error(`${tag} is published already: npm run release makes the next`);
  const branch = git("rev-parse", "--abbrev-ref", "HEAD");
  if (branch !== "main") throw new Error(`expected the branch main, got ${branch}: git switch main`);
  const packed = await packPackages(mkdtempSync(join(tmpdir(), "weir-release-")));
  for (const folder of PACKAGES) {
    const spec = `@weir/${folder}@${version()}`;
    // Where this was begun before, and did not come to its end.
    if (await isPublished(spec)) console.log(`release: ${spec} is there already`);
    else execFileSync("npm", ["publish", "--access", "public", packed[folder]], { stdio: "inherit" });
  }
  git("tag", "--annotate", tag, "--message", tag);
  git("push", "origin", tag);
}

function version(): string {
  return manifest("sdk").version;
}

function manifest(folder: string): Named & { version: string } {
  return JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
}

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();
}

async function must(name: string, args: string[]): Promise<void> {
  const code = await run(name, args);
  if (code !== 0) throw new Error(`${name} ${args.join(" ")} ended with exit code ${code}`);
}
