import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./run.ts";

/** What Node runs as it stands. Tests are compiled before they run, the packages before they are published. */
const RUN = "{sdk,collector,examples,e2e,bench,soak,scripts}/**/*.{ts,mjs}";
const NOT_RUN = ["**/node_modules/**", "**/dist/**", "**/*.test.ts", "**/*.contract.ts"];

test("no file that Node runs as it stands declares with `using`: Node 22 does not know it", () => {
  const files = globSync(RUN, { cwd: ROOT, exclude: NOT_RUN });
  expect(files.length).toBeGreaterThan(500);
  const using = files.filter((file) =>
    /^\s*(await )?using \w+ =/m.test(readFileSync(join(ROOT, file), "utf8")),
  );
  expect(using).toEqual([]);
});
