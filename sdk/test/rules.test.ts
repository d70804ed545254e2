/** The rules of the contract that no other test here is named after. */
import { expect, test } from "vitest";
import { flow, flush, health, step } from "../src/index.ts";
import { record, thrownBy } from "./recorder.ts";

const IMPORT = { name: "data_import", tenant: "acme-corp" };

const frozen = Object.freeze(new TypeError("frozen"));
const cyclic = new Error("cyclic");
cyclic.cause = new Error("inner", { cause: cyclic });
class Picky extends Error {
  override get message(): string {
    throw new Error("not for you");
  }
  override get stack(): string {
    throw new Error("nor this");
  }
}

test.each<[string, unknown, string, string]>([
  ["a string", "boom", "string", "boom"],
  ["nothing", undefined, "undefined", "undefined"],
  ["null", null, "null", "null"],
  ["a number", 42, "number", "42"],
  ["a symbol", Symbol("s"), "symbol", "Symbol(s)"],
  ["an object", { code: 7 }, "Object", '{"code":7}'],
  ["a frozen error", frozen, "TypeError", "frozen"],
  ["an error with getters that throw", new Picky(), "Picky", "{}"],
  ["an AggregateError", new AggregateError([new Error("a"), "b"], "both"), "AggregateError", "both"],
  ["an error with a cycle of causes", cyclic, "Error", "cyclic"],
  ["a function", function oops() {}, "oops", "function oops() {}"],
])("%s: recorded by step and flow, and rethrown as the same object", async (_what, thrown, type, message) => {
  const recorder = record();
  const fail = (): never => {
    throw thrown;
  };
  const before = typeof thrown === "object" && thrown !== null ? Reflect.ownKeys(thrown) : [];
  const sync = thrownBy(() => flow.start({ ...IMPORT, name: "sync" }, () => step.start("sync step", fail)));
  expect(Object.is(sync, thrown)).toBe(true);
  const async = await flow
    .start({ ...IMPORT, name: "async" }, async () => step.start("async step", async () => fail()))
    .catch((error: unknown) => [error]);
  expect(Object.is((async as unknown[])[0], thrown)).toBe(true);
  if (typeof thrown === "object" && thrown !== null) expect(Reflect.ownKeys(thrown)).toEqual(before);

  const spans = await recorder.finished();
  expect(spans.map((span) => span.name)).toEqual(["sync step", "sync", "async step", "async"]);
  for (const span of spans) {
    expect(span.status).toBe("failed");
    expect(span.error).toMatchObject({ "exception.type": type, "exception.message": message });
  }
});

test("sync stays sync: a step ends before the next line runs, and no promise comes between", async () => {
  const recorder = record();
  const order: string[] = [];
  flow.start(IMPORT, () => {
    void Promise.resolve().then(() => order.push("microtask"));
    step.start("a", () => order.push("a"));
    order.push(`open: ${health().openSteps}`);
    step.start("b", () => order.push("b"));
  });
  order.push("after");
  await recorder.one("data_import");
  expect(order).toEqual(["a", "open: 0", "b", "after", "microtask"]);
});

test("a flow and its steps are visible while they run: announced open, and once", async () => {
  const recorder = record();
  const f = flow.open({ ...IMPORT, labels: { env: "test" } });
  const s = f.run(() => step.open("validate"));
  await flush();
  await flush();
  const seen = await recorder.spans();
  expect(seen.map((span) => [span.name, span.pending])).toEqual([
    ["data_import", true],
    ["validate", true],
  ]);
  expect(seen[0]?.attributes["weir.label.env"]).toBe("test");
  s.end();
  f.end();
  expect((await recorder.finished()).map((span) => span.name)).toEqual(["validate", "data_import"]);
});

test("a step that failed and was caught does not change what its flow returns, nor the flow's own span", async () => {
  const recorder = record();
  const result = flow.start(IMPORT, () => {
    thrownBy(() => step.start("fetch", () => JSON.parse("{")));
    return "went on";
  });
  expect(result).toBe("went on");
  expect(await recorder.one("fetch")).toMatchObject({ status: "failed" });
  // That the flow failed is for the collector to say: a later attempt may make good for it.
  expect((await recorder.one("data_import")).attributes["weir.status"]).toBeUndefined();
});

