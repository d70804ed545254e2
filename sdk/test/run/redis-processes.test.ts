import { afterAll } from "vitest";
import { type RunningRedis, startRedis } from "../../../e2e/support/processes.ts";
import { redisJournal } from "../../src/run/redis-journal.ts";
import { processesContract } from "./processes.contract.ts";

const servers: RunningRedis[] = [];
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

processesContract("Redis", async () => {
  const server = await startRedis();
  servers.push(server);
  return { address: server.url, journal: redisJournal({ connection: server.url }) };
});
