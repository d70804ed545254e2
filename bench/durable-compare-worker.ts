/**
 * Steps that a durable runtime journals in a second: `node durable-compare-worker.ts weir <file>` or `… dbos <url>`. 64 runs at
 * once, each of a hundred steps that return a small object, and another run as soon as one has ended.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { createScope, flow, sqliteJournal } from "../sdk/src/durable/index.ts";

const RUNS = 64;
const STEPS = 100;
const WARM_UP_MS = 2_000;
const MEASURED_MS = 8_000;

interface Runtime {
  /** Runs one flow of `STEPS` steps, each of which calls `work`. */
  run(work: (step: number) => object): Promise<void>;
  close(): Promise<void>;
}

const RUNTIMES: Record<string, (where: string) => Promise<Runtime>> = { weir, dbos };

const [name = "", where = ""] = process.argv.slice(2);
const runtime = await RUNTIMES[name]?.(where);
if (runtime === undefined) throw new Error(`expected weir or dbos, got ${JSON.stringify(name)}`);

let done = 0;
let going = true;
const work = (step: number) => {
  done += 1;
  return { id: step, name: "widget", ok: true };
};
const lanes = Array.from({ length: RUNS }, async () => {
  while (going) await runtime.run(work);
});
await sleep(WARM_UP_MS);
const [before, since] = [done, performance.now()];
await sleep(MEASURED_MS);
const rate = ((done - before) * 1000) / (performance.now() - since);
going = false;
await Promise.all(lanes);
await runtime.close();
console.log(rate);

async function weir(file: string): Promise<Runtime> {
  const journal = sqliteJournal(file);
  const scope = createScope({ journal });
  let workOf: (step: number) => object = () => ({});
  const steps = flow({ name: "steps" }, async (ctx) => {
    for (let step = 0; step < STEPS; step++) await ctx.run(`step-${step}`, () => workOf(step));
  });
  return {
    async run(work) {
      workOf = work;
      await scope.exec(steps);
    },
    async close() {
      await scope.dispose();
      await journal.close();
    },
  };
}

/** With its defaults, but for the log and the admin server. */
async function dbos(url: string): Promise<Runtime> {
  DBOS.setConfig({
    name: "bench",
    systemDatabaseUrl: `${url}/bench`,
    logLevel: "error",
    runAdminServer: false,
  });
  let workOf: (step: number) => object = () => ({});
  const steps = DBOS.registerWorkflow(
    async () => {
      for (let step = 0; step < STEPS; step++)
        await DBOS.runStep(async () => workOf(step), { name: `step-${step}` });
    },
    { name: "steps" },
  );
  await DBOS.launch();
  return {
    async run(work) {
      workOf = work;
      await steps();
    },
    close: () => DBOS.shutdown(),
  };
}
