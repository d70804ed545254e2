// What `npm run check` runs: types, lint and format, unused code, the reference. All of them, even when one fails.
import { run } from "./run.ts";

const PROJECTS = ["tsconfig.json", "sdk", "collector", "ui", "examples", "examples/live-sync/page", "e2e"];

const CHECKS = [
  ...PROJECTS.map((project) => ({
    heading: `types: ${project === "tsconfig.json" ? "scripts, bench, soak" : project}`,
    command: "tsc",
    args: ["--noEmit", "--pretty", "false", "--project", project],
  })),
  { heading: "lint and format", command: "biome", args: ["check", "--error-on-warnings", "."] },
  { heading: "unused code", command: "knip", args: ["--no-progress"] },
  { heading: "reference", command: "node", args: ["scripts/docs.ts", "--check"] },
];

const failed: string[] = [];
for (const { heading, command, args } of CHECKS) {
  console.log(`\n── ${heading}`);
  const started = performance.now();
  const code = await run(command, args);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${code === 0 ? "ok" : "FAILED"} · ${seconds} s`);
  if (code !== 0) failed.push(heading);
}
console.log(failed.length === 0 ? "\ncheck: ok" : `\ncheck: failed at ${failed.join(" · ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
