// What `npm run go` runs: the programs of docs/guides/go.md as they stand there, against a collector. Needs Go, and its module
// proxy for OpenTelemetry's packages: that is why no test does it.
import { readGuide } from "./support/guide.ts";
import { expectFlowsOf } from "./support/guide-flows.ts";
import { startCollector } from "./support/processes.ts";
import { GuideFolder } from "./support/reader-folder.ts";

const collector = await startCollector();
const folders = new GuideFolder();
try {
  await expectFlowsOf(readGuide("docs/guides/go.md"), { folders, name: "go", collector: collector.port });
  console.log("go: ok");
} catch (error) {
  console.error(`go: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  await collector.stop();
  folders[Symbol.dispose]();
}
