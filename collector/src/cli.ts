#!/usr/bin/env node
/** The command `weir`: the table of its commands, and how their mistakes are told. */
import { backup } from "./commands/backup.ts";
import type { Command } from "./commands/command.ts";
import { demo } from "./commands/demo.ts";
import { doctor } from "./commands/doctor.ts";
import { exportCommand } from "./commands/export.ts";
import { importCommand } from "./commands/import.ts";
import { keys } from "./commands/keys.ts";
import { prune } from "./commands/prune.ts";
import { restore } from "./commands/restore.ts";
import { serve } from "./commands/serve.ts";
import { show, UsageError } from "./flags.ts";
import { version } from "./version.ts";

const COMMANDS: Record<string, Command> = {
  serve,
  keys,
  prune,
  backup,
  restore,
  export: exportCommand,
  import: importCommand,
  doctor,
  demo,
};

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

main(process.argv.slice(2)).catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`weir: ${message.replaceAll(/\s*\n\s*/g, " ")}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
