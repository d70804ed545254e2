/**
 * What importing the SDK loads, as users have it: files, their bytes, the packages that they are of, and the CPU beyond that of a
 * program that does nothing.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildPackage } from "../scripts/packages.ts";
import type { LoadedFile } from "./loaded.ts";
import { type Figure, median, whole } from "./table.ts";

const SDK = fileURLToPath(new URL("../sdk/", import.meta.url));
const LOADED = fileURLToPath(new URL("./loaded.ts", import.meta.url));
const EMPTY = "data:text/javascript,";
const ROUNDS = 15;
const run = promisify(execFile);

export async function size(): Promise<Figure[]> {
  await buildPackage("sdk");
  const { publishConfig } = JSON.parse(readFileSync(join(SDK, "package.json"), "utf8"));
  const figures: Figure[] = [];
  for (const [entry, built] of Object.entries<{ default?: string }>(publishConfig.exports)) {
    if (built.default !== undefined)
      figures.push(await sizeOf(`@weir/sdk${entry.slice(1)}`, join(SDK, built.default)));
  }
  return figures;
}

async function sizeOf(entry: string, file: string): Promise<Figure> {
  const { stdout } = await run(process.execPath, [LOADED, file]);
  const loaded: LoadedFile[] = JSON.parse(stdout);
  const own = loaded.filter((each) => each.package === null);
  const others = new Set(loaded.flatMap((each) => each.package ?? []));
  return {
    what: `import of ${entry}`,
    value: `${await millisecondsOf(file)} ms of CPU`,
    beside: `${countOf(loaded)}; of these Weir's own ${countOf(own)}; packages of others: ${others.size}`,
  };
}

/** Of CPU, beyond those of a program that does nothing; in turn with it. */
async function millisecondsOf(file: string): Promise<string> {
  const differences: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const empty = await tookToImport(EMPTY);
    differences.push((await tookToImport(file)) - empty);
  }
  return median(differences).toFixed(0);
}

async function tookToImport(module: string): Promise<number> {
  const program = `import ${JSON.stringify(module)}; console.log(JSON.stringify(process.cpuUsage()));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program]);
  const { user, system }: NodeJS.CpuUsage = JSON.parse(stdout);
  return (user + system) / 1000;
}

function countOf(files: LoadedFile[]): string {
  return `${files.length} files, ${whole(files.reduce((sum, { bytes }) => sum + bytes, 0) / 1024)} KiB`;
}
