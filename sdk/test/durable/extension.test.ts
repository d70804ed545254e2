import { expect, test } from "vitest";
import { applyExtensions } from "../../src/durable/extension.ts";
import { createScope, derive, type Extension, provide } from "../../src/durable/index.ts";

/** Notes when it is entered and left. */
function noting(log: string[], name: string): Extension {
  const around = async <T>(next: () => Promise<T>, kind: string): Promise<T> => {
    log.push(`${name} > ${kind}`);
    try {
      return await next();
    } finally {
      log.push(`${name} < ${kind}`);
    }
  };
  return {
    name,
    resolve: (next, operation) => around(next, `resolve ${operation.name}`),
    flow: (next, { name, key, replay }) => around(next, `flow ${name} ${key} ${replay}`),
    step: (next, { key, flow, replay }) => around(next, `step ${key} of ${flow} ${replay}`),
    parallel: (next, { total, concurrency }) => around(next, `parallel ${total} ${concurrency}`),
  };
}

const FLOW = {
  name: "order",
  version: 1,
  input: 7,
  runId: "run-1",
  tenant: "acme-corp",
  attempt: 1,
  key: undefined,
  replay: false,
};
const STEP = { key: "charge", flow: "order", runId: "run-1", attempt: 1, replay: true };
const PARALLEL = { flow: "order", runId: "run-1", total: 3, concurrency: 2, settled: false };

test("the first extension is the outermost, around every kind", async () => {
  const log: string[] = [];
  const both = [noting(log, "outer"), noting(log, "inner")];
  const charge = () => applyExtensions(both, "step", STEP, () => void log.push("work"));
  await applyExtensions(both, "flow", FLOW, () => applyExtensions(both, "parallel", PARALLEL, charge));
  expect(log).toEqual([
    "outer > flow order undefined false",
    "inner > flow order undefined false",
    "outer > parallel 3 2",
    "inner > parallel 3 2",
    "outer > step charge of order true",
    "inner > step charge of order true",
    "work",
    "inner < step charge of order true",
    "outer < step charge of order true",
    "inner < parallel 3 2",
    "outer < parallel 3 2",
    "inner < flow order undefined false",
    "outer < flow order undefined false",
  ]);
});

test("one that does not wrap a kind is passed over; with none the work just runs", async () => {
  expect(await applyExtensions([{ name: "idle" }], "flow", FLOW, () => 1)).toBe(1);
  expect(await applyExtensions([], "flow", FLOW, async () => 2)).toBe(2);
});

test("an extension may replace the result, skip the work, try it again, or fail it", async () => {
  let calls = 0;
  const flaky = () => {
    if (++calls < 3) throw new Error(`call ${calls}`);
    return calls;
  };
  const again: Extension = {
    name: "again",
    async step(next) {
      for (;;) {
        try {
          return await next();
        } catch {
          // The next try.
        }
      }
    },
  };
  expect(await applyExtensions([again], "step", STEP, flaky)).toBe(3);
  const cached: Extension = { name: "cached", step: () => "kept" as never };
  expect(await applyExtensions([cached, again], "step", STEP, flaky)).toBe("kept");
  expect(calls).toBe(3);
  const broken: Extension = {
    name: "broken",
    step() {
      throw new Error("at once");
    },
  };
  await expect(applyExtensions([broken], "step", STEP, flaky)).rejects.toThrow("at once");
});

test("a method may use `this`", async () => {
  class Counter implements Extension {
    readonly name = "counter";
    count = 0;
    flow<T>(next: () => Promise<T>): Promise<T> {
      this.count++;
      return next();
    }
  }
  const counter = new Counter();
  await applyExtensions([counter], "flow", FLOW, () => 1);
  expect(counter.count).toBe(1);
});

test("a scope wraps each making of a value, dependencies inside none of their dependents", async () => {
  const log: string[] = [];
  const a = provide(() => void log.push("make a"), { name: "a" });
  const b = derive(a.reactive, () => void log.push("make b"), { name: "b" });
  const scope = createScope({ extensions: [noting(log, "outer"), noting(log, "inner")] });
  await scope.resolve(b);
  await scope.resolve(b);
  const wrapped = (name: string) => [
    `outer > resolve ${name}`,
    `inner > resolve ${name}`,
    `make ${name}`,
    `inner < resolve ${name}`,
    `outer < resolve ${name}`,
  ];
  expect(log).toEqual([...wrapped("a"), ...wrapped("b")]);
  log.length = 0;
  await scope.update(a, undefined);
  expect(log).toEqual(wrapped("b"));
});

test("an extension around resolve may put another value in place, and fail it", async () => {
  const a = provide(() => 1, { name: "a" });
  const seen: unknown[] = [];
  const swapping: Extension = {
    name: "swapping",
    async resolve(next, { executor, scope }) {
      seen.push(executor, scope);
      return typeof (await next()) === "number" ? (5 as never) : await next();
    },
  };
  const scope = createScope({ extensions: [swapping] });
  expect(await scope.resolve(a)).toBe(5);
  expect(seen).toEqual([a, scope]);
  const refusing: Extension = { name: "refusing", resolve: () => Promise.reject(new Error("not today")) };
  await expect(createScope({ extensions: [refusing] }).resolve(a)).rejects.toThrow("not today");
});
