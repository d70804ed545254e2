/**
 * The chaos: puts orders into the journal, starts workers, kills one of them with SIGKILL now and then and starts another, until
 * all orders have ended. Then it looks at what was done. `node src/chaos.ts [orders] [kills]`
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { setup, shutdown } from "@weir/sdk";
import { createScope, sqliteJournal } from "@weir/sdk/durable";
import { audit } from "./audit.ts";
import { order } from "./order.ts";
import { ordersUpTo, type PlacedOrder } from "./orders.ts";
import { JOURNAL } from "./places.ts";

const WORKER = fileURLToPath(new URL("./worker.ts", import.meta.url));
const WORKERS = 2;

const [orders = 40, kills = 10] = process.argv.slice(2).map(Number);
const placed = ordersUpTo(orders);
const workers: ChildProcess[] = [];
process.once("exit", () => {
  for (const worker of workers) worker.kill("SIGKILL");
});
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(1));

setup({ serviceName: "orders" });
const journal = sqliteJournal(JOURNAL);
await enqueue(placed);
console.log(`chaos: ${orders} orders are in the journal, ${WORKERS} workers begin`);
while (workers.length < WORKERS) workers.push(startWorker());
const killed = await killUntilEnded();
await Promise.all(workers.splice(0).map(stopWorker));
await askForResults(placed);
await report();
await journal.close();
await shutdown();

async function enqueue(given: readonly PlacedOrder[]): Promise<void> {
  const scope = createScope({ journal });
  // An id is an idempotency key: begun again after it was killed, this program orders nothing twice.
  for (const { id, order: input } of given) {
    const { customer: tenant, item } = input;
    await scope.enqueue(order, input, { id, tenant, labels: { item } });
  }
  await scope.dispose();
}

function startWorker(): ChildProcess {
  return spawn(process.execPath, ["--disable-warning=ExperimentalWarning", WORKER], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

async function stopWorker(worker: ChildProcess): Promise<void> {
  const exited = once(worker, "exit");
  worker.kill("SIGTERM");
  await exited;
}

/** @returns how many workers were killed */
async function killUntilEnded(): Promise<number> {
  let done = 0;
  for (;;) {
    await sleep(300 + Math.random() * 1200);
    if (await allEnded()) return done;
    if (done === kills) continue;
    const at = Math.floor(Math.random() * workers.length);
    workers[at]?.kill("SIGKILL");
    workers[at] = startWorker();
    done += 1;
  }
}

async function allEnded(): Promise<boolean> {
  const runs = await Promise.all(placed.map(({ id }) => journal.read(id)));
  return runs.every((run) => run?.endedAt !== undefined);
}

/**
 * As whoever placed the orders would. A worker that was killed just after an order had ended did not come to send that to the
 * collector; with the result it is said again.
 */
async function askForResults(given: readonly PlacedOrder[]): Promise<void> {
  const scope = createScope({ journal });
  const results = given.map(({ id, order: input }) =>
    scope.exec(order, input, { id, tenant: input.customer }),
  );
  await Promise.allSettled(results);
  await scope.dispose();
}

async function report(): Promise<void> {
  const { succeeded, failed, charges, refunds, askedAgain, mailsAgain, wrong } = await audit(journal, placed);
  console.log(
    `chaos: ${killed} workers were killed; ${succeeded} orders succeeded, ${failed} failed and were undone`,
  );
  console.log(
    `chaos: ${charges} charges, one an order, though the bank was asked ${askedAgain} times again; ${refunds} refunds`,
  );
  console.log(`chaos: ${mailsAgain} mails went twice: a mail server takes no keys`);
  for (const line of wrong) console.error(`chaos: WRONG: ${line}`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
