import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { flow, step } from "../src/index.ts";
import { record } from "./recorder.ts";

const IMPORT = { name: "data_import", tenant: "acme-corp", labels: { env: "test" } };

test("a flow and its steps are visible while they run: a copy of each is sent at its start", async () => {
  const recorder = record({}, { pendingDelayMs: 10 });
  let release = (): void => {};
  const running = flow.start(IMPORT, () =>
    step.start("validate", { attributes: { rows: 3 } }, () => new Promise<void>((done) => (release = done))),
  );
  const open = await recorder.spans();
  expect(open.map((span) => [span.name, span.pending])).toEqual([
    ["data_import", true],
    ["validate", true],
  ]);
  const copy = open[1];
  release();
  await running;

  const step_ = await recorder.one("validate");
  expect(copy?.attributes).toEqual({ ...step_.attributes, "weir.pending": true });
  expect(copy?.spanId).not.toBe(step_.spanId);
  expect(copy?.parentSpanId).toBe(step_.spanId);
  expect(copy?.start).toBe(step_.start);
  expect(copy?.end).toBe(copy?.start);
});

test("copies are sent by themselves, within 250 ms, and once", async () => {
  const sent: { name: string; at: number }[] = [];
  const recorder = record(
    {},
    {
      exporter: {
        export(batch, done) {
          for (const span of batch) sent.push({ name: span.name, at: Date.now() });
          done({ code: 0 });
        },
        shutdown: async () => {},
      },
    },
  );
  const started = Date.now();
  const f = flow.open(IMPORT);
  await sleep(500);
  expect(sent).toHaveLength(1);
  expect((sent[0]?.at ?? 0) - started).toBeLessThan(300);
  f.end();
  await recorder.spans();
  expect(sent).toHaveLength(2);
});

test("a step that is shorter than the delay costs one span", async () => {
  const recorder = record({}, { pendingDelayMs: 20 });
  await flow.start(IMPORT, async () => {
    for (let i = 0; i < 100; i++) step.start("short", () => {});
    await sleep(60);
  });
  const spans = await recorder.spans();
  expect(spans.filter((span) => span.name === "short")).toHaveLength(100);
});

test("a copy is left out when its finished span is in the same batch", async () => {
  const recorder = record({}, { pendingDelayMs: 5, queue: { delayMs: 1000 } });
  await flow.start(IMPORT, async () => {
    await step.start("longer", () => sleep(40));
  });
  expect((await recorder.spans()).map((span) => [span.name, span.pending])).toEqual([
    ["longer", false],
    ["data_import", false],
  ]);
});
