#!/usr/bin/env node
// Plain JavaScript, so that a Node too old for the rest can still say so instead of crashing.
import { existsSync } from "node:fs";

// What dies young is given back sooner: docs/guides/sizing.md says what that saves.
const YOUNG = "--max-semi-space-size=8";

const [major, minor] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  // The checkout runs from source; a package brings what was built from it.
  const source = new URL("../src/cli.ts", import.meta.url);
  if (existsSync(source)) await import(source.href);
  else {
    if (process.argv[2] === "serve") boundMemory();
    await import(new URL("../dist/cli.js", import.meta.url).href);
  }
} else {
  process.stderr.write(`weir: expected Node 22.18 or newer, got ${process.versions.node}\n`);
  process.exitCode = 1;
}

/**
 * V8 takes the bound when it starts, and there is no other place for a package to say it: so this process begins anew
 * with it, under the same number. Not where someone chose a bound, nor where a parent has a channel to it, which would
 * be lost, nor on Windows, where no process can be replaced.
 */
function boundMemory() {
  const chosen = `${process.env.NODE_OPTIONS ?? ""} ${process.execArgv.join(" ")}`;
  if (/semi[-_]space/.test(chosen) || process.send !== undefined || process.platform === "win32") return;
  process.execve?.(process.execPath, [
    process.execPath,
    YOUNG,
    ...process.execArgv,
    ...process.argv.slice(1),
  ]);
}
