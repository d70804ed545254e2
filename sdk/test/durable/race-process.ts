/** A worker in a process of its own: `node race-process.ts <journal> <effects>`. Stops when there is nothing left to do. */
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { createScope, flow, sqliteJournal } from "../../src/durable/index.ts";

export const RACE = { name: "race", version: 1 };

const [path, effects] = process.argv.slice(2);
if (path !== undefined && effects !== undefined) {
  const journal = sqliteJournal(path);
  const race = flow(RACE, async (ctx, n: number) => {
    for (const key of ["a", "b"])
      await ctx.run(key, () => appendFileSync(effects, `${n} ${key} ${process.pid}\n`));
  });
  const scope = createScope({ journal });
  console.log("ready");
  scope.worker({ flows: [race], concurrency: 20 });
  while ((await journal.nextDue({ flows: [RACE] })) !== undefined) await delay(20);
  await scope.dispose();
}
