import { ROOT_CONTEXT } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { flow, step } from "../src/index.ts";
import { extract, inject } from "../src/propagation.ts";
import { inContext } from "../src/scope.ts";
import { health } from "../src/setup.ts";
import { endStepById, openQueueStep } from "../src/step.ts";
import { record, thrownBy } from "./recorder.ts";

const IMPORT = { name: "data_import", tenant: "acme-corp", id: "17" };

function inFlow<T>(fn: () => T): T {
  return flow.start(IMPORT, fn);
}

test("step.start returns what a sync fn returned, at once", async () => {
  const recorder = record();
  expect(inFlow(() => step.start("validate", () => 7))).toBe(7);
  const span = await recorder.one("validate");
  expect(span.attributes).toEqual({
    "weir.kind": "step",
    "weir.flow.id": "17",
    "weir.flow.name": "data_import",
    "weir.tenant": "acme-corp",
    "weir.step.id": expect.stringMatching(/^[0-9a-f]{16}$/),
  });
  expect(span.parentSpanId).toBe((await recorder.one("data_import")).spanId);
});

test("step.start takes options: attributes, attempt, optional", async () => {
  const recorder = record();
  const when = new Date(0);
  inFlow(() =>
    step.start(
      "process",
      { attributes: { rows: 120, files: ["a", "b"], when }, attempt: 2, optional: true },
      () => {},
    ),
  );
  expect((await recorder.one("process")).attributes).toMatchObject({
    rows: 120,
    files: ["a", "b"],
    when: "1970-01-01T00:00:00.000Z",
    "weir.step.attempt": 2,
    "weir.step.optional": true,
  });
});

test("steps nest, also across await, and say in which step they run", async () => {
  const recorder = record();
  await inFlow(() =>
    step.start("outer", async () => {
      await Promise.all(
        ["a", "b"].map((name) => step.start(name, () => new Promise((done) => setTimeout(done, 5)))),
      );
    }),
  );
  const outer = await recorder.one("outer");
  for (const name of ["a", "b"]) {
    const span = await recorder.one(name);
    expect(span.attributes["weir.step.parent_id"]).toBe(outer.attributes["weir.step.id"]);
    expect(span.parentSpanId).toBe(outer.spanId);
  }
});

test("a step that fails is sent as failed, even where the code catches the error", async () => {
  const recorder = record();
  const error = new Error("Invalid data format");
  inFlow(() => {
    expect(
      thrownBy(() =>
        step.start("validate", () => {
          throw error;
        }),
      ),
    ).toBe(error);
  });
  const span = await recorder.one("validate");
  expect(span.status).toBe("failed");
  expect(span.error).toMatchObject({ "exception.type": "Error", "exception.message": "Invalid data format" });
});

test.each([["a string"], [undefined], [null], [0]])(
  "%j can be thrown, and is rethrown as it is",
  async (thrown) => {
    const recorder = record();
    const rejected = inFlow(() => step.start("odd", () => Promise.reject(thrown)));
    await expect(rejected).rejects.toBe(thrown);
    expect(await recorder.one("odd")).toMatchObject({ status: "failed" });
  },
);

test("an AbortError gives a cancelled step", async () => {
  const recorder = record();
  thrownBy(() => inFlow(() => step.start("stop", () => AbortSignal.abort().throwIfAborted())));
  expect(await recorder.one("stop")).toMatchObject({ status: "cancelled", error: undefined });
});

test("a step outside any flow runs its function, warns once, and counts in health()", async () => {
  const recorder = record();
  for (let i = 0; i < 3; i++)
    expect(step.start("alone", (s) => [s.id, step.current()])).toEqual(["", undefined]);
  expect(health().stepsOutsideFlow).toBe(3);
  expect(recorder.codes()).toEqual(["step-outside-flow"]);
  expect(await recorder.finished()).toEqual([]);
});

test("step.end and step.fail end the current step at once; later ends change nothing", async () => {
  const recorder = record();
  inFlow(() => {
    step.start("ended", () => {
      step.end();
      step.fail(new Error("late"));
    });
    step.start("failed", () => step.fail());
  });
  expect(await recorder.one("ended")).toMatchObject({ status: "succeeded" });
  expect(await recorder.one("failed")).toMatchObject({ status: "failed", error: undefined });
});

test("step.open and await using", async () => {
  const recorder = record();
  await inFlow(async () => {
    await using s = step.open("upload", { attributes: { file: "a.csv" } });
    expect(step.current()).toBeUndefined();
    expect(s.run(() => step.current())).toBe(s);
    expect(health().openSteps).toBe(1);
  });
  expect((await recorder.one("upload")).attributes["file"]).toBe("a.csv");
  expect(health().openSteps).toBe(0);
});

test("step.wrap runs a function as a step on each call", async () => {
  const recorder = record();
  const double = step.wrap("double", { attempt: 3 }, function double(n: number) {
    return n * 2;
  });
  expect(inFlow(() => double(4))).toBe(8);
  expect(double.name).toBe("double");
  expect((await recorder.one("double")).attributes["weir.step.attempt"]).toBe(3);
});

