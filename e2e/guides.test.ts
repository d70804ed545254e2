/** Every program and command of these guides, as it stands there, and the flows that they promise. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../scripts/free-port.ts";
import { flowOf, flowsOf, until } from "./support/api.ts";
import { drawn, GuideFolder, readGuide, runGuide } from "./support/guide.ts";
import { type RunningCollector, startCollector } from "./support/processes.ts";

const ALL = "?limit=500";
// Below docs/.
const GUIDES = [
  "quick-start",
  "guides/express",
  "guides/fastify",
  "guides/bullmq",
  "guides/fetch-and-http",
  "guides/hand-off",
  "guides/beside",
  "guides/which",
  "guides/from-dashfrog",
  "guides/trust",
];
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

test.each(GUIDES)("%s", async (path) => {
  const guide = readGuide(`docs/${path}.md`);
  expect(guide.flows).not.toBe("");
  const startsCollector = guide.commands.some((command) => command.startsWith("npx weir serve"));
  const port = startsCollector ? await freePort() : collector.port;
  const url = `http://127.0.0.1:${port}`;
  const before = startsCollector ? [] : (await flowsOf(url, ALL)).map(({ id }) => id);
  await runGuide(guide, folders, basename(path), port, async (expected, outputs) => {
    let last = "";
    const seen = async () => {
      const flows = (await flowsOf(url, ALL)).filter(({ id }) => !before.includes(id));
      const whole = await Promise.all(flows.map(({ tenant, id }) => flowOf(url, tenant, id)));
      last = whole.toReversed().map(drawn).join("\n\n");
      return last === expected;
    };
    await until("the flows of the guide", seen).catch(() => expect(last, outputs()).toBe(expected));
  });
});

test("the quick start begins with the README's program", () => {
  const [, program = "nothing"] = /```ts\n(.*?)```/s.exec(readFileSync("README.md", "utf8")) ?? [];
  expect(readGuide("docs/quick-start.md").programs["first.ts"]).toBe(`// first.ts\n${program}`);
});

test("guides/testing: its tests pass, and need no collector", async () => {
  const guide = readGuide("docs/guides/testing.md");
  expect(guide.commands).toContain("node --test order.test.ts");
  await runGuide(guide, folders, "testing", await freePort(), async (expected) => expect(expected).toBe(""));
});

test("their programs are sound TypeScript", async () => {
  const checked = promisify(execFile)(TSC, ["--project", folders.path], { cwd: folders.path });
  expect((await checked.catch((error: { stdout: string }) => error)).stdout).toBe("");
});
