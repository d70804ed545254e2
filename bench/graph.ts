/** What routine graphs cost: deliveries a second, long chains and wide fans, and the text of a large paused job. Each in a process of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Figure, median, whole } from "./table.ts";
import { measureIn } from "./workers.ts";

const WORKER = fileURLToPath(new URL("./graph-worker.ts", import.meta.url));
const ROUNDS = 3;

export async function graph(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  try {
    const rates: number[] = [];
    const asyncRates: number[] = [];
    const journaled: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      rates.push(Number(await measureIn(WORKER, ["rate"])));
      asyncRates.push(Number(await measureIn(WORKER, ["rate-async"])));
      journaled.push(Number(await measureIn(WORKER, ["journal", join(folder, `graph-${round}.db`)])));
    }
    const chain = await shape("chain");
    const fan = await shape("fan");
    const { ms, mb, loadMs } = JSON.parse(await measureIn(WORKER, ["pause"])) as Record<string, number>;
    return [
      {
        what: "deliveries of routine graphs a second, handlers that return at once",
        value: whole(median(rates)),
        beside: "the goal is 300,000; no journal, no setup()",
      },
      {
        what: "the same, handlers that are async",
        value: whole(median(asyncRates)),
        beside: "each awaits its emit",
      },
      {
        what: "the same in SQLite, 64 at once",
        value: whole(median(journaled)),
        beside: "each on the disk before what it sent is delivered",
      },
      {
        what: "a chain of 10,000 routines, a fan-out to 10,000",
        value: `${chain.ms.toFixed(0)} ms, ${fan.ms.toFixed(0)} ms`,
        beside: `${whole(chain.kb / 10)} and ${whole(fan.kb / 10)} bytes a routine, its numbers`,
      },
      {
        what: "a paused job with 100,000 queued deliveries as text",
        value: `${whole(ms ?? 0)} ms`,
        beside: `${(mb ?? 0).toFixed(1)} MiB; read again in ${whole(loadMs ?? 0)} ms`,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function shape(name: string): Promise<{ ms: number; kb: number }> {
  return JSON.parse(await measureIn(WORKER, [name])) as { ms: number; kb: number };
}