test("a later attempt of the same step is told as one: same name, same parent, the next number", async () => {
  const recorder = record();
  await flow.start(IMPORT, () =>
    step.start("sync", async () => {
      for (const attempt of [1, 2]) {
        await step
          .start("fetch", { attempt }, async () => attempt > 1 || Promise.reject(new Error("again")))
          .catch(() => {});
      }
    }),
  );
  const fetches = (await recorder.finished()).filter((span) => span.name === "fetch");
  expect(fetches.map((span) => [span.attributes["weir.step.attempt"] ?? 1, span.status])).toEqual([
    [1, "failed"],
    [2, "succeeded"],
  ]);
  expect(new Set(fetches.map((span) => span.attributes["weir.step.parent_id"])).size).toBe(1);
});

test("optional: true is said with the step, whether it fails or not", async () => {
  const recorder = record();
  flow.start(IMPORT, () => {
    thrownBy(() => step.start("warm up", { optional: true }, () => JSON.parse("{")));
    step.start("needed", { optional: false }, () => {});
  });
  expect((await recorder.one("warm up")).attributes["weir.step.optional"]).toBe(true);
  expect((await recorder.one("needed")).attributes).not.toHaveProperty("weir.step.optional");
});

test("an AbortError anywhere gives cancelled, for the step and the flow; a TimeoutError is a failure", async () => {
  const recorder = record();
  const stop = new AbortController();
  const running = flow.start({ ...IMPORT, name: "aborted" }, () =>
    step.start(
      "wait",
      () =>
        new Promise((_, reject) => stop.signal.addEventListener("abort", () => reject(stop.signal.reason))),
    ),
  );
  stop.abort();
  await expect(running).rejects.toBe(stop.signal.reason);
  await expect(
    flow.start({ ...IMPORT, name: "late" }, () =>
      Promise.reject(new DOMException("too slow", "TimeoutError")),
    ),
  ).rejects.toThrow("too slow");
  expect(await recorder.one("wait")).toMatchObject({ status: "cancelled", error: undefined });
  expect(await recorder.one("aborted")).toMatchObject({ status: "cancelled", error: undefined });
  expect(await recorder.one("late")).toMatchObject({ status: "failed" });
});

test("labels are coerced to text, whatever they are set by", async () => {
  const recorder = record();
  flow.start({ ...IMPORT, labels: { n: -0.5, yes: true, big: 10n as unknown as number, empty: "" } }, (f) => {
    f.setLabel("n", Number.NaN);
    expect({ ...f.labels }).toEqual({ n: "NaN", yes: "true", big: "10", empty: "" });
  });
  expect(recorder.codes()).toEqual([]);
});

test("wrap keeps this, arguments, name and length, for methods, async functions and constructors' prototypes", async () => {
  record();
  class Importer {
    rows = 2;
    async load(times: number, _unused?: string): Promise<number> {
      return this.rows * times;
    }
  }
  const { load } = Importer.prototype;
  for (const wrapped of [
    flow.wrap(IMPORT, load),
    step.wrap("load", load),
    step.wrap("load", { attempt: 2 }, load),
  ]) {
    Importer.prototype.load = wrapped;
    expect(wrapped.name).toBe("load");
    expect(wrapped.length).toBe(load.length);
    expect(await new Importer().load(3)).toBe(6);
  }
  Importer.prototype.load = load;
});

test("await using on flow and step: ended in order, as failed where the block's own work threw in run", async () => {
  const recorder = record();
  await expect(
    (async () => {
      await using f = flow.open(IMPORT);
      await f.run(async () => {
        await using s = step.open("upload");
        await s.run(async () => {
          throw new RangeError("disk full");
        });
      });
    })(),
  ).rejects.toThrow(RangeError);
  expect((await recorder.finished()).map((span) => [span.name, span.status])).toEqual([
    ["upload", "failed"],
    ["data_import", "failed"],
  ]);
});

test("a step that outlives its flow is told to the end, in that flow", async () => {
  const recorder = record();
  let late: Promise<unknown> = Promise.resolve();
  flow.start({ ...IMPORT, id: "17" }, () => {
    late = step.start("late", () => new Promise((done) => setImmediate(done)));
  });
  await late;
  expect((await recorder.one("late")).attributes["weir.flow.id"]).toBe("17");
  expect(health()).toMatchObject({ openFlows: 0, openSteps: 0 });
});

test("loss is counted in health() and said once, whatever the number", async () => {
  const recorder = record({}, { queue: { bound: 10 } });
  for (let i = 0; i < 100; i++) flow.start(IMPORT, () => {});
  expect(health()).toMatchObject({ queued: 10, dropped: 90 });
  expect(recorder.codes()).toEqual(["spans-dropped"]);
  expect(await recorder.finished()).toHaveLength(10);
});
