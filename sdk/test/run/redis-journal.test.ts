import { setTimeout as sleep } from "node:timers/promises";
import { Cluster, Redis } from "ioredis";
import { afterAll, beforeAll } from "vitest";
import { type RunningRedis, startRedis } from "../../../e2e/support/processes.ts";
import { freePort } from "../../../scripts/free-port.ts";
import type { Journal } from "../../src/run/journal.ts";
import { redisJournal } from "../../src/run/redis-journal.ts";
import { journalContract } from "./journal.contract.ts";

let server: RunningRedis;
/** One node that has all the slots; it refuses scripts over several slots as any other does. */
let clustered: RunningRedis;

beforeAll(async () => {
  server = await startRedis();
  clustered = await startRedis({
    args: [
      "--cluster-enabled",
      "yes",
      "--cluster-port",
      `${await freePort()}`,
      "--cluster-announce-ip",
      "127.0.0.1",
    ],
  });
  const admin = new Redis(clustered.url);
  await admin.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  while (!String(await admin.call("CLUSTER", "INFO")).includes("cluster_state:ok")) await sleep(20);
  await admin.quit();
});
afterAll(async () => {
  await server.stop();
  await clustered.stop();
});

let places = 0;

journalContract({
  name: "Redis",
  async makePlace() {
    const prefix = `weir-${++places}:`;
    const journals: Journal[] = [];
    return {
      async open(clock) {
        const journal = redisJournal({ connection: server.url, prefix, clock });
        journals.push(journal);
        return journal;
      },
      async remove() {
        await Promise.all(journals.map((journal) => journal.close()));
      },
    };
  },
});

journalContract({
  name: "Redis Cluster",
  async makePlace() {
    const prefix = `weir-${++places}:`;
    const journals: Journal[] = [];
    const clients: Cluster[] = [];
    return {
      async open(clock) {
        const client = new Cluster([{ host: "127.0.0.1", port: clustered.port }], {
          enableAutoPipelining: true,
        });
        clients.push(client);
        const journal = redisJournal({ client, prefix, clock });
        journals.push(journal);
        return journal;
      },
      async remove() {
        await Promise.all(journals.map((journal) => journal.close()));
        await Promise.all(clients.map((client) => client.quit()));
      },
    };
  },
});
