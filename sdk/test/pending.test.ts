import { setTimeout as sleep } from "node:timers/promises";
import { ROOT_CONTEXT } from "@opentelemetry/api";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import { expect, test, vi } from "vitest";
import { flow, step } from "../src/index.ts";
import { type Announceable, Pending } from "../src/pending.ts";
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

test("copies are sent by themselves, and once", async () => {
  const { exporter, batches } = exporterThat(() => "takes");
  const recorder = record({}, { exporter });
  const f = flow.open(IMPORT);
  await sleep(500);
  expect(batches).toEqual([["data_import (copy)"]]);
  f.end();
  await recorder.spans();
  expect(batches).toEqual([["data_import (copy)"], ["data_import"]]);
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

test("a copy that still waits when its span has finished is left out", async () => {
  const { exporter, batches } = exporterThat((call) => (call === 1 ? "is away" : "takes"));
  const recorder = record({}, { exporter, pendingDelayMs: 5 });
  await flow.start(IMPORT, () => step.start("longer", () => sleep(40)));
  await recorder.spans();
  expect(batches).toEqual([
    ["data_import (copy)", "longer (copy)"],
    ["longer", "data_import"],
  ]);
});

test("each tick announces what has opened since the last, and once all has stopped nothing is", async () => {
  const announced: string[] = [];
  const open = (name: string): Announceable => ({
    name,
    attributes: {},
    startedAt: 0,
    place: -1,
    span: undefined,
    parent: () => ROOT_CONTEXT,
  });
  let told = 0;
  const pending = new Pending(
    ({ name }) => announced.push(name),
    5,
    () => {
      told += 1;
    },
  );
  pending.add(open("first"));
  await vi.waitFor(() => expect(announced).toEqual(["first"]));
  pending.add(open("second"));
  await vi.waitFor(() => expect(announced).toEqual(["first", "second"]));
  expect(told).toBe(2);
  pending.add(open("third"));
  pending.stop();
  pending.announce();
  await sleep(20);
  expect(announced).toEqual(["first", "second"]);
});

/** An exporter, and the names in each batch that it was given. */
function exporterThat(answer: (call: number) => "takes" | "is away") {
  const batches: string[][] = [];
  const exporter: SpanExporter = {
    export(batch, done) {
      batches.push(
        batch.map(({ name, attributes }) => (attributes["weir.pending"] ? `${name} (copy)` : name)),
      );
      if (answer(batches.length) === "takes") done({ code: 0 });
      else done({ code: 1, error: new Error("ECONNREFUSED") });
    },
    shutdown: async () => {},
  };
  return { exporter, batches };
}
