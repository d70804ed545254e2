/** Every program and command of these guides, as it stands there, and the flows that they promise. */
import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../scripts/free-port.ts";
import { readGuide } from "./support/guide.ts";
import { followGuide, GUIDES } from "./support/guide-flows.ts";
import { type RunningCollector, startCollector } from "./support/processes.ts";
import { GuideFolder } from "./support/reader-folder.ts";
import { runGuide } from "./support/run-guide.ts";

const TSC = join(import.meta.dirname, "../node_modules/.bin/tsc");

const folders = new GuideFolder();
let collector: RunningCollector;

beforeAll(async () => {
  collector = await startCollector();
});

afterAll(async () => {
  await collector.stop();
  folders[Symbol.dispose]();
});

test.each(GUIDES)("%s", (path) => followGuide(path, { folders, collector: collector.port }));

test("every page that has programs or commands is run by some test", () => {
  const tests = globSync("{e2e,sdk/test}/**/*.ts").map((file) => readFileSync(file, "utf8"));
  // A benchmark takes minutes, and its figures are none that a test could hold.
  const pages = globSync("docs/{*,guides/*}.md").filter((page) => page !== "docs/benchmarks.md");
  const withCode = pages.filter((page) => /^```(ts|sh|python|go)$/m.test(readFileSync(page, "utf8")));
  expect(withCode.length).toBeGreaterThan(15);
  const forgotten = withCode
    .map((page) => page.replace(/^docs\/|\.md$/g, ""))
    .filter((name) => !tests.some((text) => text.includes(`${name}.md"`) || text.includes(`"${name}"`)));
  expect(forgotten).toEqual([]);
});

test("the quick start begins with the README's program", () => {
  const [, program = "nothing"] = /```ts\n(.*?)```/s.exec(readFileSync("README.md", "utf8")) ?? [];
  expect(readGuide("docs/quick-start.md").programs["first.ts"]).toBe(`// first.ts\n${program}`);
});

test("guides/testing: its tests pass, and need no collector", async () => {
  const guide = readGuide("docs/guides/testing.md");
  expect(guide.commands).toContain("node --test order.test.ts");
  const options = { folders, name: "testing", collector: await freePort() };
  await runGuide(guide, options, async (expected) => expect(expected).toBe(""));
});

test("their programs are sound TypeScript", async () => {
  const checked = promisify(execFile)(TSC, ["--project", folders.path], { cwd: folders.path });
  expect((await checked.catch((error: { stdout: string }) => error)).stdout).toBe("");
});
