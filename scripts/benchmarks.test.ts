/** The page on benchmarks, held against those that there are, and what the README quotes of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./run.ts";

const PAGE = read("docs/benchmarks.md");

test("has a section for each benchmark, and for no other", () => {
  const [, table = ""] = /const MEASURES.*?= \{(.*?)\};/s.exec(read("bench/run.ts")) ?? [];
  const names = [...table.matchAll(/^ {2}(\w+),$/gm)].map(([, name]) => name);
  const sections = [...PAGE.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(10);
  expect(sections.toSorted()).toEqual(names.toSorted());
});

test("has each figure that the README quotes", () => {
  const [, quoted = ""] = /^## Measured\n(.*?)^## /ms.exec(read("README.md")) ?? [];
  const rows = quoted.split("\n").filter((line) => /^\| .*\d.* \|$/.test(line));
  expect(rows.length).toBeGreaterThan(4);
  for (const row of rows) expect(PAGE.split("\n")).toContain(row);
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}
