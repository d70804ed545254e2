/** Journaled entries a second, each with its value encoded, by 64 runs at once. Each journal in a process of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startRedis } from "../e2e/support/processes.ts";
import { type Figure, median, whole } from "./table.ts";
import { measureIn } from "./workers.ts";

const WORKER = fileURLToPath(new URL("./journal-worker.ts", import.meta.url));
const ROUNDS = 3;

export async function journal(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  const redis = await startRedis();
  const rates = { memory: [] as number[], sqlite: [] as number[], redis: [] as number[] };
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      rates.memory.push(Number(await measureIn(WORKER, ["memory"])));
      rates.sqlite.push(Number(await measureIn(WORKER, [join(folder, `journal-${round}.db`)])));
      rates.redis.push(Number(await measureIn(WORKER, [redis.url])));
    }
  } finally {
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return [
    figure("in memory", rates.memory, "the goal is 300,000"),
    figure("in SQLite", rates.sqlite, "each on the disk before it is told, the commits shared"),
    figure("in Redis", rates.redis, "a server on this machine that keeps nothing on its disk"),
  ];
}

function figure(where: string, rates: number[], beside: string): Figure {
  return { what: `entries a second, 64 runs at once, ${where}`, value: whole(median(rates)), beside };
}
