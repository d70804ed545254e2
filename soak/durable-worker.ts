/**
 * A process that works on runs and kills itself at one boundary: `node durable-worker.ts <journal> <effects> <round> <at> <count>
 * <boundary>`. Each step that is executed is a line in the file of effects. Prints "done" when no run is left.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { createScope, flow, type Journal, sqliteJournal } from "../sdk/src/durable/index.ts";
import { RUNS_A_ROUND, STEPS } from "./durable-plan.ts";

const [journalPath = "", effects = "", round = "", boundary = "none", count = "0"] = process.argv.slice(2);
let left = Number(count);

/** Counts down to the one that is killed. */
function isTheOne(here: string): boolean {
  return here === boundary && --left === 0;
}

function die(): void {
  process.kill(process.pid, "SIGKILL");
}

/** Kills from beside, as what writes has this thread. It is up before it is told to: else all might be done by then. */
const told = new Int32Array(new SharedArrayBuffer(4));
if (boundary === "commit") {
  const microseconds = Math.random() * 1500;
  const killer = `
    const { workerData: told } = require("node:worker_threads");
    Atomics.wait(told, 0, 0);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${microseconds / 1000});
    process.kill(${process.pid}, "SIGKILL");`;
  new Worker(killer, { eval: true, workerData: told }).unref();
}

function dieSoon(): void {
  Atomics.store(told, 0, 1);
  Atomics.notify(told, 0);
}

function watched(journal: Journal): Journal {
  return new Proxy(journal, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        const writes = property === "write" || property === "end" || property === "park";
        if (writes && isTheOne("before")) die();
        if (writes && isTheOne("commit")) dieSoon();
        const answer: unknown = await (member as (...given: unknown[]) => unknown).apply(target, args);
        if (writes && isTheOne("after")) die();
        return answer;
      };
    },
  });
}

const real = sqliteJournal(journalPath);
const journal: Journal = boundary === "none" ? real : withWatches(watched(real), real);

/** A watch answers at once. */
function withWatches(proxy: Journal, plain: Journal): Journal {
  return new Proxy(proxy, {
    get: (target, property) =>
      property === "watch" || property === "watchDue"
        ? Reflect.get(plain, property).bind(plain)
        : Reflect.get(target, property),
  });
}

const step = (runId: string, key: string) => () => {
  appendFileSync(effects, `${runId} ${key} ${round}\n`);
  if (isTheOne("function")) die();
  return { key, at: new Date(0) };
};

const part = flow({ name: "part" }, (ctx, key: string) => ctx.run(key, step(ctx.runId, `part ${key}`)));
const order = flow({ name: "order" }, async (ctx, fails: boolean) => {
  for (const key of STEPS.slice(0, 2)) await ctx.run(key, step(ctx.runId, key));
  ctx.onRollback(() => void step(ctx.runId, "undo")());
  await ctx.parallel([() => ctx.exec(part, "x"), () => ctx.exec(part, "y")]);
  await ctx.sleep(3);
  await ctx.run(STEPS[2] as string, step(ctx.runId, STEPS[2] as string));
  if (ctx.attempt === 1 || fails) throw new Error("again");
});

const scope = createScope({ journal, leaseMs: 40, parkAfter: 1 });
await scope.recover({ flows: [order], concurrency: 100 });
if (boundary !== "none") {
  for (let at = 0; at < RUNS_A_ROUND; at += 1) {
    const options = { id: `${round}-${at}`, retry: { maxAttempts: 2, baseDelay: 1 } };
    scope.exec(order, at === 0, options).catch(() => {});
  }
}
while ((await real.nextDue({ flows: [order] })) !== undefined) await delay(10);
console.log("done");
await scope.dispose();
await real.close();