test("endOnExit: false leaves the step open; step.end in another process ends it", async () => {
  const recorder = record();
  const headers = inFlow(() => step.start("approve", { endOnExit: false }, () => inject({})));
  inContext(extract(headers, ROOT_CONTEXT), () => step.end());
  const opened = await recorder.one("approve");
  expect(opened.open).toBe(true);
  expect((await recorder.one("end")).attributes).toEqual({
    "weir.kind": "end",
    "weir.flow.id": "17",
    "weir.flow.name": "data_import",
    "weir.tenant": "acme-corp",
    "weir.step.id": opened.attributes["weir.step.id"],
    "weir.status": "succeeded",
  });
});

test("steps in a process called from a step hang under that step", async () => {
  const recorder = record();
  const headers = inFlow(() => step.start("call", () => inject({})));
  inContext(extract(headers, ROOT_CONTEXT), () => step.start("charge", () => {}));
  const call = await recorder.one("call");
  const charge = await recorder.one("charge");
  expect(charge.attributes["weir.step.parent_id"]).toBe(call.attributes["weir.step.id"]);
  expect(charge.parentSpanId).toBe(call.spanId);
});

test("keys that begin with weir. are refused with a diagnostic", async () => {
  const recorder = record();
  inFlow(() => step.start("forge", { attributes: { "weir.status": "failed", fine: 1 } }, () => {}));
  const { attributes } = await recorder.one("forge");
  expect(attributes["weir.status"]).toBeUndefined();
  expect(attributes["fine"]).toBe(1);
  expect(recorder.codes()).toEqual(["attribute-key"]);
});

test("attributes of any type are carried, or left out, and never throw", async () => {
  const recorder = record();
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  const attributes = {
    big: 2n ** 70n,
    huge: 1e300,
    nan: Number.NaN,
    mixed: [1, "a"],
    map: { a: { b: 1 } },
    cycle,
    fn: () => 1,
    symbol: Symbol("s"),
    none: null,
    missing: undefined,
    long: "x".repeat(100_000),
    "": 1,
  };
  inFlow(() => step.start("odd", { attributes }, () => {}));
  const kept = (await recorder.one("odd")).attributes;
  expect(kept).toMatchObject({
    big: "1180591620717411303424",
    huge: "1e+300",
    nan: "NaN",
    mixed: '[1,"a"]',
    map: '{"a":{"b":1}}',
    cycle: "(unprintable)",
  });
  expect(String(kept["long"])).toHaveLength(16 * 1024);
  for (const key of ["fn", "symbol", "none", "missing", ""]) expect(Object.keys(kept)).not.toContain(key);
});

test("an attempt that is no whole number from 1 is left out with a diagnostic", async () => {
  const recorder = record();
  inFlow(() => step.start("try", { attempt: 0 }, () => {}));
  expect((await recorder.one("try")).attributes["weir.step.attempt"]).toBeUndefined();
  expect(recorder.codes()).toEqual(["step-attempt"]);
});

test("a step without a name, or with strange options, still runs its function", async () => {
  const recorder = record();
  expect(inFlow(() => step.start("", () => 1))).toBe(1);
  expect(inFlow(() => step.start("null", null as unknown as undefined, () => 2))).toBe(2);
  const hostile = new Proxy({}, { get: () => JSON.parse("{") });
  expect(inFlow(() => step.start("hostile", hostile, () => 3))).toBe(3);
  expect(recorder.codes()).toEqual(["name-missing", "internal"]);
});

test("a queue step is open from its start until it is ended by its id", async () => {
  const recorder = record();
  const headers = inFlow(() =>
    step.start("enqueue", () => {
      openQueueStep({ name: "imports", stepId: "job-1", attempt: 2, attributes: { job: 1 } });
      return inject({});
    }),
  );
  endStepById("job-1", {}, extract(headers, ROOT_CONTEXT));
  const queued = await recorder.one("imports");
  expect(queued.attributes).toMatchObject({
    "weir.kind": "step",
    "weir.step.kind": "queue",
    "weir.step.id": "job-1",
    "weir.step.attempt": 2,
    "weir.open": true,
    "weir.step.parent_id": (await recorder.one("enqueue")).attributes["weir.step.id"],
    job: 1,
  });
  expect(queued.end).toBe(queued.start);
  expect((await recorder.one("end")).attributes).toMatchObject({
    "weir.step.id": "job-1",
    "weir.status": "succeeded",
  });
});

test("children never start before their parents, nor end after them", async () => {
  const recorder = record();
  inFlow(() => {
    for (let i = 0; i < 50; i++) step.start("outer", () => step.start("inner", () => {}));
  });
  const spans = await recorder.finished();
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  for (const span of spans) {
    const parent = byId.get(span.parentSpanId ?? "");
    expect(span.end).toBeGreaterThanOrEqual(span.start);
    if (parent === undefined) continue;
    expect(span.start).toBeGreaterThanOrEqual(parent.start);
    expect(span.end).toBeLessThanOrEqual(parent.end);
  }
});
