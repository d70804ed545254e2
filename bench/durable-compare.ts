/**
 * Durable flows beside those of `@dbos-inc/dbos-sdk`, each with the store that it has by default: SQLite here, PostgreSQL there,
 * both asked to have each step on the disk before it is told. Each in a process of its own, in turns.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startPostgres } from "./postgres.ts";
import { type Figure, median, whole } from "./table.ts";
import { measureIn } from "./workers.ts";

const WORKER = fileURLToPath(new URL("./durable-compare-worker.ts", import.meta.url));
const ROUNDS = 3;

export async function durableCompare(): Promise<Figure[]> {
  const postgres = await startPostgres();
  if (postgres === undefined) return [];
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  const rates = { weir: [] as number[], dbos: [] as number[] };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      rates.dbos.push(Number(await measureIn(WORKER, ["dbos", postgres.url])));
      rates.weir.push(Number(await measureIn(WORKER, ["weir", join(folder, `journal-${round}.db`)])));
    }
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const [weir, dbos] = [median(rates.weir), median(rates.dbos)];
  return [
    {
      what: "journaled steps a second, 64 runs at once",
      value: whole(weir),
      beside: `${(weir / dbos).toFixed(1)} times the ${whole(dbos)} of @dbos-inc/dbos-sdk on PostgreSQL; the goal is 5`,
    },
  ];
}
