import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./run.ts";

test.each(["sdk", "collector"])("what %s publishes has the entries that its source has", (name) => {
  const { exports, publishConfig } = JSON.parse(readFileSync(join(ROOT, name, "package.json"), "utf8"));
  const built = Object.entries<string>(exports).map(([entry, source]) => {
    const path = source.replace("./src/", "./dist/").replace(/\.tsx?$/, "");
    return [entry, { types: `${path}.d.ts`, default: `${path}.js` }];
  });
  expect(publishConfig.exports).toEqual({ ...Object.fromEntries(built), "./package.json": "./package.json" });
});
