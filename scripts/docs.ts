// What `npm run docs` runs: writes docs/reference from the code. With `--check` it only says whether that is true to it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { referencePages } from "./docs/pages.ts";
import { ROOT } from "./run.ts";

const FOLDER = join(ROOT, "docs", "reference");

const { check } = parseArgs({ options: { check: { type: "boolean", default: false } } }).values;
const pages = await referencePages();
const stale = await differences(pages);
if (!check) await write(pages);
if (check && stale.length > 0) {
  console.log(
    `docs/reference is not what the code says, at ${stale.join(", ")}: run npm run docs, and commit what it writes`,
  );
  process.exitCode = 1;
} else
  console.log(
    `docs/reference: ${pages.size} pages, ${check ? "as the code says" : `${stale.length} changed`}`,
  );

async function differences(wanted: ReadonlyMap<string, string>): Promise<string[]> {
  const there = new Map<string, string>();
  for await (const file of glob("**/*.md", { cwd: FOLDER }))
    there.set(file, readFileSync(join(FOLDER, file), "utf8"));
  const names = new Set([...wanted.keys(), ...there.keys()]);
  return [...names].filter((name) => wanted.get(name) !== there.get(name)).sort();
}

async function write(wanted: ReadonlyMap<string, string>): Promise<void> {
  rmSync(FOLDER, { recursive: true, force: true });
  for (const [name, text] of wanted) {
    const path = join(FOLDER, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
