import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { flow, step } from "../src/index.ts";
import { record } from "./recorder.ts";

test("one heartbeat per process and interval while anything is open, whatever the number of flows", async () => {
  const recorder = record({ heartbeatInterval: 40 });
  const flows = Array.from({ length: 50 }, (_, i) => flow.open({ name: "job", tenant: "t", id: i }));
  await sleep(110);
  for (const f of flows) f.end();
  const beats = (await recorder.spans()).filter((span) => span.kind === "heartbeat");
  expect(beats.length).toBeGreaterThanOrEqual(1);
  expect(beats.length).toBeLessThanOrEqual(3);
  expect(beats[0]?.attributes).toEqual({ "weir.kind": "heartbeat", "weir.heartbeat.interval_ms": 40 });
  expect(beats[0]?.resource["service.instance.id"]).toBeDefined();
});

test("every span tells by its resource when to expect a heartbeat, for who is gone before the first", async () => {
  const recorder = record({ heartbeatInterval: 2500 });
  flow.start({ name: "job", tenant: "t" }, () => {});
  expect((await recorder.spans())[0]?.resource).toMatchObject({ "weir.heartbeat.interval_ms": 2500 });
});

test("no heartbeat while nothing is open", async () => {
  const recorder = record({ heartbeatInterval: 10 });
  flow.start({ name: "job", tenant: "t" }, () => step.start("work", () => {}));
  await sleep(50);
  expect((await recorder.spans()).filter((span) => span.kind === "heartbeat")).toEqual([]);
});
