/** Entries that one journal keeps in a second: `node journal-worker.ts <address>`; each of 64 runs writes one after the other. */
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import {
  createCodec,
  type Journal,
  memoryJournal,
  redisJournal,
  sqliteJournal,
} from "../sdk/src/run/index.ts";

const RUNS = 64;
const WARM_UP_MS = 500;
const MEASURED_MS = 2_000;

const [address = "memory"] = process.argv.slice(2);
const journal = journalAt(address);
const codec = createCodec();

let written = 0;
let going = true;
const runs = Array.from({ length: RUNS }, (_, at) => run(`run-${at}`));
await sleep(WARM_UP_MS);
const [before, since] = [written, performance.now()];
await sleep(MEASURED_MS);
const rate = ((written - before) * 1000) / (performance.now() - since);
going = false;
await Promise.all(runs);
await journal.close();
console.log(rate);

function journalAt(where: string): Journal {
  if (where === "memory") return memoryJournal();
  return where.startsWith("redis:") ? redisJournal({ connection: where }) : sqliteJournal(where);
}

async function run(id: string): Promise<void> {
  for (let part = 0; going; part++) {
    const flow = { name: "bench", version: 1 };
    const opened = await journal.open(
      { id: `${id}-${part}`, tenant: "acme-corp", flow, inputDigest: "", input: "[]" },
      { owner: "bench", leaseMs: 60_000 },
    );
    if (opened.lease === undefined) throw new Error(`${id}-${part}: expected a lease`);
    // Runs of a hundred steps, as endless ones would fill the memory.
    for (let step = 0; step < 100 && going; step++) {
      const at = Date.now();
      await journal.write(opened.lease, {
        path: `/step-${step}`,
        attempt: 1,
        kind: "run",
        name: "step",
        status: "succeeded",
        value: codec.encode({ id: step, name: "widget", ok: true }, "step"),
        startedAt: at,
        endedAt: at,
      });
      written += 1;
      // A journal that answers at once would keep timers waiting.
      if (written % 1_000 === 0) await setImmediate();
    }
    await journal.end(opened.lease, { status: "succeeded" });
    await journal.prune({ endedBefore: Date.now() - 500, limit: 100 });
  }
}
