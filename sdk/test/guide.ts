/** For the tests that run the snippets of a guide: each stands in its test, line by line. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";

/** Each test of the file in a folder of its own: snippets keep their journals and jobs where they are run. */
export function runInOwnFolder(): void {
  const home = process.cwd();
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "weir-guide-"));
    process.chdir(folder);
  });
  afterEach(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true, force: true });
  });
}

/** @returns the code of each ```ts block, as it stands there */
export function snippetsIn(guide: URL): string[] {
  return [...readFileSync(guide, "utf8").matchAll(/```ts\n(.*?)```/gs)].map(([, snippet = ""]) => snippet);
}

/** Without imports, indentation and empty lines. */
export function linesOf(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("import "))
    .join("\n");
}
