/** What durable flows cost, one figure a process: `node durable-worker.ts bare | memory | <sqlite path> | sleeping:<sqlite path>`. */
import { setImmediate } from "node:timers/promises";
import { createScope, flow, type Journal, memoryJournal, sqliteJournal } from "../sdk/src/durable/index.ts";
import { settledHeap } from "./settled-heap.ts";

const RUNS = 64;
const STEPS = 100;
const SLEEPERS = 100_000;
const KEYS = Array.from({ length: STEPS }, (_, at) => `step-${at}`);
process.on("warning", () => {});

const widget = { id: 7, name: "widget", ok: true };
const many = flow({ name: "many" }, async (ctx) => {
  for (const key of KEYS) await ctx.run(key, () => widget);
});

const [where = "bare"] = process.argv.slice(2);
if (where === "bare") console.log(await beyondTheCall());
else if (where.startsWith("sleeping:")) console.log(JSON.stringify(await sleeping(where.slice(9))));
else console.log(await stepsASecond(where === "memory" ? memoryJournal() : sqliteJournal(where)));

/** Microseconds of `ctx.run` beyond those of the call, without a journal. */
async function beyondTheCall(): Promise<number> {
  const scope = createScope();
  const bare = async () => {
    for (const _ of KEYS) await widget;
  };
  const took = async (work: () => PromiseLike<unknown>) => {
    const started = performance.now();
    for (let round = 0; round < 20; round += 1) await work();
    return ((performance.now() - started) * 1000) / (20 * STEPS);
  };
  const differences: number[] = [];
  for (let round = 0; round < 60; round += 1) {
    differences.push((await took(() => scope.exec(many))) - (await took(bare)));
    await setImmediate();
  }
  await scope.dispose();
  return differences.slice(20).sort((a, b) => a - b)[20] as number;
}

async function stepsASecond(journal: Journal): Promise<number> {
  const scope = createScope({ journal });
  let steps = 0;
  let going = true;
  const one = async () => {
    while (going) {
      await scope.exec(many);
      steps += STEPS;
      await setImmediate();
      if (steps % (RUNS * STEPS) === 0) await journal.prune({ endedBefore: Date.now() - 500, limit: 1000 });
    }
  };
  const runs = Array.from({ length: RUNS }, one);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const [before, since] = [steps, performance.now()];
  await new Promise((resolve) => setTimeout(resolve, 4000));
  const rate = ((steps - before) * 1000) / (performance.now() - since);
  going = false;
  await Promise.all(runs);
  await scope.dispose();
  await journal.close();
  return rate;
}

/** Bytes of memory that each of many sleeping runs costs, and the timers that they need. */
async function sleeping(path: string): Promise<{ bytes: number; timers: number }> {
  const journal = sqliteJournal(path);
  const sleepy = flow({ name: "sleepy" }, (ctx) => ctx.sleep(3_600_000));
  const scope = createScope({ journal });
  const begin = async (count: number) => {
    let left = count;
    for (; left > 0; left -= 1000) {
      await Promise.all(Array.from({ length: Math.min(1000, left) }, () => scope.enqueue(sleepy)));
    }
    while (
      ((await journal.nextDue({ flows: [sleepy] })) ?? Number.POSITIVE_INFINITY) <
      Date.now() + 1_000_000
    )
      await new Promise((resolve) => setTimeout(resolve, 20));
  };
  scope.worker({ flows: [sleepy], concurrency: 500 });
  await begin(5000);
  const before = await settledHeap();
  await begin(SLEEPERS);
  const after = await settledHeap();
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  await scope.dispose();
  await journal.close();
  return { bytes: (after - before) / SLEEPERS, timers };
}
