/** The examples in the doc comments of what users import: the reference shows them, and so does every editor. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Example, type Examples, examplesOf } from "../scripts/docs/examples.ts";
import { programOf } from "./support/example-programs.ts";
import { GuideFolder } from "./support/reader-folder.ts";

const TSC = join(import.meta.dirname, "../node_modules/.bin/tsc");
/** `statement; // what comes of it` */
const RESULT = /^(?!\/\/)(.+?);? \/\/ (.+)$/gm;

const execute = promisify(execFile);
const folder = new GuideFolder();
let examples: Examples["examples"];
let names: Examples["names"];

beforeAll(async () => {
  ({ examples, names } = await examplesOf("sdk", "collector"));
}, 120_000);

afterAll(() => folder[Symbol.dispose]());

test("they are sound TypeScript", async () => {
  expect(examples.length).toBeGreaterThan(100);
  const programs = examples.map((example, i) => [`${nameOf(example, i)}.tsx`, programOf(example, names)]);
  folder.write("examples", Object.fromEntries(programs));
  const config = join(folder.path, "examples.json");
  const settings = {
    extends: "./tsconfig.json",
    compilerOptions: { jsx: "preserve" },
    include: ["examples/*.tsx"],
  };
  writeFileSync(config, JSON.stringify(settings));
  const checked = execute(TSC, ["--project", config], { cwd: folder.path });
  expect((await checked.catch((error: { stdout: string }) => error)).stdout).toBe("");
});

test("what they say comes of it, comes of it", async () => {
  const telling = examples.filter(({ text }) => text.match(RESULT));
  expect(telling.length).toBeGreaterThan(1);
  const programs = telling.map((example, i) => {
    const text = example.text.replaceAll(RESULT, "deepEqual($1, $2);");
    const program = programOf({ ...example, text }, names);
    return [
      `${nameOf(example, i)}.ts`,
      `import { deepEqual } from "node:assert/strict";\n${program}\nawait example();`,
    ];
  });
  const at = folder.write("results", Object.fromEntries(programs));
  for (const [file] of programs) await execute(process.execPath, [join(at, String(file))]);
});

/** Tells whose example it is in what the compiler says. */
function nameOf({ specifier, of }: Example, i: number): string {
  return `${i}-${`${specifier} ${of}`.replaceAll(/\W+/g, "-")}`;
}
