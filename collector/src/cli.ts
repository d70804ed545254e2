#!/usr/bin/env node
/** The command `weir`: finds the command that is meant, and tells its mistakes. */
import { COMMANDS } from "./commands/index.ts";
import { show, UsageError } from "./flags.ts";
import { version } from "./version.ts";

async function main([name = "", ...args]: string[]): Promise<void> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (name === "--version") return void process.stdout.write(`${version()}\n`);
  if (name === "--help" || args.includes("--help")) {
    return void process.stdout.write(command === undefined ? helpOfAll() : command.help);
  }
  if (command !== undefined) return await command.run(args, process.env);
  const expected = [...Object.keys(COMMANDS), "--help", "--version"].join(", ");
  throw new UsageError(`expected ${expected}, got ${name === "" ? "nothing" : show(name)}`);
}

function helpOfAll(): string {
  const each = Object.values(COMMANDS).map(({ help }) => help);
  return [
    "weir shows where every customer's workflow stands\n",
    ...each,
    "  weir --help\n  weir --version\n",
  ].join("\n");
}

/** Where what is expected stands at length. */
function seeHelp(name = ""): string {
  return Object.hasOwn(COMMANDS, name) ? ` (see weir ${name} --help)` : " (see weir --help)";
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof UsageError ? seeHelp(process.argv[2]) : "";
  process.stderr.write(`weir: ${message.replaceAll(/\s*\n\s*/g, " ")}${hint}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
