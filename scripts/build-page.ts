import { createHash } from "node:crypto";
import { type Dirent, existsSync, readFileSync, writeFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { join, relative } from "node:path";
import { withLock } from "./lock.mjs";
import { ROOT, run } from "./run.ts";

const PAGE = join(ROOT, "collector", "page", "index.html");
// Outside the page's folder: what is in there is served.
const BUILT_FROM = join(ROOT, "node_modules", ".weir-page");
/** What of the page lies outside its folder: `ui` may take nothing else that runs from the collector. */
const ELSEWHERE = ["pnpm-lock.yaml", "tsconfig.base.json", "collector/src/words.ts"];
const LOCK = join(ROOT, "node_modules", ".weir-page-lock");

/**
 * Builds the web page into `collector/page`, unless it is there and was built from these same sources.
 *
 * @returns whether it had to be built
 * @throws when the build fails; its own output has said why
 * @example await buildPage();
 */
export async function buildPage(): Promise<boolean> {
  const sources = await fingerprint();
  if (isBuilt(sources)) return false;
  return await withLock(LOCK, async () => {
    if (isBuilt(sources)) return false;
    process.stderr.write("weir: building the page …\n");
    const code = await run("vite", ["build", "--logLevel", "warn"], { folder: "ui" });
    if (code !== 0) throw new Error(`the page could not be built: vite ended with exit code ${code}`);
    if (!existsSync(PAGE)) throw new Error(`the page could not be built: vite made no ${PAGE}`);
    writeFileSync(BUILT_FROM, sources);
    return true;
  });
}

function isBuilt(sources: string): boolean {
  return existsSync(PAGE) && existsSync(BUILT_FROM) && readFileSync(BUILT_FROM, "utf8") === sources;
}

/** By content, not by time: a fresh clone and a switch of branches change every time stamp. */
async function fingerprint(): Promise<string> {
  const files = ELSEWHERE.map((file) => join(ROOT, file));
  for await (const entry of glob("ui/**", { cwd: ROOT, exclude: isNoSource, withFileTypes: true })) {
    if (entry.isFile()) files.push(join(entry.parentPath, entry.name));
  }
  const hash = createHash("sha256");
  for (const file of files.sort()) hash.update(relative(ROOT, file)).update("\0").update(readFileSync(file));
  return hash.digest("hex");
}

function isNoSource(entry: Dirent): boolean {
  return entry.name === "node_modules" || /\.test\.tsx?$/.test(entry.name);
}
