#!/usr/bin/env node
// Plain JavaScript, so that a Node too old for the rest can still say so instead of crashing.
import { existsSync } from "node:fs";

const [major, minor] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  // The checkout runs from source; a package brings what was built from it.
  const source = new URL("../src/cli.ts", import.meta.url);
  await import(existsSync(source) ? source.href : new URL("../dist/cli.js", import.meta.url).href);
} else {
  process.stderr.write(`weir: expected Node 22.18 or newer, got ${process.versions.node}\n`);
  process.exitCode = 1;
}
