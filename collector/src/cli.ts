#!/usr/bin/env node
/** The command `weir`: reads argv and the environment, wires the parts together, speaks to the terminal. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createApp } from "./app.ts";
import { readDoctorConfig, readServeConfig, show, UsageError } from "./config.ts";
import { isLoopback } from "./host.ts";
import { serve } from "./serve.ts";

const HELP = `weir shows where every customer's workflow stands

  weir serve [--host 127.0.0.1] [--port 4318] [--store sqlite:./data/weir.db] [--insecure-open]

    --host           address to listen on (WEIR_HOST)
    --port           port to listen on, 0 picks a free one (WEIR_PORT)
    --store          where flows are kept (WEIR_STORE)
    --insecure-open  allow a host that others can reach, without keys (WEIR_INSECURE_OPEN=1)

  weir doctor [URL] [--redis redis://127.0.0.1:6379]

    proves, from a service's folder and with its settings, that a flow sent from here arrives and crosses a hop

    URL              the collector (default: WEIR_ENDPOINT, or what else the SDK's setup() goes by; the key: WEIR_API_KEY)
    --redis          proves a queue hop too, with the bullmq of this folder (WEIR_REDIS)

  weir --help
  weir --version
`;

const COMMANDS: Record<string, (args: string[]) => void | Promise<void>> = {
  serve: runServe,
  doctor: runDoctor,
  "--help": () => void process.stdout.write(HELP),
  "--version": () => void process.stdout.write(`${version()}\n`),
};

async function runServe(args: string[]): Promise<void> {
  const config = readServeConfig(args, process.env);
  // Only here: the other commands, and mistakes, need no database driver.
  const { openSqliteStore } = await import("./sqlite/index.ts");
  const store = openSqliteStore({ path: config.storePath });
  const app = createApp({
    store,
    pageDir: fileURLToPath(new URL("../page", import.meta.url)),
    ...(isLoopback(config.host) ? { ownHost: config.host } : {}),
    warn: (line) => void process.stderr.write(`weir: ${line}\n`),
  });
  await serve(app, store, config);
}

async function runDoctor(args: string[]): Promise<void> {
  const config = readDoctorConfig(args, process.env);
  const { doctor } = await import("./doctor/index.ts");
  const { env, stdout: out } = process;
  if (!(await doctor({ ...config, folder: process.cwd(), env, out }))) process.exitCode = 1;
}

function version(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

async function main([first, ...args]: string[]): Promise<void> {
  const name = args.includes("--help") ? "--help" : first;
  const command = Object.hasOwn(COMMANDS, name ?? "") ? COMMANDS[name ?? ""] : undefined;
  if (command === undefined) {
    const got = name === undefined ? "nothing" : show(name);
    throw new UsageError(`expected ${Object.keys(COMMANDS).join(", ")}, got ${got}`);
  }
  await command(args);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`weir: ${message.replaceAll(/\s*\n\s*/g, " ")}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
