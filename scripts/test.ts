// What `npm test` runs: the check, the page, every test. Arguments are vitest's: `npm test -- sdk`.
// The last line on stdout is alone and counts: `N passed, N failed`.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPage } from "./build-page.ts";
import { type Count, countLine, countTests } from "./count-tests.ts";
import { run } from "./run.ts";
import { CHROMIUM, getSystemParts, REDIS_SERVER } from "./system-parts.ts";

const [redisServer, chromium] = await getSystemParts([REDIS_SERVER, CHROMIUM]);
const found = {
  ...(redisServer && { [REDIS_SERVER.variable]: redisServer }),
  ...(chromium && { [CHROMIUM.variable]: chromium }),
};

const checkFailed = (await run("node", ["scripts/check.ts"])) !== 0;
const pageFailed = !(await isPageBuilt());
const tests = await runTests(process.argv.slice(2));

const count: Count = { ...tests, failed: tests.failed + Number(checkFailed) + Number(pageFailed) };
if (checkFailed) console.log("\nThe check failed: it counts as one failed test.");
if (pageFailed) console.log("\nThe page could not be built: it counts as one failed test.");
console.log(`\n${countLine(count)}`);
process.exitCode = count.failed === 0 && count.passed > 0 ? 0 : 1;

async function isPageBuilt(): Promise<boolean> {
  try {
    await buildPage();
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
}

async function runTests(filters: string[]): Promise<Count> {
  const folder = mkdtempSync(join(tmpdir(), "weir-tests-"));
  const report = join(folder, "report.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    // Hundreds of processes are started, many with the same files: what the first made of them is there for the rest.
    const env = { ...found, NODE_COMPILE_CACHE: join(folder, "compiled") };
    const code = await run("vitest", ["run", ...reporters, ...filters], { env });
    return countTests(report, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
