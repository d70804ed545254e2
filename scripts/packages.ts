// Builds what users install, `@weir/sdk` and `@weir/collector`, and packs each: `npm run pack -- --to FOLDER`.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { buildPage } from "./build-page.ts";
import { ROOT } from "./run.ts";
import { environment, fitPnpm } from "./toolchain.mjs";

/** Where each package's tarball is. */
export interface Packed {
  sdk: string;
  collector: string;
}

/** What the compiler does not carry over: statements in SQL, and code that was generated as JavaScript. */
const ASSETS = "src/**/*.{sql,js,d.ts}";

const execute = promisify(execFile);

/**
 * @param folder where the tarballs go; made where it is missing
 * @throws when a package cannot be built, with what its compiler said
 * @example const { sdk } = await packPackages("/tmp/weir"); // /tmp/weir/weir-sdk-0.1.0.tgz
 */
export async function packPackages(folder: string): Promise<Packed> {
  mkdirSync(folder, { recursive: true });
  await buildPage();
  return { sdk: await packed("sdk", folder), collector: await packed("collector", folder) };
}

/** pnpm puts versions where the manifest says `catalog:` and `workspace:`, and what is built where it says `publishConfig`. */
async function packed(name: string, folder: string): Promise<string> {
  await buildPackage(name);
  const { program, first } = await fitPnpm(process.execPath);
  const args = [...first, "pack", "--json", "--pack-destination", resolve(folder)];
  return JSON.parse(await output(program, args, name)).filename;
}

/** Compiles `sdk` or `collector` to its `dist`. */
export async function buildPackage(name: string): Promise<void> {
  const source = join(ROOT, name);
  rmSync(join(source, "dist"), { recursive: true, force: true });
  await output(join(ROOT, "node_modules", ".bin", "tsc"), ["--project", "tsconfig.build.json"], name);
  for await (const file of glob(ASSETS, { cwd: source }))
    cpSync(join(source, file), join(source, file.replace(/^src/, "dist")));
  await completeTypes(source);
}

/** Types that hold for whoever checks those of his packages too, whatever he has set and installed. */
async function completeTypes(source: string): Promise<void> {
  const { peerDependenciesMeta = {} } = JSON.parse(readFileSync(join(source, "package.json"), "utf8"));
  for await (const file of glob("dist/**/*.d.ts", { cwd: source })) {
    const path = join(source, file);
    const types = readFileSync(path, "utf8");
    writeFileSync(path, references(types) + withoutPeers(types, Object.keys(peerDependenciesMeta)));
  }
}

/** What a file needs and a compiler takes only where it is told to. */
function references(types: string): string {
  const disposable = /\bAsyncDisposable\b|\bDisposable\b|\bSymbol\.(asyncDispose|dispose)\b/.test(types);
  return [
    disposable ? '/// <reference lib="esnext.disposable" />\n' : "",
    /["']node:/.test(types) ? '/// <reference types="node" />\n' : "",
  ].join("");
}

/**
 * Types of an optional peer are `any` where it is not installed: else whoever has no Redis would be told that ioredis is
 * missing.
 */
function withoutPeers(types: string, peers: string[]): string {
  if (peers.length === 0) return types;
  const importOfPeer = new RegExp(`^import .* from "(${peers.join("|")})(/.*)?";$`, "gm");
  return types.replace(importOfPeer, "// @ts-ignore: an optional peer\n$&");
}

async function output(program: string, args: string[], name: string): Promise<string> {
  const options = { cwd: join(ROOT, name), env: environment(process.execPath) };
  try {
    return (await execute(program, args, options)).stdout;
  } catch (error) {
    const { stdout, stderr, message } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`${name} could not be packed: ${stdout || stderr || message}`, { cause: error });
  }
}

if (import.meta.main) {
  const { to } = parseArgs({ options: { to: { type: "string", default: "dist" } } }).values;
  for (const file of Object.values(await packPackages(to))) console.log(file);
}
