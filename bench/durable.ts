/** What durable flows cost: a step without a journal, steps a second with one, and runs that sleep. Each in a process of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Figure, median, whole } from "./table.ts";
import { measureIn } from "./workers.ts";

const WORKER = fileURLToPath(new URL("./durable-worker.ts", import.meta.url));
const ROUNDS = 3;

export async function durable(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  const figures = { bare: [] as number[], memory: [] as number[], sqlite: [] as number[] };
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      figures.bare.push(Number(await measureIn(WORKER, ["bare"])));
      figures.memory.push(Number(await measureIn(WORKER, ["memory"])));
      figures.sqlite.push(Number(await measureIn(WORKER, [join(folder, `durable-${round}.db`)])));
    }
    const asleep = await measureIn(WORKER, [`sleeping:${join(folder, "asleep.db")}`]);
    const { bytes, timers } = JSON.parse(asleep) as { bytes: number; timers: number };
    return [
      {
        what: "`ctx.run` without a journal",
        value: `${median(figures.bare).toFixed(2)} µs`,
        beside: "beyond the call itself; the goal is 2",
      },
      {
        what: "steps of durable flows a second, 64 runs at once, in memory",
        value: whole(median(figures.memory)),
        beside: "the journal itself: see the entries a second",
      },
      {
        what: "steps of durable flows a second, 64 runs at once, in SQLite",
        value: whole(median(figures.sqlite)),
        beside: "each on the disk before its result is returned",
      },
      {
        what: "heap of each of 100,000 sleeping runs, in SQLite",
        value: `${whole(Math.max(0, bytes))} bytes`,
        beside: `${timers} timers in all`,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
