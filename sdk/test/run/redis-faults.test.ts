import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type RunningRedis, startRedis } from "../../../e2e/support/processes.ts";
import { JournalNewer } from "../../src/run/errors/journal-newer.ts";
import { JournalUnavailable } from "../../src/run/errors/journal-unavailable.ts";
import type { Journal, Lease, RunRecord } from "../../src/run/journal.ts";
import { redisJournal } from "../../src/run/redis-journal.ts";
import { TestClock } from "../../src/testing.ts";
import { FLOW, newEntry, newRun } from "./places.ts";

const CLAIM = { owner: "one", leaseMs: 60_000 };

let server: RunningRedis;
let admin: Redis;

beforeEach(async () => {
  server = await startRedis();
  admin = new Redis(server.url, { retryStrategy: () => 20 });
  admin.on("error", () => {});
});
afterEach(async () => {
  admin.disconnect();
  await server.stop();
});

test("connections that break in every call lose nothing and do nothing twice", {
  timeout: 30_000,
}, async () => {
  const journal = redisJournal({ connection: server.url });
  let breaking = true;
  const breaker = (async () => {
    for (; breaking; await sleep(3)) await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  })();
  const taken: unknown[] = [];
  for (let n = 0; n < 12; n++) {
    const id = `run-${n}`;
    const { lease, created } = await journal.open(newRun(id), CLAIM);
    expect({ created, token: lease?.token }).toEqual({ created: true, token: 1 });
    await journal.write(lease as Lease, newEntry("/a"));
    await journal.park(lease as Lease, { messages: ["go"] });
    await journal.send(id, { name: "go", value: `${n}` });
    const claimed = await journal.claimDue({ ...CLAIM, flows: [FLOW], limit: 5 });
    expect(claimed.map(({ lease: { runId, token } }) => [runId, token])).toEqual([[id, 2]]);
    const again = claimed[0]?.lease as Lease;
    taken.push((await journal.take(again, "go", newEntry("/go")))?.value);
    expect(await journal.take(again, "go", newEntry("/none"))).toBeUndefined();
    await journal.end(again, { status: "succeeded", value: "1" });
    expect((await journal.entries(id)).map(({ path }) => path)).toEqual(["/a", "/go"]);
  }
  breaking = false;
  await breaker;
  expect(taken).toEqual(Array.from({ length: 12 }, (_, n) => `${n}`));
  expect(await journal.nextDue({ flows: [FLOW] })).toBeUndefined();
  await journal.close();
});

test("a server that stands still for a while is waited for", async () => {
  const journal = redisJournal({ connection: { port: server.port, commandTimeout: 100 } });
  const { lease } = await journal.open(newRun("a"), CLAIM);
  process.kill(server.pid, "SIGSTOP");
  const writing = journal.write(lease as Lease, newEntry("/a"));
  await sleep(400);
  process.kill(server.pid, "SIGCONT");
  await writing;
  expect(await journal.entries("a")).toHaveLength(1);
  await journal.close();
});

test("a server that stays away is an error that says what to do, within the patience given", async () => {
  const journal = redisJournal({ connection: server.url, patience: 300 });
  const { lease } = await journal.open(newRun("a"), CLAIM);
  await server.stop();
  const writing = journal.write(lease as Lease, newEntry("/a"));
  await expect(writing).rejects.toThrow(JournalUnavailable);
  await expect(writing).rejects.toThrow(/check that the server runs; the run goes on where it was/);
  await journal.close();
});

test("a server without memory left says so", async () => {
  const journal = redisJournal({ connection: server.url });
  const { lease } = await journal.open(newRun("a"), CLAIM);
  await admin.config("SET", "maxmemory", "1");
  await expect(journal.write(lease as Lease, newEntry("/a"))).rejects.toThrow(
    /out of memory: prune the journal/,
  );
  await admin.config("SET", "maxmemory", "0");
  await journal.write(lease as Lease, newEntry("/a"));
  await journal.close();
});

test("a journal of a newer version is left alone", async () => {
  await admin.set("weir:version", "7");
  const journal = redisJournal({ connection: server.url });
  await expect(journal.open(newRun("a"))).rejects.toThrow(JournalNewer);
  expect(await admin.keys("*")).toEqual(["weir:version"]);
  await journal.close();
});

test("a server that forgot its scripts is given them again", async () => {
  const journal = redisJournal({ connection: server.url });
  await journal.open(newRun("a"));
  await admin.script("FLUSH");
  expect(await journal.read("a")).toBeDefined();
  await journal.close();
});

