import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./run.ts";
import { unnamed } from "./unnamed.ts";

const sdk = { repository: { url: "git+https://git.acme.example/weir.git", directory: "sdk" } };

test("a release asks for the repository of each package, and for teams that there are", () => {
  expect(unnamed("* @acme/platform\n", { sdk })).toEqual([]);
  expect(unnamed("* @OWNER/maintainers\n", { sdk, collector: sdk })).toEqual([
    expect.stringContaining("collector/package.json: expected"),
    expect.stringContaining(".github/CODEOWNERS: expected"),
  ]);
  expect(unnamed("", { sdk: {} })).toEqual([expect.stringContaining("got nothing; in sdk: npm pkg set")]);
});

test("every file that has an owner is there", () => {
  const owners = readFileSync(join(ROOT, ".github/CODEOWNERS"), "utf8");
  const paths = [...owners.matchAll(/^\/(\S+)/gm)].map(([, path = ""]) => path);
  expect(paths.length).toBeGreaterThan(4);
  for (const path of paths) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
});
