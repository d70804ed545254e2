// `weir doctor --redis`, with the BullMQ and the Redis of this machine.
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../scripts/free-port.ts";
import { flowOf, flowsOf } from "./support/api.ts";
import {
  type RunningCollector,
  type RunningRedis,
  startCollector,
  startNode,
  startRedis,
} from "./support/processes.ts";

let collector: RunningCollector;
let redis: RunningRedis;

beforeAll(async () => {
  [collector, redis] = await Promise.all([startCollector(), startRedis()]);
});

afterAll(() => Promise.all([collector.stop(), redis.stop()]));

test("a flow crosses a queue, and is one flow in the collector", async () => {
  const doctor = startNode("collector/bin/weir.mjs", ["doctor", collector.url, "--redis", redis.url]);
  expect(await doctor.exited, doctor.output()).toBe(0);
  expect(doctor.output().match(/^ok/gm)).toHaveLength(5);

  const flows = await flowsOf(collector.url, "?tenant=weir-doctor");
  const crossed = flows.find(({ name }) => name === "doctor: queue hop");
  const { steps, status } = await flowOf(collector.url, "weir-doctor", crossed?.id ?? "");
  expect(status).toBe("succeeded");
  expect(steps.map(({ kind, status }) => [kind, status])).toEqual([
    ["queue", "succeeded"],
    ["step", "succeeded"],
  ]);
});

test("a Redis that is not there: what to do, and no waiting for it", async () => {
  const address = `redis://:secret@127.0.0.1:${await freePort()}`;
  const doctor = startNode("collector/bin/weir.mjs", ["doctor", collector.url, "--redis", address]);
  expect(await doctor.exited).toBe(1);
  expect(doctor.output()).toMatch(/^failed {3}queue hop {3}Redis can't be reached at redis:.*ECONNREFUSED/m);
  expect(doctor.output()).toContain("→ start it, or give its address: --redis redis://HOST:6379");
  expect(doctor.output()).not.toContain("secret");
});