test("an index that fell behind when its writer died is mended by who looks", async () => {
  const clock = new TestClock();
  const journal = redisJournal({ connection: server.url, clock });
  const flows = [FLOW];
  const index = `weir:flow:{${encodeURIComponent("1@order")}}`;
  const stillBegun = (await journal.open(newRun("begun"), CLAIM)).lease as Lease;
  // Announced, and the process died before it made the run.
  await admin.zadd(`${index}:new`, `${clock.now()}`, "never-made");
  // Claimed, and the process died before the index heard of it; likewise one that ended.
  await admin.zadd(`${index}:new`, `${clock.now()}`, "begun");
  const ended = (await journal.open(newRun("ended"), CLAIM)).lease as Lease;
  await journal.end(ended, { status: "succeeded" });
  await admin.zadd(`${index}:due`, `${clock.now()}`, "ended");
  expect(await journal.claimDue({ ...CLAIM, flows, limit: 10 })).toEqual([]);
  expect(await admin.zrange(`${index}:due`, "0", "-1")).toEqual(["begun"]);
  await journal.renew([stillBegun], 200_000);
  expect(await admin.zrange(`${index}:new`, "0", "-1")).toEqual(["never-made"]);
  await clock.advance(61_000);
  expect(await journal.claimDue({ ...CLAIM, flows, limit: 10 })).toEqual([]);
  expect(await admin.zrange(`${index}:new`, "0", "-1")).toEqual([]);
  expect(await journal.nextDue({ flows })).toBe(clock.now() + 139_000);
  await journal.close();
});

interface Cut {
  what: string;
  /** What was there before the process came that dies. */
  before(healthy: Journal): Promise<Lease | undefined>;
  call(dying: Journal, lease: Lease | undefined): Promise<unknown>;
  /** Whether what was called for was written: then someone must find the run. */
  written(run: RunRecord | undefined): boolean;
}

async function parked(journal: Journal): Promise<undefined> {
  const { lease } = await journal.open(newRun("a"), CLAIM);
  await journal.park(lease as Lease, { messages: ["go"] });
}

const CUTS: Cut[] = [
  {
    what: "enqueues",
    before: async () => undefined,
    call: (dying) => dying.open(newRun("a")),
    written: (run) => run !== undefined,
  },
  {
    what: "begins a run",
    before: async () => undefined,
    call: (dying) => dying.open(newRun("a"), CLAIM),
    written: (run) => run !== undefined,
  },
  {
    what: "sends",
    before: parked,
    call: (dying) => dying.send("a", { name: "go", value: "1" }),
    written: (run) => run?.dueAt !== undefined,
  },
  {
    what: "cancels",
    before: parked,
    call: (dying) => dying.cancel("a", "no"),
    written: (run) => run?.cancelReason !== undefined,
  },
  {
    what: "parks",
    before: async (healthy) => (await healthy.open(newRun("a"), CLAIM)).lease,
    call: (dying, lease) => dying.park(lease as Lease, { dueAt: 0 }),
    written: () => true,
  },
  {
    what: "claims",
    before: async (healthy) => void (await healthy.open(newRun("a"))),
    call: (dying) => dying.claimDue({ ...CLAIM, flows: [FLOW], limit: 1 }),
    written: () => true,
  },
];

test.each(CUTS)("whatever a process that $what has done when it dies, the run is found", async (cut) => {
  let reached = false;
  for (let commands = 1; !reached; commands++) {
    await admin.flushall();
    const clock = new TestClock();
    const healthy = redisJournal({ connection: server.url, clock });
    const lease = await cut.before(healthy);
    const client = new Redis(server.url);
    const dying = redisJournal({ client, clock });
    await dying.read("a");
    reached = await diesAfter(client, commands, () => cut.call(dying, lease));
    if (cut.written(await healthy.read("a"))) {
      await clock.advance(CLAIM.leaseMs + 5_000);
      expect(
        await healthy.claimDue({ ...CLAIM, flows: [FLOW], limit: 9 }),
        `after ${commands} commands`,
      ).toHaveLength(1);
    }
    await healthy.close();
  }
});

/** Makes a call on a connection that is dead after so many commands. @returns whether the call was done before that */
async function diesAfter(client: Redis, commands: number, call: () => Promise<unknown>): Promise<boolean> {
  const send = client.sendCommand.bind(client);
  let left = commands;
  const died = new Promise<false>((resolve) => {
    client.sendCommand = (...sent) => {
      if (left-- > 0) return send(...sent);
      resolve(false);
      return new Promise(() => {});
    };
  });
  const done = await Promise.race([call().then(() => true), died]);
  client.disconnect();
  return done;
}
