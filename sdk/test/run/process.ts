/** A process of its own on a journal: `node process.ts <race | write> <address> <owner>`. */
import { setTimeout as sleep } from "node:timers/promises";
import { LeaseLost } from "../../src/run/errors/lease-lost.ts";
import type { Claimed, Journal } from "../../src/run/journal.ts";
import { redisJournal } from "../../src/run/redis-journal.ts";
import { sqliteJournal } from "../../src/run/sqlite-journal.ts";
import { FLOW, newEntry, newRun } from "./places.ts";

const FLOWS = [FLOW];
const [mode, address = "", owner = ""] = process.argv.slice(2);
const journal = address.startsWith("redis:") ? redisJournal({ connection: address }) : sqliteJournal(address);

if (mode === "race") console.log(JSON.stringify(await race(journal)));
else await write(journal);
await journal.close();

/**
 * Claims runs and ends them, until there are none. Of every 40th it lets the lease run out, and writes only when the run was
 * taken over.
 */
async function race(shared: Journal): Promise<{ ended: number; refused: number; landed: number }> {
  const seen = { ended: 0, refused: 0, landed: 0 };
  const late: Promise<void>[] = [];
  for (;;) {
    const claimed = await shared.claimDue({ owner, leaseMs: 1_000, flows: FLOWS, limit: 7 });
    if (claimed.length === 0) {
      if ((await shared.nextDue({ flows: FLOWS })) === undefined) break;
      await sleep(20);
    }
    await Promise.all(
      claimed.map(async (each, at) => {
        if (each.lease.token === 1 && (seen.ended + at) % 40 === 0) late.push(tooLate(each));
        else await finish(each);
      }),
    );
  }
  await Promise.all(late);
  return seen;

  async function finish({ lease }: Claimed): Promise<void> {
    await shared.write(lease, newEntry(`/step/${lease.token}`, { name: owner }));
    await shared.end(lease, { status: "succeeded" });
    seen.ended += 1;
  }

  async function tooLate({ lease }: Claimed): Promise<void> {
    for (let token = lease.token; token === lease.token; await sleep(50))
      token = (await shared.read(lease.runId))?.token ?? 0;
    try {
      await shared.write(lease, newEntry("/late"));
      seen.landed += 1;
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
      seen.refused += 1;
    }
  }
}

/** Goes on with four runs, entry by entry, and says which are kept, until it is killed. */
async function write(own: Journal): Promise<void> {
  await Promise.all(
    ["a", "b", "c", "d"].map(async (id) => {
      let { lease } = await own.open(newRun(id), { owner, leaseMs: 40 });
      for (; lease === undefined; await sleep(5))
        lease = (await own.claim(id, { owner, leaseMs: 40 }))?.lease;
      for (let n = (await own.entries(id)).length; ; n++) {
        await own.write(lease, newEntry(`/${n}`, { value: `${n};`.repeat(500) }));
        console.log(`kept ${id} ${n}`);
      }
    }),
  );
}
