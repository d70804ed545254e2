#!/usr/bin/env node
// Plain JavaScript, so that a Node too old for the rest can still say so instead of crashing.
const [major, minor] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  await import("../src/cli.ts");
} else {
  process.stderr.write(`weir: expected Node 22.18 or newer, got ${process.versions.node}\n`);
  process.exitCode = 1;
}
