/** The worker: takes orders that were put into the journal, and those of workers that died. */
import { setup, shutdown } from "@weir/sdk";
import { createScope, sqliteJournal } from "@weir/sdk/durable";
import { order } from "./order.ts";
import { JOURNAL } from "./places.ts";

setup({ serviceName: "orders" });

// A dead worker's orders are taken over after this time: shorter than usual, as nobody waits long for a demo.
const scope = createScope({ journal: () => sqliteJournal(JOURNAL), leaseMs: 2_000 });
const worker = scope.worker({ flows: [order], concurrency: 4 });
console.log("order-worker: waiting for orders");

async function stop(): Promise<void> {
  await worker.stop();
  await scope.dispose();
  await shutdown();
}

process.once("SIGTERM", stop);
process.once("SIGINT", stop);
