import { expect, test } from "vitest";
import { describeError, isAbort } from "../src/errors.ts";

test("an error's type is its name, or its class where the name says nothing", () => {
  class BadRow extends Error {}
  expect(describeError(new TypeError("x")).type).toBe("TypeError");
  expect(describeError(new BadRow("x")).type).toBe("BadRow");
  expect(describeError(Object.assign(new Error("x"), { name: "Custom" })).type).toBe("Custom");
});

test.each([
  ["boom", { type: "string", message: "boom" }],
  [undefined, { type: "undefined", message: "undefined" }],
  [null, { type: "null", message: "null" }],
  [42, { type: "number", message: "42" }],
  [Symbol("s"), { type: "symbol", message: "Symbol(s)" }],
  [{ code: 7 }, { type: "Object", message: '{"code":7}' }],
  [{ message: "odd" }, { type: "Object", message: "odd" }],
  [Object.create(null), { type: "Error", message: "{}" }],
])("%s can be thrown", (thrown, expected) => {
  expect(describeError(thrown)).toEqual({ ...expected, stack: "" });
});

test("causes are appended to the stack, cycles end", () => {
  const root = new Error("root");
  const top = new Error("top", { cause: new Error("middle", { cause: root }) });
  root.cause = top;
  const { stack } = describeError(top);
  expect(stack.match(/caused by: Error: (\w+)/g)).toEqual([
    "caused by: Error: middle",
    "caused by: Error: root",
  ]);
});

test("the errors of an AggregateError are told one by one", () => {
  const { stack } = describeError(new AggregateError([new Error("first"), "second"], "all failed"));
  expect(stack).toContain("one of: Error: first");
  expect(stack).toContain("one of: string: second");
});

test("getters that throw, frozen errors and proxies do no harm", () => {
  const hostile = new Proxy(new Error("x"), {
    get() {
      throw new Error("no");
    },
  });
  expect(describeError(hostile)).toEqual({ type: "Error", message: "(unprintable)", stack: "" });
  expect(describeError(Object.freeze(new Error("frozen"))).message).toBe("frozen");
});

test("messages and stacks are bounded", () => {
  const { message, stack } = describeError(new Error("m".repeat(1_000_000)));
  expect(message).toHaveLength(4096);
  expect(stack.length).toBeLessThanOrEqual(16 * 1024);
});

test("an abort is known by its name, whatever made it", () => {
  expect(isAbort(new DOMException("x", "AbortError"))).toBe(true);
  expect(isAbort(Object.assign(new Error("x"), { name: "AbortError" }))).toBe(true);
  expect(isAbort(new DOMException("x", "TimeoutError"))).toBe(false);
  expect(isAbort(undefined)).toBe(false);
});
