/** What keeps dependencies current leaves alone those that are old on purpose. */
import { readFileSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./run.ts";

test("no older major that is tried beside the current one is raised", () => {
  const ignored = [...read(".github/dependabot.yml").matchAll(/dependency-name: "?([^"\n]+)/g)];
  const patterns = ignored.map(([, pattern = ""]) => pattern);
  const aliases = ["package.json", "sdk/package.json", "collector/package.json", "ui/package.json"]
    .flatMap((file) => [...read(file).matchAll(/"([^"]+)": "npm:/g)])
    .map(([, alias = ""]) => alias);
  expect(aliases.length).toBeGreaterThan(5);
  const raised = aliases.filter((alias) => !patterns.some((pattern) => matchesGlob(alias, pattern)));
  expect(raised).toEqual([]);
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}
